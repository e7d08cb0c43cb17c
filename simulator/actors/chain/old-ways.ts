/**
 * Ways to get a chain of fallbacks wrong, to be brought in by a scenario, so that each invariant is seen to
 * catch what it is for: the engine's own code has none of them.
 */
export const chainOldWays = [
  /** The list of the policy is not kept: every strategy of the engine may take another's place. */
  'forgets-the-list',
  /** The dispatcher says that it holds a target to all of a policy. */
  'claims-to-enforce',
  /** A broker that failed at establishing leaves its socket, to which clients still come. */
  'leaves-the-socket',
  /** The listener of a target that nobody answers is left open: its calls wait for ever. */
  'leaves-the-listener',
  /** The pod is made with a sidecar, whatever the level of its namespace. */
  'skips-the-preflight',
  /** A payload that did not become what was asked for goes on while another strategy serves. */
  'abandons-nothing',
  /** Who took whose place is told to nobody. */
  'tells-no-fallback',
  /** A policy that is read again holds for later targets alone. */
  'keeps-the-old-policy',
] as const;

export type ChainOldWay = (typeof chainOldWays)[number];
