import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ListenerIdentity } from './listener-identity.js';
import type { StoredStream } from './open-streams.js';

/**
 * What the publisher knew when it had published all before `position`: where a successor starts to read the
 * journal, instead of at its beginning. What was published behind it is published again, and the store takes
 * it for the resend that it is.
 */
export interface Checkpoint {
  readonly format: 1;
  /** The first ticket that is not in it. */
  readonly position: number;
  readonly streams: readonly StoredStream[];
  readonly listeners: readonly ListenerIdentity[];
}

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
