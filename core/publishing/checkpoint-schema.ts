import { z } from 'zod';
import { degradationReasonSchema } from '../events/lifecycle-data.js';
import { countsSchema } from '../events/vocabulary.js';
import type { DelegationStateName } from '../machines/delegation-life.js';

/** A checkpoint as it is read from its file. */
export const checkpointSchema = z.object({
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
  last: z.object({ streamId: z.string(), version: z.number().int().min(1) }).optional(),
  summaries: z
    .array(
      z.object({
        delegationId: z.string(),
        tenant: z.string(),
        second: z.number(),
        requests: countsSchema,
        latencies: z.array(z.number()),
      }),
    )
    .optional(),
  uses: z
    .array(
      z.object({
        delegationId: z.string(),
        named: z.number(),
        opened: z.number(),
        firstCallAtUs: z.number(),
        lastCallAtUs: z.number(),
        namedSinceUs: z.number().optional(),
        lastNamedAtUs: z.number().optional(),
        lastOpenedAtUs: z.number().optional(),
        failure: z.object({ atUs: z.number(), errno: z.number() }).optional(),
        told: degradationReasonSchema.optional(),
      }),
    )
    .optional(),
  cursor: z
    .object({
      stream: z.string(),
      created: z.string(),
      sequence: z.number().int().min(0),
      id: z.string().optional(),
    })
    .optional(),
});
