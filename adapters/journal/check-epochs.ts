import { headerOffset } from '../../core/journal/segment-layout.js';
import { type HeaderFault, mostFrequent } from './check-header.js';
import type { SegmentHeader } from './segment-header.js';

/** A segment's header beside what its records say. */
export interface EpochWitness {
  readonly segment: number;
  readonly header?: SegmentHeader;
  /** The header's copy, which a checksum vouches for. */
  readonly copy?: SegmentHeader;
  /** The epoch of its records; undefined when it has none. */
  readonly recordsEpoch: number | undefined;
}

/** What a segment's header ought to say; parts are missing where nothing is left to tell. */
export interface TrueHeader {
  readonly epoch?: number;
  readonly wallClockBaseMs?: number;
  readonly build?: string;
}

/**
 * What the headers ought to say, from their copies, from each other and from the records: all segments of
 * an epoch were made by one process, so they have its clock and build in common, and no two epochs have the
 * same.
 */
export function trueHeaders(witnesses: readonly EpochWitness[]): Map<number, TrueHeader> {
  const epochs = new Map<number, number>();
  for (const { segment, header, copy, recordsEpoch } of witnesses) {
    const epoch = copy?.epoch ?? recordsEpoch ?? epochOfTwin(witnesses, header) ?? header?.epoch;
    if (epoch !== undefined) epochs.set(segment, epoch);
  }
  const found = new Map<number, TrueHeader>();
  for (const { segment } of witnesses) {
    const epoch = epochs.get(segment);
    const kin = witnesses.filter((other) => epoch !== undefined && epochs.get(other.segment) === epoch);
    const vouched = kin.find(({ copy }) => copy !== undefined)?.copy;
    const wallClockBaseMs = vouched?.wallClockBaseMs ?? common(kin, ({ wallClockBaseMs: base }) => base);
    const build = vouched?.build ?? common(kin, (header) => header.build);
    found.set(segment, {
      ...(epoch === undefined ? {} : { epoch }),
      ...(wallClockBaseMs === undefined ? {} : { wallClockBaseMs }),
      ...(build === undefined ? {} : { build }),
    });
  }
  return found;
}

/** An empty segment is of the epoch of one with records that has the very same clock. */
function epochOfTwin(witnesses: readonly EpochWitness[], header?: SegmentHeader): number | undefined {
  if (header === undefined) return undefined;
  return witnesses.find(
    (other) => other.recordsEpoch !== undefined && other.header?.wallClockBaseMs === header.wallClockBaseMs,
  )?.recordsEpoch;
}

function common<Value>(kin: readonly EpochWitness[], part: (header: SegmentHeader) => Value) {
  const counts = new Map<Value, number>();
  for (const { header } of kin) {
    if (header !== undefined) counts.set(part(header), (counts.get(part(header)) ?? 0) + 1);
  }
  return mostFrequent(counts);
}

/** What of a header differs from what it ought to say. */
export function headerDifferences(header: SegmentHeader, truth: TrueHeader): HeaderFault[] {
  const faults: HeaderFault[] = [];
  if (header.epoch !== truth.epoch) {
    faults.push({ offset: headerOffset.epoch, detail: `it says epoch ${header.epoch}, not ${truth.epoch}` });
  }
  if (header.wallClockBaseMs !== truth.wallClockBaseMs) {
    const detail = "its clock differs from its copy's or its epoch's other segments'";
    faults.push({ offset: headerOffset.wallClockBaseMs, detail });
  }
  if (header.build !== truth.build) {
    const detail = "its build differs from its copy's or its epoch's other segments'";
    faults.push({ offset: headerOffset.build, detail });
  }
  return faults;
}
