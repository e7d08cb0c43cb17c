import type { Trace } from '../trace/schema.js';

/** The entry at which the first invariant broke; undefined when all held. */
export function failingSequence({ entries, end }: Trace): number | undefined {
  const named = end.violations.map(({ sequence }) => sequence);
  if (named.length > 0) return Math.min(...named);
  return entries.find(({ type }) => type === 'violation')?.sequence;
}
