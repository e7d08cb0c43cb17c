import { z } from 'zod';
import { podSecurityLevels } from '../../core/pod-security/policy.js';
import { policySchema } from '../../core/policy/schema.js';
import { chainOldWays } from '../actors/chain/old-ways.js';

const us = z.int().min(0).max(3_600_000_000);

/** What a machine, a runtime or a cluster can withhold from strategies. */
export const lacking = [
  'notifier',
  'read-search',
  'sidecar-read-search',
  'kept-capabilities',
  'join',
] as const;

/** What is about the choice between strategies, in scenarios of `strategy: auto`. */
export const chainSchema = z.strictObject({
  /** Level of the Pod Security Standards that the target's namespace enforces. */
  level: z.enum(podSecurityLevels).default('privileged'),
  /** `sidecar-read-search`: the runtime strips the sidecar of it; `kept-capabilities`: setresuid(2) does. */
  lacks: z.array(z.enum(lacking)).max(lacking.length).default([]),
  /** A strategy says so long after it began to serve that it can't go on, the target being there. */
  breaks: z
    .array(z.strictObject({ strategy: z.string().min(1).max(64), afterUs: us }))
    .max(16)
    .default([]),
  /** The policy is read again. */
  reloads: z
    .array(z.strictObject({ atUs: us, policy: policySchema }))
    .max(16)
    .default([]),
  /** Whether deputy's own mistakes are brought in. */
  oldWays: z.array(z.enum(chainOldWays)).max(chainOldWays.length).default([]),
});

export type ChainScenario = z.output<typeof chainSchema>;
