import { z } from 'zod';

/** Ways to get a broker's client or socket wrong, each caught by an invariant. */
export const brokerOldWays = [
  /** A client that sends everything again, opens with O_TRUNC as well. */
  'repeats-truncation',
] as const;

/** What is about the broker, in scenarios of `strategy: sidecar-caps`. */
export const brokerSchema = z.strictObject({
  oldWays: z.array(z.enum(brokerOldWays)).max(brokerOldWays.length).default([]),
});
