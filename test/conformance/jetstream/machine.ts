import { eventHeaders, expectedEnd, writerHeaders } from '../../../core/events/cloud-event.js';
import type { PublishReply, StreamEnds, StreamMessage } from '../../../core/ports/stream.js';
import type { StreamCase } from './cases.js';

/** A stream that a case's lines are done to. */
export interface StreamMachine {
  publish(subject: string, headers: string, payload: Uint8Array): Promise<PublishReply>;
  ends(): Promise<StreamEnds>;
  at(sequence: number): Promise<StreamMessage | undefined>;
  from(sequence: number): Promise<readonly StreamMessage[]>;
  last(): Promise<readonly StreamMessage[]>;
  /** A code of the server's; undefined: it is done. */
  purge(): Promise<number | undefined>;
  size(): Promise<number>;
  delete(sequence: number): Promise<number | undefined>;
  wait(ms: number): Promise<void>;
  restart(): Promise<void>;
  cut(sequence: number): Promise<void>;
  grow(messages: number): Promise<void>;
  /** Makes the stream's consumer. */
  consume(acknowledgeWithinMs: number, unacknowledged: number): Promise<void>;
  /** What the consumer is given now. */
  next(): Promise<{ readonly id: string; readonly attempt: number } | undefined>;
  ack(sequence: number): Promise<void>;
  nak(sequence: number, afterMs: number): Promise<void>;
  term(sequence: number): Promise<void>;
  close(): Promise<void>;
}

/** What one line gave, and what the case says that it gives. */
export interface Line {
  readonly text: string;
  readonly said: string;
  readonly result: string;
}

const common = writerHeaders('node', 'model', 7);

/** Does a case's lines to a machine. `isNew`: the server, or the model, is of 2.12 or later. */
export async function runCase(
  { name, script }: StreamCase,
  machine: StreamMachine,
  isNew: boolean,
): Promise<Line[]> {
  const lines: Line[] = [];
  for (const line of script.trim().split('\n')) {
    const [text = '', outcome = ''] = line.trim().split(' => ');
    const [old = '', later = old] = outcome.split(' @new ');
    const result = await perform(text.split(' '), machine, name).catch((error: unknown) => `FAILED ${error}`);
    lines.push({ text, said: isNew ? later : old, result });
  }
  return lines;
}

async function perform(words: readonly string[], machine: StreamMachine, name: string): Promise<string> {
  const [verb = '', argument = ''] = words;
  const number = Number(argument);
  switch (verb) {
    case 'publish':
      return replyText(await publish(argument, words, machine, name));
    case 'ends': {
      const { firstSequence, lastSequence } = await machine.ends();
      return `${firstSequence}..${lastSequence}`;
    }
    case 'at': {
      const message = await machine.at(number);
      return message === undefined ? 'none' : `${message.id} of ${message.writer}, epoch ${message.epoch}`;
    }
    case 'from':
      return idsText(await machine.from(number));
    case 'last':
      return idsText(await machine.last());
    case 'size':
      return `${await machine.size()}`;
    case 'purge':
      return codeText(await machine.purge());
    case 'delete':
      return codeText(await machine.delete(number));
    case 'consume':
      await machine.consume(number, Number(words[2] ?? 256));
      return 'done';
    case 'next': {
      const message = await machine.next();
      return message === undefined ? 'none' : `${message.id} for the ${message.attempt}. time`;
    }
    case 'nak':
      await machine.nak(number, Number(words[2] ?? 0));
      return 'done';
    case 'ack':
    case 'term':
    case 'wait':
    case 'restart':
    case 'cut':
    case 'grow':
      await machine[verb](number);
      return 'done';
    default:
      throw new Error(`no such verb: ${verb}`);
  }
}

function publish(id: string, words: readonly string[], machine: StreamMachine, name: string) {
  const option = (key: string): string | undefined =>
    words.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1);
  const type = option('type') ?? 'request.answered';
  const expected = option('expect');
  const end = expected === undefined ? '\r\n' : expectedEnd(Number(expected), option('behind'));
  const headers = common + eventHeaders(id, type, '2026-01-01T00:00:00.000Z') + end;
  const subject = `deputy.v1.${name}.blue.one.${type}`;
  return machine.publish(subject, headers, new Uint8Array(Number(option('bytes') ?? 20)));
}

function replyText(reply: PublishReply): string {
  if (reply.kind === 'nobody') return 'nobody';
  if (reply.kind === 'refused') return `refused ${reply.code}`;
  return `stored ${reply.sequence}${reply.wasDuplicate ? ' already' : ''}`;
}

function idsText(messages: readonly StreamMessage[]): string {
  return messages.map(({ id }) => id).join(' ') || 'nothing';
}

function codeText(code: number | undefined): string {
  return code === undefined ? 'done' : `refused ${code}`;
}
