import type { StreamEnds, StreamMessage, StreamPort } from '../ports/stream.js';
import type { StoreCursor } from '../publishing/checkpoint.js';
import type { PipelineStart } from './pipeline.js';
import { gapAt, readBehind, type StoredRange } from './stored-events.js';
import { fenced, isOwn, versionsOf, type Writer } from './stored-versions.js';

export interface StartParts {
  readonly port: StreamPort;
  readonly writer: Writer;
  /** What is in the stream may be somebody else's. */
  readonly adopt: boolean;
}

/**
 * Where publishing begins in a stream, given where it was left. Undefined: the stream has gone backwards
 * since then; with `isLast` publishing begins at its end all the same, and passes over what the stream has.
 * Throws DEPUTY_E_STREAM_FENCED, DEPUTY_E_STREAM_GAP.
 */
export async function pipelineStart(
  { port, writer, adopt }: StartParts,
  ends: StreamEnds,
  cursor: StoreCursor | undefined,
  isLast: boolean,
): Promise<PipelineStart | undefined> {
  const { created, lastSequence: sequence } = ends;
  const isOfStream = cursor !== undefined && cursor.stream === port.stream;
  if (isOfStream && (await bearsOut(port, ends, cursor))) {
    return { created, sequence: cursor.sequence, id: cursor.id, stored: new Map(), adopt };
  }
  if (isOfStream && !isLast) return undefined;
  const end = sequence === 0 ? undefined : await port.messageAt(sequence);
  if (end !== undefined && !adopt && !isOwn(end, writer)) throw fenced(port.stream, end, writer);
  const last = await lastMessages(port);
  if (!adopt) assertUnmixed(port.stream, last, writer);
  const stored = await storedOf(port, last, ends, writer);
  return { created, sequence, id: end?.id || undefined, stored, adopt };
}

/**
 * What a stream has, given the last message of each subject. Where somebody else wrote, more than its last
 * events may be missing, and all of it is read: that is seldom.
 */
async function storedOf(
  port: StreamPort,
  last: readonly StreamMessage[],
  { firstSequence }: StreamEnds,
  writer: Writer,
): Promise<Map<string, StoredRange>> {
  const stored = new Map<string, StoredRange>();
  for (const [streamId, version] of versionsOf(last)) stored.set(streamId, { first: 1, last: version });
  if (firstSequence > 1 || last.every((message) => isOwn(message, writer))) return stored;
  const { ranges, missing } = await readBehind(port.messagesFrom(1), writer, () => true);
  if (missing !== undefined) throw gapAt(port.stream, missing);
  for (const [streamId, range] of ranges) stored.set(streamId, range);
  return stored;
}

async function lastMessages(port: StreamPort): Promise<StreamMessage[]> {
  const messages: StreamMessage[] = [];
  for await (const message of port.lastMessages()) messages.push(message);
  return messages;
}

/**
 * A stream that was adopted begins with messages of an earlier writer. One between our own was written while
 * we did, and what was on its way then may have gaps: a fence that is not forgotten with its process.
 */
function assertUnmixed(stream: string, messages: readonly StreamMessage[], own: Writer): void {
  const isOurs = ({ writer }: StreamMessage): boolean => writer === own.id;
  const first = messages.findIndex(isOurs);
  const stranger = first < 0 ? undefined : messages.slice(first).find((message) => !isOurs(message));
  if (stranger !== undefined) throw fenced(stream, stranger, own);
}

/** Has the stream all that it had? Its age may have taken the message at the cursor, and a purge may. */
async function bearsOut(
  port: StreamPort,
  ends: StreamEnds,
  { sequence, created, id }: StoreCursor,
): Promise<boolean> {
  if (ends.created !== created || ends.lastSequence < sequence) return false;
  const message = sequence === 0 ? undefined : await port.messageAt(sequence);
  return message === undefined || id === undefined || message.id === id;
}
