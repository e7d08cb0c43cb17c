import { close, fdatasync, read, write } from 'node:fs';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { headerOffset, isWholeSegment, sealMark, segmentBytes } from '../../core/journal/segment-layout.js';

const closeAsync = promisify(close);
const syncAsync = promisify(fdatasync);
const readAsync = promisify(read);
const writeAsync = promisify(write);

/**
 * A slice takes this thread some 0.08 ms and the whole segment 1.3 ms (measured); in between the event loop
 * runs, and reading, writing and syncing are done by libuv's threads.
 */
const sliceBytes = 256 * 1024;

/** Adds part of a segment, which stands at `position` in it, to its checksum; the seal itself is left out. */
export function addToChecksum(checksum: number, part: Uint8Array, position: number): number {
  const sealStart = headerOffset.checksum - position;
  const sealEnd = headerOffset.sealed + 4 - position;
  if (sealStart < 0) return crc32(part, checksum);
  return crc32(part.subarray(sealEnd), crc32(part.subarray(0, sealStart), checksum));
}

/** The checksum of a segment's file, read in slices: undefined when the file is shorter than a segment. */
export async function checksumOf(descriptor: number): Promise<number | undefined> {
  const slice = Buffer.allocUnsafe(sliceBytes);
  let checksum = 0;
  for (let position = 0; position < segmentBytes; ) {
    const wanted = Math.min(sliceBytes, segmentBytes - position);
    const { bytesRead } = await readAsync(descriptor, slice, 0, wanted, position);
    checksum = addToChecksum(checksum, slice.subarray(0, bytesRead), position);
    position += bytesRead;
    if (bytesRead < wanted) return isWholeSegment(position) ? checksum : undefined;
  }
  return checksum;
}

/**
 * Seals segments that nobody writes to any more, one after the other and without holding anybody up. The mark
 * is written last: a crash in between leaves a segment unsealed, which is what it was before.
 */
export class SegmentSealer {
  private running: Promise<void> = Promise.resolve();
  private failure: unknown;

  /** Takes the descriptor over and closes it when it is done. */
  seal(descriptor: number): void {
    this.running = this.running.then(() => this.sealNow(descriptor));
  }

  /** Resolves when all that was handed in is sealed, or could not be. */
  finish(): Promise<void> {
    return this.running;
  }

  /** Throws, once, what kept a segment from being sealed. */
  throwFailure(): void {
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
  }

  private async sealNow(descriptor: number): Promise<void> {
    try {
      // The records reach the disk before the word that they are right.
      await syncAsync(descriptor);
      const checksum = await checksumOf(descriptor);
      if (checksum === undefined) return;
      await writeWord(descriptor, checksum, headerOffset.checksum);
      await writeWord(descriptor, sealMark, headerOffset.sealed);
      await syncAsync(descriptor);
    } catch (error) {
      this.failure = error;
    } finally {
      await closeAsync(descriptor).catch(() => {});
    }
  }
}

async function writeWord(descriptor: number, value: number, position: number): Promise<void> {
  const word = Buffer.alloc(4);
  word.writeUInt32LE(value >>> 0);
  await writeAsync(descriptor, word, 0, 4, position);
}
