/** Time comes in through this port, so that the simulator can own it. */
export interface Clock {
  /** Milliseconds since the Unix epoch; may jump. For the times in events and logs. */
  nowMs(): number;
  /** Microseconds since some fixed moment; never goes back. For durations. */
  monotonicUs(): number;
}
