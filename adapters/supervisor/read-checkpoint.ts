import { readFileSync } from 'node:fs';
import type { Checkpoint } from '../../core/publishing/checkpoint.js';
import { checkpointSchema } from '../../core/publishing/checkpoint-schema.js';
import { checkpointPath } from './checkpoint.js';

/** The last checkpoint; undefined when there is none that can be read: the journal tells the same. */
export function readCheckpoint(journalDirectory: string): Checkpoint | undefined {
  try {
    const text = readFileSync(checkpointPath(journalDirectory), 'utf8');
    const parsed = checkpointSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
