import type { JsMsg, MsgHdrs, NatsConnection } from 'nats';
import { deputyError } from '../../core/errors/deputy-error.js';
import { headerName, headerText } from '../../core/events/cloud-event.js';
import { readMessages } from './read-messages.js';

/** Who writes a stream: the state directory that its journal is in, and the journal's epoch. */
export interface Writer {
  readonly id: string;
  readonly epoch: number;
}

/** Which delegation's event a message is, and its number there; undefined for one that isn't of deputy. */
export function eventOfMessage(
  headers: MsgHdrs | undefined,
): { streamId: string; version: number } | undefined {
  const id = headerText(headers?.get(headerName.messageId) ?? '');
  const at = id.lastIndexOf('/');
  const version = Number(id.slice(at + 1));
  return at > 0 && Number.isSafeInteger(version) ? { streamId: id.slice(0, at), version } : undefined;
}

/** Throws DEPUTY_E_STREAM_FENCED when a message is of another writer, or of a later epoch of this one. */
export function assertOwn(stream: string, sequence: number, headers: MsgHdrs | undefined, own: Writer): void {
  const writer = headers?.get(headerName.writer) || 'unknown';
  const epoch = Number(headers?.get(headerName.epoch) || 0);
  if (writer === own.id && epoch <= own.epoch) return;
  const here = `this is writer ${own.id}, epoch ${own.epoch}`;
  const detail = `message ${sequence} is of writer ${writer}, epoch ${epoch}; ${here}`;
  throw deputyError('DEPUTY_E_STREAM_FENCED', { stream, detail });
}

/** Each delegation's last version among the messages from a sequence on, all of which must be ours. */
export async function versionsFrom(
  connection: NatsConnection,
  stream: string,
  from: number,
  own: Writer | undefined,
): Promise<Map<string, number>> {
  const versions = new Map<string, number>();
  for await (const message of readMessages(connection, { stream, from, headersOnly: true })) {
    if (own !== undefined) assertOwn(stream, message.seq, message.headers, own);
    take(versions, message);
  }
  return versions;
}

/** Each delegation's last version in the whole stream: a message for each of its types is enough. */
export async function allVersions(connection: NatsConnection, stream: string): Promise<Map<string, number>> {
  const versions = new Map<string, number>();
  const options = { stream, from: 1, headersOnly: true, lastPerSubject: true } as const;
  for await (const message of readMessages(connection, options)) take(versions, message);
  return versions;
}

function take(versions: Map<string, number>, message: JsMsg): void {
  const event = eventOfMessage(message.headers);
  if (event === undefined) return;
  versions.set(event.streamId, Math.max(event.version, versions.get(event.streamId) ?? 0));
}
