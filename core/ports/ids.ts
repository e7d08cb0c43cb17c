/** Fresh identifiers come in through this port, so that the simulator can own them. */
export interface Ids {
  /** An identifier never given before: 1 to 64 characters of [A-Za-z0-9_-]. */
  next(): string;
}
