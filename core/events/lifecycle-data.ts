import { z } from 'zod';
import {
  countSchema,
  countsSchema,
  decimalSchema,
  errnoNameSchema,
  errorSchema,
  escapedTextSchema,
  identifierSchema,
} from './vocabulary.js';

const strategy = z.string().min(1).max(64);
const durationUs = z.number().min(0);

/** Somebody asks for a delegation; `strategy` is a name or 'auto'. */
export const requestedSchema = z.object({
  strategy,
  target: z.object({
    containerId: escapedTextSchema,
    processId: countSchema.optional(),
    /** Which life of the container: how often it was started again under its id. */
    restartCount: countSchema.optional(),
    cgroup: escapedTextSchema.optional(),
    metadata: escapedTextSchema.optional(),
  }),
  /** Who asks: 'runtime' (a listener came in), 'run', 'library', ... */
  origin: z.string().max(64).optional(),
});

/** The preflight: which strategies could serve the target, in the order of preference, and why not. */
export const assessedSchema = z.object({
  chosen: strategy.nullable(),
  candidates: z.array(
    z.object({ strategy, possible: z.boolean(), reasons: z.array(escapedTextSchema).max(64) }),
  ),
});

/** What the target may have done for it from now on, and what of it the chosen strategy enforces. */
export const admittedSchema = z.object({
  strategy,
  tenantSource: z.enum(['policy', 'metadata', 'container']),
  policy: z.record(z.string(), z.unknown()),
  policyDigest: z.string().regex(/^[0-9a-f]{16}$/),
  enforced: z.array(z.string().max(64)).max(64),
  notEnforced: z.array(z.string().max(64)).max(64).optional(),
});

/** The strategy sets to work; again for each of its steps, where it has some, with what that step saw. */
export const establishingSchema = z.object({
  strategy,
  processId: countSchema.optional(),
  step: z.string().min(1).max(64).optional(),
  evidence: z.record(z.string().max(64), escapedTextSchema).optional(),
});

/** Requests are being answered; counts are those up to here (not zero after a recovery). */
export const activeSchema = z.object({
  strategy,
  counts: countsSchema,
  /** From the request (or the start of the recovery) until now. */
  durationUs,
  listeners: countSchema.optional(),
});

/** The process that answered is gone, another one takes over. */
export const recoveringSchema = z.object({
  reason: escapedTextSchema,
  inFlight: countSchema.optional(),
  previousEpoch: countSchema.optional(),
});

export const releasingSchema = z.object({ reason: escapedTextSchema });

export const releasedSchema = z.object({
  counts: countsSchema,
  reason: escapedTextSchema.optional(),
  durationUs: durationUs.optional(),
});

export const delegationRefusedSchema = errorSchema;

export const failedSchema = z.object({ ...errorSchema.shape, counts: countsSchema.optional() });

/** The strategy could not go on; another one is assessed. */
export const fellbackSchema = z.object({ ...errorSchema.shape, from: strategy, to: strategy });

/** A request keeps its loop waiting for too long: the loop is left to this target alone. */
export const quarantinedSchema = z.object({
  operation: escapedTextSchema,
  requestId: identifierSchema.optional(),
  notificationId: decimalSchema.optional(),
  threadId: countSchema.optional(),
  waitedUs: durationUs.optional(),
});

export const degradationReasonSchema = z.enum(['never-opened', 'open-failed', 'named-only', 'silent']);
export type DegradationReason = z.output<typeof degradationReasonSchema>;

/** The target stopped opening files by handle, or never began, though it lives. Once for each spell. */
export const degradedSchema = z.object({
  ...errorSchema.shape,
  strategy,
  reason: degradationReasonSchema,
  /** Calls of the target as far as the process that tells this has seen them. */
  named: countSchema,
  opened: countSchema,
  /** For how long it has been so. */
  quietMs: z.number().min(0),
  /** What its last call by handle failed with, where it did. */
  errno: errnoNameSchema.optional(),
});

/**
 * What this delegation's events have said up to here, folded. Written now and then, so that whoever finds a
 * stream's beginning gone can start at one; it changes nothing for those who have seen it all.
 */
export const snapshotSchema = z.object({
  state: z.enum(['active']),
  strategy,
  policyDigest: z.string().regex(/^[0-9a-f]{16}$/),
  counts: countsSchema,
  containerId: escapedTextSchema,
  listeners: countSchema.optional(),
});
