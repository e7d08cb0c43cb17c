import { recordsPerSegment } from '../../core/journal/segment-layout.js';
import type { Checkpoint } from '../../core/publishing/checkpoint.js';
import { segmentsIn } from '../journal/last-segment.js';
import type { PublishTarget } from './publish-target.js';

/** Where a publisher begins: a checkpoint, or all that the journal still has. */
export interface StartingPoint {
  readonly from: number;
  readonly checkpoint?: Checkpoint;
}

/** The newest checkpoint that the store bears out; `first` is the first ticket of this epoch. */
export async function findStart(
  target: PublishTarget,
  journalDirectory: string,
  first: number,
): Promise<StartingPoint> {
  // Nobody waits for it; and its checks take longer to load than a successor may need to serve.
  const { readCheckpoints } = await import('./read-checkpoint.js');
  const eldestSegment = segmentsIn(journalDirectory)[0] ?? 0;
  const eldest = Math.min(first, eldestSegment * recordsPerSegment);
  const usable = readCheckpoints(journalDirectory).filter(({ position }) => position >= eldest);
  for (const [index, checkpoint] of usable.entries()) {
    if (!(await target.goOnFrom(checkpoint, index === usable.length - 1))) continue;
    // One of a journal that is gone may be ahead of this one.
    return { checkpoint, from: Math.min(checkpoint.position, first) };
  }
  await target.goOnFrom(undefined, true);
  return { from: eldest };
}
