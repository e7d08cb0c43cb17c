/**
 * Microseconds of CLOCK_MONOTONIC; one time for all threads and processes, unlike performance.now() alone.
 */
export function monotonicClock(): () => number {
  // The global is a getter, which costs as much as the clock itself.
  const clock = performance;
  const base = Number(process.hrtime.bigint()) / 1_000 - clock.now() * 1_000;
  return () => base + clock.now() * 1_000;
}
