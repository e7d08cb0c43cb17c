import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Checkpoint } from '../../core/publishing/checkpoint.js';
import { checkpointSchema } from '../../core/publishing/checkpoint-schema.js';
import { checkpointPath } from './checkpoint.js';

/** The last checkpoint; undefined when there is none that can be read: the journal tells the same. */
export function readCheckpoint(journalDirectory: string): Checkpoint | undefined {
  return readOne(checkpointPath(journalDirectory));
}

/** The last checkpoint and the old ones that are kept, the newest first. */
export function readCheckpoints(journalDirectory: string): readonly Checkpoint[] {
  const last = readCheckpoint(journalDirectory);
  const old = readdirSync(journalDirectory)
    .filter((name) => /^checkpoint-\d+\.json$/.test(name))
    .flatMap((name) => readOne(join(journalDirectory, name)) ?? [])
    .sort((one, other) => other.position - one.position);
  return last === undefined ? old : [last, ...old.filter(({ position }) => position < last.position)];
}

function readOne(path: string): Checkpoint | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    const parsed = checkpointSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
