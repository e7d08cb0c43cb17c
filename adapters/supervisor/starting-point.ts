import { recordsPerSegment } from '../../core/journal/segment-layout.js';
import type { Checkpoint } from '../../core/publishing/checkpoint.js';
import { segmentsIn } from '../journal/last-segment.js';
import type { PublishTarget } from './publish-target.js';

/** A journal's first epoch begins with this one. */
const firstSegmentEver = 1;

/** Where a publisher begins: a checkpoint, or all that the journal still has. */
export interface StartingPoint {
  readonly from: number;
  readonly checkpoint?: Checkpoint;
}

/** The newest checkpoint that the store bears out; all tickets before `known` are of this journal. */
export async function findStart(
  target: PublishTarget,
  journalDirectory: string,
  known: number,
): Promise<StartingPoint> {
  // Nobody waits for it; and its checks take longer to load than a successor may need to serve.
  const { readCheckpoints } = await import('./read-checkpoint.js');
  const eldestSegment = segmentsIn(journalDirectory)[0] ?? 0;
  const eldest = Math.min(known, eldestSegment * recordsPerSegment);
  const usable = readCheckpoints(journalDirectory).filter(({ position }) => position >= eldest);
  for (const [index, checkpoint] of usable.entries()) {
    // A journal that is whole can tell everything; else numbers go on where the eldest checkpoint has them.
    const isLast = index === usable.length - 1 && eldestSegment > firstSegmentEver;
    if (!(await target.goOnFrom(checkpoint, isLast))) continue;
    // One of a journal that is gone may be ahead of this one.
    return { checkpoint, from: Math.min(checkpoint.position, known) };
  }
  await target.goOnFrom(undefined, true);
  return { from: eldest };
}
