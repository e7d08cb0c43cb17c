import { z } from 'zod';
import { countSchema, identifierSchema } from './vocabulary.js';

/** What every event carries around its data; open, so that a newer writer may add to it. */
export const envelopeSchema = z.object({
  /** The delegation's id, '/', and the version: the same event has the same id, however often it is sent. */
  id: z.string().min(3).max(300),
  type: z.string().min(1).max(64),
  /** The event's number in its delegation's stream, from 1. */
  version: z.int().min(1),
  /** The version of the schema of `data`. */
  schemaVersion: z.int().min(1).max(65535),
  time: z.iso.datetime(),
  node: z.string().min(1).max(253),
  tenant: z.string().min(1).max(1024),
  delegationId: identifierSchema,
  /** What belongs together: one delegation, or what asked for it. */
  correlationId: identifierSchema,
  /** The id of the event or the request that led to this one. */
  causationId: z.string().min(1).max(300),
  /** The number of the writer: one more for each that took over. */
  epoch: countSchema,
});

/** The envelope, without the data. */
export type EventEnvelope = z.output<typeof envelopeSchema>;
