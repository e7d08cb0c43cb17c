import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checkpoint } from '../../core/publishing/checkpoint.js';

/** The checkpoint's file. */
export function checkpointPath(journalDirectory: string): string {
  return join(journalDirectory, 'checkpoint.json');
}

/** Replaces the checkpoint at once: whoever reads it finds the old one or the new one. */
export async function writeCheckpoint(journalDirectory: string, checkpoint: Checkpoint): Promise<void> {
  const path = checkpointPath(journalDirectory);
  await writeFile(`${path}.new`, JSON.stringify(checkpoint), { mode: 0o600 });
  await rename(`${path}.new`, path);
}
