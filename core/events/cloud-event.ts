import { subjectToken } from './subject.js';

/** Names of the headers, as they are written: consumers look them up in this case. */
export const headerName = {
  specVersion: 'ce-specversion',
  id: 'ce-id',
  source: 'ce-source',
  type: 'ce-type',
  time: 'ce-time',
  contentType: 'content-type',
  epoch: 'deputy-epoch',
  writer: 'deputy-writer',
  messageId: 'Nats-Msg-Id',
  expectedSequence: 'Nats-Expected-Last-Sequence',
  expectedMessageId: 'Nats-Expected-Last-Msg-Id',
} as const;

const unsafe = /[^\x21\x23\x24\x26-\x7e]/gu;

/** A header's value as CloudEvents wants it: printable ASCII, all else percent-encoded as UTF-8. */
export function headerValue(text: string): string {
  return text.replace(/\p{Cs}/gu, '\ufffd').replace(unsafe, encodeURIComponent);
}

/** The text that `headerValue` was made of; a value that it did not make stays as it is. */
export function headerText(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** Where events of a node come from: the source of CloudEvents. */
export function eventSource(node: string): string {
  return `/deputy/${subjectToken(node)}`;
}

/** Headers that all events of one writer have, in NATS's own form. */
export function writerHeaders(node: string, writer: string, epoch: number): string {
  return [
    'NATS/1.0',
    `${headerName.specVersion}: 1.0`,
    `${headerName.source}: ${eventSource(node)}`,
    `${headerName.contentType}: application/json`,
    `${headerName.epoch}: ${epoch}`,
    `${headerName.writer}: ${writer}`,
    '',
  ].join('\r\n');
}

/** Headers of one event, behind those of its writer; `value`: its id as `headerValue` gives it. */
export function eventHeaders(value: string, type: string, time: string): string {
  const own = `${headerName.id}: ${value}\r\n${headerName.type}: ${type}\r\n${headerName.time}: ${time}`;
  return `${own}\r\n${headerName.messageId}: ${value}\r\n`;
}

/**
 * The last headers and the end: at which sequence the stream has to be, and, where that is said too, which
 * message has to be its last one.
 */
export function expectedEnd(sequence: number, messageId?: string): string {
  const behind = messageId === undefined ? '' : `${headerName.expectedMessageId}: ${messageId}\r\n`;
  return `${behind}${headerName.expectedSequence}: ${sequence}\r\n\r\n`;
}
