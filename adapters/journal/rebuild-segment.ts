import { headerOffset, lostEntry, repairMark, segmentBytes } from '../../core/journal/segment-layout.js';
import { recordBytes } from '../../core/request/record-layout.js';
import type { CheckedSegment } from './check-journal.js';
import { isOpenFrom } from './last-segment.js';
import { type OrderPlace, orderOffset } from './order-index.js';
import { type SegmentHeader, writeHeader } from './segment-header.js';
import { recordOffset, type SegmentImage } from './segment-image.js';

/** The order of one segment as it should be: for each place the slot, 'lost', or 'empty'. */
export type RebuiltOrder = readonly (
  | (OrderPlace & ('lost' | 'empty'))
  | { segment: number; place: number }
)[];

/**
 * The bytes of a segment with what is sound in a damaged one: its header as it ought to be, the records that
 * could be read at their old places, and the order. What is damaged is left out, and nothing is made up.
 */
export function rebuildSegment(image: SegmentImage, checked: CheckedSegment, order: RebuiltOrder): Buffer {
  const bytes = Buffer.alloc(segmentBytes);
  writeHeader(bytes, headerOf(checked));
  bytes.writeUInt32LE(repairMark, headerOffset.repaired);
  for (const { place, slots, kind } of checked.runs) {
    if (kind === 'damaged' || kind === 'cut') continue;
    const start = recordOffset(place);
    image.bytes.copy(bytes, start, start, start + slots * recordBytes);
  }
  order.forEach((entry, place) => {
    const at = orderOffset(place);
    if (entry === 'empty') return;
    bytes.writeUInt32LE(entry === 'lost' ? lostEntry : entry.place + 1, at);
    if (entry !== 'lost') bytes.writeUInt32LE(entry.segment, at + 4);
  });
  return bytes;
}

/** Can the header be told? Without epoch and clock the records would be of no known time. */
export function canRebuild({ truth }: CheckedSegment): boolean {
  return truth.epoch !== undefined && Number.isFinite(truth.wallClockBaseMs);
}

function headerOf({ segment, truth, header, copy }: CheckedSegment): SegmentHeader {
  const { epoch = 0, wallClockBaseMs = 0, build = '' } = truth;
  // Where it can't be told, a successor looks through more segments for what is unfinished.
  const { openFrom = 0 } = header ?? copy ?? {};
  return { segment, epoch, wallClockBaseMs, build, openFrom: isOpenFrom(openFrom, segment) ? openFrom : 0 };
}
