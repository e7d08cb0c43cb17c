import { deputyError } from '../errors/deputy-error.js';
import type { StreamMessage, StreamPort } from '../ports/stream.js';

/** Who writes a stream: the state directory that its journal is in, and the journal's epoch. */
export interface Writer {
  readonly id: string;
  readonly epoch: number;
}

/** Which delegation's event an id is of, and its number there; undefined for one that isn't of deputy. */
export function eventOfId(id: string): { streamId: string; version: number } | undefined {
  const at = id.lastIndexOf('/');
  const version = Number(id.slice(at + 1));
  return at > 0 && Number.isSafeInteger(version) ? { streamId: id.slice(0, at), version } : undefined;
}

/** Throws DEPUTY_E_STREAM_FENCED when a message is of another writer, or of a later epoch of this one. */
export function assertOwn(stream: string, { sequence, writer, epoch }: StreamMessage, own: Writer): void {
  if (writer === own.id && epoch <= own.epoch) return;
  const here = `this is writer ${own.id}, epoch ${own.epoch}`;
  const detail = `message ${sequence} is of writer ${writer || 'unknown'}, epoch ${epoch}; ${here}`;
  throw deputyError('DEPUTY_E_STREAM_FENCED', { stream, detail });
}

/** Each delegation's last version among the messages from a sequence on, all of which must be ours. */
export async function versionsFrom(
  port: StreamPort,
  from: number,
  own: Writer,
): Promise<Map<string, number>> {
  const versions = new Map<string, number>();
  for await (const message of port.messagesFrom(from)) {
    assertOwn(port.stream, message, own);
    take(versions, message);
  }
  return versions;
}

/** Each delegation's last version in the whole stream: a message for each of its types is enough. */
export async function allVersions(port: StreamPort): Promise<Map<string, number>> {
  const versions = new Map<string, number>();
  for await (const message of port.lastMessages()) take(versions, message);
  return versions;
}

/** Each delegation's last version among these messages. */
export function versionsOf(messages: readonly StreamMessage[]): Map<string, number> {
  const versions = new Map<string, number>();
  for (const message of messages) take(versions, message);
  return versions;
}

function take(versions: Map<string, number>, { id }: StreamMessage): void {
  const event = eventOfId(id);
  if (event === undefined) return;
  versions.set(event.streamId, Math.max(event.version, versions.get(event.streamId) ?? 0));
}
