/** Bounds of what is read of a history: far more than anybody looks at, and it fits in memory. */
export const historyLimits = {
  segments: 128,
  eventBytes: 512 * 1024 * 1024,
  requests: 200_000,
  /** Of a stream, kept for a replay with its journal: those are about requests, and what is around them. */
  events: 400_000,
  delegations: 100_000,
} as const;
