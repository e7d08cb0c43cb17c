import { offset, recordBytes } from '../request/record-layout.js';

/**
 * A journal segment: a header page, the order area, the records, a copy of the header. The order area says,
 * entry by entry, which record was finished next: it is the one sequence that every event follows, and the
 * entry is what commits a record, written last. Numbers are little-endian.
 */
export const segmentFormatVersion = 1;
export const segmentMagic = 'DEPUTYJ1';

/** Records in a segment: 4 MiB of them, so that a mapped segment and its successor stay small. */
export const recordsPerSegment = 8192;
export const segmentHeaderBytes = 4096;
/** One entry: slot in its segment plus one u32 (0: not committed), segment number u32. */
export const orderEntryBytes = 8;
export const orderAreaBytes = recordsPerSegment * orderEntryBytes;
export const recordAreaOffset = segmentHeaderBytes + orderAreaBytes;
/** The header as it was when the segment was made, with a checksum: an epoch may have no other segment. */
export const headerCopyOffset = recordAreaOffset + recordsPerSegment * recordBytes;
export const segmentBytes = headerCopyOffset + segmentHeaderBytes;

/** Has a segment's file all of it? The first builds that wrote this format made no copy of the header. */
export function isWholeSegment(bytes: number): boolean {
  return bytes === segmentBytes || bytes === headerCopyOffset;
}

/** Offsets in the header. */
export const headerOffset = {
  magic: 0,
  formatVersion: 8,
  recordBytes: 12,
  records: 16,
  epoch: 20,
  segment: 24,
  /** Wall-clock milliseconds at monotonic time zero, f64: turns a record's times into dates. */
  wallClockBaseMs: 32,
  /** CRC-32 of all other bytes of the segment, once `sealed` says so; in the copy, of the copy's others. */
  checksum: 40,
  /** `sealMark`, written last; 0 before. */
  sealed: 44,
  /** `repairMark` when `deputy journal repair` wrote this file out of a damaged one; else 0. */
  repaired: 48,
  build: 64,
  /** Eldest segment in which a request may be unfinished, f64, as the newest segment has it; 0: not known. */
  openFrom: 256,
} as const;
export const maximumBuildBytes = 64;

/** Nothing is written to this segment any more, and its checksum stands in the header. */
export const sealMark = 0x5ea1_ed01;
export const repairMark = 0x4e9a_14ed;

/** What repair leaves for a record that is lost, in the slot's place: readers go on behind it. */
export const lostEntry = 0xffff_ffff;

/** Where an event record keeps its payload: JSON text that runs on through the slots behind it. */
export const eventPayload = { length: 64, slots: 68, text: 72 } as const;

/** Slots that a thread reserves at a time, so that counters shared between threads are touched seldom. */
export const slotsPerBlock = 64;

/** Longest payload of one event record: it must fit one block. */
export const maximumPayloadBytes = slotsPerBlock * recordBytes - eventPayload.text;

/**
 * Slots that a payload takes. One that fits a single slot must end before the words by which that slot is
 * committed.
 */
export function payloadSlots(textBytes: number): number {
  const end = eventPayload.text + textBytes;
  return end <= offset.ticket ? 1 : Math.max(2, Math.ceil(end / recordBytes));
}

/** Segment of a slot or ticket number, and its place in it. */
export function segmentOf(number: number): number {
  return Math.floor(number / recordsPerSegment);
}
export function placeIn(number: number): number {
  return number % recordsPerSegment;
}
