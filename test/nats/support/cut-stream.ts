import { readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

const recordHeaderBytes = 22;
/** Set in a record's length when the message has headers. */
const headersBit = 0x8000_0000;

/**
 * Cuts everything behind a sequence off a stream's files, as a loss of power does to what was acknowledged
 * and not synced. The server must not run; it makes its indexes anew.
 */
export function cutStream(storeDirectory: string, stream: string, lastSequence: number): void {
  const directory = join(storeDirectory, 'jetstream', '$G', 'streams', stream, 'msgs');
  const names = readdirSync(directory);
  for (const name of names.filter((each) => /\.(idx|fss)$/.test(each))) rmSync(join(directory, name));
  const blocks = names.filter((name) => name.endsWith('.blk'));
  if (blocks.length === 0) throw new Error(`no blocks in ${directory}`);
  for (const block of blocks) {
    const path = join(directory, block);
    truncateSync(path, lengthUpTo(readFileSync(path), lastSequence));
  }
}

function lengthUpTo(bytes: Buffer, lastSequence: number): number {
  let at = 0;
  while (at + recordHeaderBytes <= bytes.length) {
    const length = (bytes.readUInt32LE(at) & ~headersBit) >>> 0;
    const sequence = Number(bytes.readBigUInt64LE(at + 4));
    if (sequence > lastSequence) return at;
    at += length;
  }
  return at;
}
