import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { countsSchema } from '../../core/events/vocabulary.js';
import type { DelegationStateName } from '../../core/machines/delegation.js';
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

const checkpointSchema = z.object({
  format: z.literal(1),
  position: z.number().int().min(0),
  streams: z.array(
    z.object({
      delegationId: z.string(),
      version: z.number().int().min(0),
      tenant: z.string(),
      state: z.string().transform((state) => state as DelegationStateName),
      counts: countsSchema,
    }),
  ),
  listeners: z.array(
    z.object({
      key: z.number().int(),
      delegationId: z.string(),
      tenant: z.string(),
      record: z.enum(['each', 'failures', 'summary']),
    }),
  ),
});

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
