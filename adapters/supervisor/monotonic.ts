/**
 * Microseconds of CLOCK_MONOTONIC; one time for all threads and processes, unlike performance.now() alone.
 */
export function monotonicClock(): () => number {
  const base = Number(process.hrtime.bigint()) / 1_000 - performance.now() * 1_000;
  return () => base + performance.now() * 1_000;
}
