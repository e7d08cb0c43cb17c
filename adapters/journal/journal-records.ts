import { eventPayload, recordsPerSegment } from '../../core/journal/segment-layout.js';
import type { RequestRecord } from '../../core/request/record.js';
import { recordBytes, recordKind } from '../../core/request/record-layout.js';
import type { CheckedJournal, CheckedSegment } from './check-journal.js';
import { readImage, recordOffset, type SegmentImage } from './segment-image.js';

/** A record as it is shown. */
export interface ShownRecord {
  readonly segment: CheckedSegment;
  readonly slot: number;
  /** Its place in the order; none while it is open. */
  readonly ticket?: number;
  readonly record: RequestRecord;
  /** A later epoch has a record of the same call, which it went on with. */
  readonly isSuperseded?: true;
  /** The payload of an event, or nothing for a request. */
  readonly text?: string;
}

/** Images kept at a time: records stand near their entry. */
const imagesKept = 3;

/**
 * The records of a checked journal in their order; those that aren't finished come at the end of their
 * segment.
 */
export function* journalRecords(journal: CheckedJournal): Generator<ShownRecord> {
  const images = new Map<number, SegmentImage | undefined>();
  const imageOf = (segment: number): SegmentImage | undefined => {
    if (!images.has(segment)) {
      const [eldest] = images.keys();
      if (images.size >= imagesKept && eldest !== undefined) images.delete(eldest);
      images.set(segment, readImage(journal.directory, segment));
    }
    return images.get(segment);
  };
  const bySegment = new Map(journal.segments.map((one) => [one.segment, one]));
  const placed = new Map<number, { segment: CheckedSegment; place: number }>();
  for (const segment of journal.segments) {
    for (const { place, ticket, kind } of segment.runs) {
      if (ticket !== undefined && kind !== 'damaged') placed.set(ticket, { segment, place });
    }
  }
  for (const [number, own] of bySegment) {
    for (let at = 0; at < own.ordered; at++) {
      const ticket = number * recordsPerSegment + at;
      const found = placed.get(ticket);
      const image = found === undefined ? undefined : imageOf(found.segment.segment);
      if (found !== undefined && image !== undefined) yield show(image, found.segment, found.place, ticket);
    }
    const image = imageOf(number);
    for (const { place, kind } of own.runs) {
      if (image === undefined) continue;
      if (kind === 'open') yield show(image, own, place);
      else if (kind === 'superseded') yield { ...show(image, own, place), isSuperseded: true };
    }
  }
}

function show(image: SegmentImage, segment: CheckedSegment, place: number, ticket?: number): ShownRecord {
  const slot = segment.segment * recordsPerSegment + place;
  const record = image.record(place);
  record.slot = slot;
  const shown = { segment, slot, record, ...(ticket === undefined ? {} : { ticket }) };
  if (record.u32(0) !== recordKind.event) return shown;
  const start = recordOffset(place) + eventPayload.text;
  const end = Math.min(start + record.u32(eventPayload.length), recordOffset(place) + 64 * recordBytes);
  return { ...shown, text: image.bytes.toString('utf8', start, end) };
}
