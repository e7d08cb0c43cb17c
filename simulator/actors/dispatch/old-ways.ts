/**
 * What the code that the dispatcher was learnt from did, ten faults that can be read in it: each brings the
 * old behaviour back, so that a scenario shows which invariant catches it.
 */
export const oldWays = [
  'success-before-execution',
  'overwritten-target',
  'bare-pid',
  'placeholder-never-reaps',
  'placeholder-exits-zero',
  'one-signal-one-child',
  'cgroup-first',
  'dispatched-once',
  'program-of-the-target',
  'log-of-the-target',
  // The tenth is what a tenant can do to a payload: fill its log, or be first at a socket.
  'socket-of-the-target',
] as const;

export type OldWay = (typeof oldWays)[number];
