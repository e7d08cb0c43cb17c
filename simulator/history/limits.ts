/** Bounds of what is read of a state directory: far more than anybody looks at, and it fits in memory. */
export const historyLimits = {
  segments: 128,
  eventBytes: 512 * 1024 * 1024,
  requests: 200_000,
} as const;
