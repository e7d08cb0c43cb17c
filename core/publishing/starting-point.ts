import type { Checkpoint } from './checkpoint.js';
import type { PublishTarget } from './publish-target.js';

/** Where a publisher begins: a checkpoint, or all that the journal still has. */
export interface StartingPoint {
  readonly from: number;
  readonly checkpoint?: Checkpoint;
}

/** What is left of a journal. */
export interface JournalLeft {
  /** The newest first. */
  readonly checkpoints: readonly Checkpoint[];
  /** The first ticket that may still be there. */
  readonly eldest: number;
  /** Nothing of it was let go: it can tell everything. */
  readonly isWhole: boolean;
}

/** The newest checkpoint that the store bears out; all tickets before `known` are of this journal. */
export async function findStart(
  target: PublishTarget,
  { checkpoints, eldest, isWhole }: JournalLeft,
  known: number,
): Promise<StartingPoint> {
  const from = Math.min(known, eldest);
  const usable = checkpoints.filter(({ position }) => position >= from);
  for (const [index, checkpoint] of usable.entries()) {
    // A journal that is whole can tell everything; else numbers go on where the eldest checkpoint has them.
    const isLast = index === usable.length - 1 && !isWhole;
    if (!(await target.goOnFrom(checkpoint, isLast))) continue;
    // One of a journal that is gone may be ahead of this one.
    return { checkpoint, from: Math.min(checkpoint.position, known) };
  }
  await target.goOnFrom(undefined, true);
  return { from };
}
