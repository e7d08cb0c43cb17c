import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { countsSchema } from '../../core/events/vocabulary.js';
import type { DelegationStateName } from '../../core/machines/delegation.js';
import { type Checkpoint, checkpointPath } from './checkpoint.js';

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

/** The last checkpoint; undefined when there is none that can be read: the journal tells the same. */
export function readCheckpoint(journalDirectory: string): Checkpoint | undefined {
  try {
    const parsed = checkpointSchema.safeParse(
      JSON.parse(readFileSync(checkpointPath(journalDirectory), 'utf8')),
    );
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
