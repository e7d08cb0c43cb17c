import { isDeputyError } from '../../core/errors/deputy-error.js';
import {
  headerCopyOffset,
  headerOffset,
  isWholeSegment,
  maximumBuildBytes,
  recordsPerSegment,
  repairMark,
  sealMark,
  segmentBytes,
  segmentHeaderBytes,
} from '../../core/journal/segment-layout.js';
import { offset, recordBytes } from '../../core/request/record-layout.js';
import { isOpenFrom } from './last-segment.js';
import { parseHeader, parseHeaderCopy, type SegmentHeader } from './segment-header.js';
import { recordOffset, type SegmentImage } from './segment-image.js';

export interface HeaderFault {
  readonly offset: number;
  readonly detail: string;
}

/** A segment's header as it was read, and what is wrong with it by itself. */
export interface CheckedHeader {
  readonly header?: SegmentHeader;
  /** What the header's copy says, when it is as it was written. */
  readonly copy?: SegmentHeader;
  /** Its creation was cut short: nothing was ever written to it. */
  readonly isUnfinished: boolean;
  readonly faults: readonly HeaderFault[];
}

/** Checks a segment's header and its copy. Throws DEPUTY_E_JOURNAL_FORMAT_NEWER. */
export function checkHeader(image: SegmentImage): CheckedHeader {
  const copy = parseHeaderCopy(image.path, image.segment, image.bytes.subarray(headerCopyOffset));
  const checked = checkFirstPage(image);
  if (copy !== undefined) return { ...checked, copy };
  if (checked.header === undefined || image.size !== segmentBytes) return checked;
  const detail = "the header's copy at the end is not as it was written";
  return { ...checked, faults: [...checked.faults, { offset: headerCopyOffset, detail }] };
}

function checkFirstPage(image: SegmentImage): CheckedHeader {
  const page = image.bytes.subarray(0, segmentHeaderBytes);
  let header: SegmentHeader | undefined;
  try {
    header = parseHeader(image.path, page);
  } catch (error) {
    if (!isDeputyError(error, 'DEPUTY_E_JOURNAL_CORRUPT')) throw error;
    const { offset: at, detail } = error.details as unknown as HeaderFault;
    return { isUnfinished: false, faults: [{ offset: at, detail }] };
  }
  if (header === undefined) {
    const isEmpty = image.bytes.subarray(segmentHeaderBytes, headerCopyOffset).every(isZero);
    const detail = 'there are records behind a header that was never finished';
    return { isUnfinished: isEmpty, faults: isEmpty ? [] : [{ offset: 0, detail }] };
  }
  const faults = fieldFaults(page, image.segment, header);
  if (!isWholeSegment(image.size)) {
    const at = Math.min(image.size, segmentBytes);
    faults.push({ offset: at, detail: `it has ${image.size} bytes instead of ${segmentBytes}` });
  }
  if (image.isSealed && !image.matchesChecksum) {
    faults.push({
      offset: headerOffset.checksum,
      detail: 'the checksum of the sealed segment does not match',
    });
  }
  return { header, isUnfinished: false, faults };
}

function fieldFaults(page: Buffer, segment: number, header: SegmentHeader): HeaderFault[] {
  const faults: HeaderFault[] = [];
  const expect = (isRight: boolean, at: number, detail: string): void => {
    if (!isRight) faults.push({ offset: at, detail });
  };
  const {
    recordBytes: bytesAt,
    records,
    epoch,
    wallClockBaseMs,
    sealed,
    repaired,
    build,
    openFrom,
  } = headerOffset;
  expect(page.readUInt32LE(bytesAt) === recordBytes, bytesAt, `records are not ${recordBytes} bytes`);
  expect(page.readUInt32LE(records) === recordsPerSegment, records, `not ${recordsPerSegment} records`);
  expect(header.epoch >= 1, epoch, 'there is no epoch 0');
  expect(header.segment === segment, headerOffset.segment, `it says that it is segment ${header.segment}`);
  expect(Number.isFinite(header.wallClockBaseMs), wallClockBaseMs, 'its clock is none');
  const seal = page.readUInt32LE(sealed);
  expect(seal === 0 || seal === sealMark, sealed, 'its seal is neither there nor absent');
  const repair = page.readUInt32LE(repaired);
  expect(repair === 0 || repair === repairMark, repaired, 'its repair mark is neither there nor absent');
  const spare = [
    page.subarray(headerOffset.repaired + 4, build),
    page.subarray(build + maximumBuildBytes, openFrom),
    page.subarray(openFrom + 8),
  ] as const;
  expect(spare[0].every(isZero), headerOffset.repaired + 4, 'there is something in the spare room');
  expect(spare[1].every(isZero), build + maximumBuildBytes, 'there is something in the spare room');
  expect(spare[2].every(isZero), openFrom + 8, 'there is something in the spare room');
  const isPossible = isOpenFrom(header.openFrom ?? 0, segment);
  expect(isPossible, openFrom, 'requests cannot be open from where it says');
  return faults;
}

function isZero(byte: number): boolean {
  return byte === 0;
}

/** The epoch that most records of a segment say they are of; undefined when none says one. */
export function epochOfRecords(image: SegmentImage): number | undefined {
  const counts = new Map<number, number>();
  for (let place = 0; place < recordsPerSegment; place++) {
    const { u32 } = image.views;
    const epoch = u32[(recordOffset(place) + offset.epoch) >> 2] as number;
    // A free slot is no witness: one flipped bit would speak for a whole segment.
    if (epoch !== 0 && u32[(recordOffset(place) + offset.kind) >> 2] !== 0)
      counts.set(epoch, (counts.get(epoch) ?? 0) + 1);
  }
  return mostFrequent(counts);
}

/** The value that was counted most often, the first of those that were. */
export function mostFrequent<Value>(counts: ReadonlyMap<Value, number>): Value | undefined {
  let best: Value | undefined;
  let most = 0;
  for (const [value, count] of counts) {
    if (count <= most) continue;
    best = value;
    most = count;
  }
  return best;
}
