/** Bounds of a trace, for its writer and its reader alike. */
export const traceLimits = {
  /** UTF-16 units in one line. */
  lineLength: 1024 * 1024,
  entries: 1_000_000,
  actors: 4096,
  violations: 1000,
  /** Levels of objects and lists in a line. */
  depth: 32,
  /** UTF-16 units in a name, an id or a label. */
  nameLength: 512,
  sentenceLength: 4096,
} as const;
