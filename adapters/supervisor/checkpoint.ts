import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Checkpoint, checkpointSchema } from '../../core/publishing/checkpoint.js';

function pathIn(journalDirectory: string): string {
  return join(journalDirectory, 'checkpoint.json');
}

/** The last checkpoint; undefined when there is none that can be read: the journal tells the same. */
export function readCheckpoint(journalDirectory: string): Checkpoint | undefined {
  try {
    const parsed = checkpointSchema.safeParse(JSON.parse(readFileSync(pathIn(journalDirectory), 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** Replaces the checkpoint at once: whoever reads it finds the old one or the new one. */
export async function writeCheckpoint(journalDirectory: string, checkpoint: Checkpoint): Promise<void> {
  const path = pathIn(journalDirectory);
  await writeFile(`${path}.new`, JSON.stringify(checkpoint), { mode: 0o600 });
  await rename(`${path}.new`, path);
}
