import { recordsPerSegment } from '../../core/journal/segment-layout.js';
import type { PublishTarget } from '../../core/publishing/publish-target.js';
import { findStart, type StartingPoint } from '../../core/publishing/starting-point.js';
import { segmentsIn } from '../journal/last-segment.js';

/** A journal's first epoch begins with this one. */
const firstSegmentEver = 1;

/** The newest checkpoint that the store bears out; all tickets before `known` are of this journal. */
export async function startIn(
  target: PublishTarget,
  journalDirectory: string,
  known: number,
): Promise<StartingPoint> {
  // Nobody waits for it; and its checks take longer to load than a successor may need to serve.
  const { readCheckpoints } = await import('./read-checkpoint.js');
  const eldestSegment = segmentsIn(journalDirectory)[0] ?? 0;
  const left = {
    checkpoints: readCheckpoints(journalDirectory),
    eldest: eldestSegment * recordsPerSegment,
    isWhole: eldestSegment <= firstSegmentEver,
  };
  return findStart(target, left, known);
}
