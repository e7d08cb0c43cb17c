import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checkpoint } from '../../core/publishing/checkpoint.js';

/** The checkpoint's file, or that of an old one. */
export function checkpointPath(journalDirectory: string, old?: number): string {
  return join(journalDirectory, old === undefined ? 'checkpoint.json' : `checkpoint-${old}.json`);
}

/** Replaces the checkpoint at once: whoever reads it finds the old one or the new one. */
export async function writeCheckpoint(
  journalDirectory: string,
  checkpoint: Checkpoint,
  old?: number,
): Promise<void> {
  const path = checkpointPath(journalDirectory, old);
  await writeFile(`${path}.new`, JSON.stringify(checkpoint), { mode: 0o600 });
  await rename(`${path}.new`, path);
}
