import { type DeputyError, deputyError } from '../errors/deputy-error.js';
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

/** Was it written by this writer, in this epoch or before? */
export function isOwn({ writer, epoch }: StreamMessage, own: Writer): boolean {
  return writer === own.id && epoch <= own.epoch;
}

/** A message in our stream that is of another writer, or of a later epoch of this one. */
export function fenced(
  stream: string,
  { sequence, writer, epoch }: StreamMessage,
  own: Writer,
  missing?: string,
): DeputyError {
  const here = `this is writer ${own.id}, epoch ${own.epoch}`;
  const lost = missing === undefined ? '' : `; ${missing} is missing, and later ones are there`;
  const detail = `message ${sequence} is of writer ${writer || 'unknown'}, epoch ${epoch}; ${here}${lost}`;
  return deputyError('DEPUTY_E_STREAM_FENCED', { stream, detail });
}

/** Each delegation's last version in the whole stream: a message for each of its types is enough. */
export async function allVersions(port: StreamPort): Promise<Map<string, number>> {
  const versions = new Map<string, number>();
  for await (const message of port.lastMessages()) takeVersion(versions, message);
  return versions;
}

/** Notes the event of a message, if it is the last one of its delegation so far. */
export function takeVersion(versions: Map<string, number>, { id }: StreamMessage): void {
  const event = eventOfId(id);
  if (event === undefined) return;
  versions.set(event.streamId, Math.max(event.version, versions.get(event.streamId) ?? 0));
}
