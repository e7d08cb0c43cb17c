import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { type DeputyError, deputyError } from '../../core/errors/deputy-error.js';
import { headerOffset, sealMark } from '../../core/journal/segment-layout.js';
import { segmentsIn } from './last-segment.js';
import { segmentName } from './segment-file.js';
import { checksumOf } from './segment-sealer.js';

/**
 * Compares the checksums of the sealed segments before `end`, one after the other and in the background:
 * a journal that rotted is said at the next start, and not first when somebody needs it.
 */
export async function checkSealed(
  directory: string,
  end: number,
  onDamage: (error: DeputyError) => void,
): Promise<void> {
  for (const segment of segmentsIn(directory)) {
    if (segment >= end) return;
    const path = join(directory, segmentName(segment));
    if ((await isAsSealed(path)) !== false) continue;
    const offset = headerOffset.checksum;
    onDamage(deputyError('DEPUTY_E_JOURNAL_CORRUPT', { path, offset, detail: checksumDiffers }));
  }
}

export const checksumDiffers = 'the checksum of the sealed segment does not match';

/** Undefined when it isn't sealed, or is gone meanwhile. */
async function isAsSealed(path: string): Promise<boolean | undefined> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const words = Buffer.alloc(8);
    await file.read(words, 0, 8, headerOffset.checksum);
    if (words.readUInt32LE(4) !== sealMark) return undefined;
    const checksum = await checksumOf(file.fd);
    // A file that is too short has been told of when it was opened.
    return checksum === undefined ? undefined : checksum === words.readUInt32LE(0);
  } catch {
    return undefined;
  } finally {
    await file.close();
  }
}
