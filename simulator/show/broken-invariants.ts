import type { Trace, TraceViolation } from '../trace/schema.js';

/** An invariant that broke, with the entry where it broke first, and the others. */
export interface BrokenInvariant extends TraceViolation {
  readonly again: readonly number[];
}

/** What broke, each invariant once: one cause often breaks the same again and again. */
export function brokenInvariants({ end }: Trace): readonly BrokenInvariant[] {
  const found = new Map<string, { first: TraceViolation; again: number[] }>();
  const inOrder = end.violations.toSorted((a, b) => a.sequence - b.sequence);
  for (const violation of inOrder) {
    const known = found.get(violation.invariant);
    if (known === undefined) found.set(violation.invariant, { first: violation, again: [] });
    else known.again.push(violation.sequence);
  }
  return [...found.values()].map(({ first, again }) => ({ ...first, again }));
}
