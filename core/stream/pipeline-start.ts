import type { StreamEnds, StreamPort } from '../ports/stream.js';
import type { StoreCursor } from '../publishing/checkpoint.js';
import type { PipelineStart } from './pipeline.js';
import { gapAt, readBehind, type StoredRange } from './stored-events.js';
import { fenced, isOwn, takeVersion, type Writer } from './stored-versions.js';

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
  const stored = await storedOf({ port, writer, adopt }, ends);
  return { created, sequence, id: end?.id || undefined, stored, adopt };
}

/**
 * What a stream has, by the last message of each subject. Where somebody else wrote, what was on its way then
 * may have a gap, which must not be forgotten with the process: all of the stream is read then, which is
 * seldom. Of the messages nothing is kept but a range for each delegation.
 */
async function storedOf(
  { port, writer, adopt }: StartParts,
  { firstSequence }: StreamEnds,
): Promise<ReadonlyMap<string, StoredRange>> {
  const versions = new Map<string, number>();
  let isMixed = false;
  let hasOurs = false;
  for await (const message of port.lastMessages()) {
    takeVersion(versions, message);
    const isStranger = !isOwn(message, writer);
    // Its beginning went by age, and with it what could tell whether anything is missing.
    if (isStranger && hasOurs && !adopt && firstSequence > 1) throw fenced(port.stream, message, writer);
    isMixed ||= isStranger;
    hasOurs ||= message.writer === writer.id;
  }
  const stored = new Map<string, StoredRange>();
  for (const [streamId, last] of versions) stored.set(streamId, { first: 1, last });
  if (!isMixed || firstSequence > 1) return stored;
  const whole = { counts: () => true, isWhole: true };
  const { ranges, missing } = await readBehind(port.messagesFrom(1), writer, whole);
  if (missing !== undefined) throw gapAt(port.stream, missing);
  return ranges;
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
