import { join } from 'node:path';
import { deputyError } from '../../core/errors/deputy-error.js';
import { recordsPerSegment } from '../../core/journal/segment-layout.js';
import { offset } from '../../core/request/record-layout.js';
import { headerDifferences, type TrueHeader, trueHeaders } from './check-epochs.js';
import { type CheckedHeader, checkHeader, epochOfRecords } from './check-header.js';
import { checkOrder } from './check-order.js';
import type { JournalProblem } from './journal-problem.js';
import { damagedSegmentsIn, segmentsIn } from './last-segment.js';
import { hasPlausibleOrder, OrderIndex } from './order-index.js';
import { type HandlersOfRecord, PathCheck } from './path-check.js';
import { readHeaderCopy, segmentName } from './segment-file.js';
import type { SegmentHeader } from './segment-header.js';
import { headBytes, readImage, recordOffset, type SegmentImage } from './segment-image.js';
import { Superseded } from './superseded.js';
import { type SlotRun, walkSlots } from './walk-slots.js';

/** Problems that are listed; a journal that has more is not better known by the rest. */
export const problemLimit = 1_000;

/** A segment as a check found it. */
export interface CheckedSegment extends CheckedHeader {
  readonly segment: number;
  readonly path: string;
  readonly size: number;
  readonly isSealed: boolean;
  readonly isRepaired: boolean;
  /** When its first request was received, as ISO 8601. */
  readonly firstRequest: string | undefined;
  /** Entries in its order area. */
  readonly ordered: number;
  /** Everything but free slots. */
  readonly runs: readonly SlotRun[];
  readonly recordsEpoch: number | undefined;
  readonly truth: TrueHeader;
}

/** What a check of a journal found. */
export interface CheckedJournal {
  readonly directory: string;
  readonly segments: readonly CheckedSegment[];
  readonly problems: readonly JournalProblem[];
  /** Tickets whose entry in the order isn't right. */
  readonly badTickets: ReadonlySet<number>;
  /** Those of them that the order had not come to. */
  readonly strayTickets: ReadonlySet<number>;
  readonly index: OrderIndex;
  readonly replayed: { readonly requests: number; readonly paths: number };
  /** Numbers of segments that repair moved aside. */
  readonly movedAside: readonly number[];
}

/**
 * Checks a journal with read(2) only, also while an agent writes it. Order areas are read first, from the
 * last segment to the first, and records afterwards, so that whatever the order names was complete when it is
 * looked at. Throws DEPUTY_E_STATE_DIRECTORY_MISSING and DEPUTY_E_JOURNAL_FORMAT_NEWER.
 */
export function checkJournal(directory: string, handlersOf: HandlersOfRecord): CheckedJournal {
  const numbers = listSegments(directory);
  const index = new OrderIndex(numbers);
  for (const segment of numbers.toReversed()) {
    const head = readImage(directory, segment, headBytes);
    if (head !== undefined && isSegment(head, numbers)) index.add(segment, head.order);
  }
  const paths = new PathCheck(handlersOf);
  const superseded = new Superseded(index);
  const read = numbers.flatMap((segment) => {
    const image = readImage(directory, segment);
    return image === undefined ? [] : [readSegment(image, index, paths, superseded)];
  });
  const truths = trueHeaders(read);
  const segments = read.map((one) => ({
    ...one,
    runs: superseded.mark(one.segment, one.runs),
    truth: truths.get(one.segment) ?? {},
  }));
  const movedAside = damagedSegmentsIn(directory);
  const problems = [
    ...missing(directory, segments, movedAside),
    ...segments.flatMap((one) => problemsOf(one)),
  ];
  const { badTickets, strayTickets, problems: ofOrder } = checkOrder(segments, index, movedAside);
  problems.push(...ofOrder);
  problems.sort((a, b) => a.segment - b.segment || a.offset - b.offset);
  const replayed = { requests: paths.requests, paths: paths.paths };
  return { directory, segments, problems, badTickets, strayTickets, index, replayed, movedAside };
}

function listSegments(directory: string): number[] {
  try {
    return segmentsIn(directory);
  } catch (error) {
    throw deputyError('DEPUTY_E_STATE_DIRECTORY_MISSING', { path: directory }, error);
  }
}

/**
 * What neither begins nor ends as a segment, nor has an order that could be one, is not looked at any
 * further: its bytes may mean anything.
 */
function isSegment(head: SegmentImage, segments: readonly number[]): boolean {
  if (checkHeader(head).header !== undefined) return true;
  return hasPlausibleOrder(head.order, new Set(segments)) || readHeaderCopy(head.path) !== undefined;
}

function readSegment(image: SegmentImage, index: OrderIndex, paths: PathCheck, superseded: Superseded) {
  const checked = checkHeader(image);
  const { segment, path, size, isSealed, isRepaired } = image;
  const recordsEpoch = epochOfRecords(image);
  const epoch = recordsEpoch ?? checked.header?.epoch ?? 0;
  const isLegible = index.has(segment);
  const pathFault = paths.fault.bind(paths);
  const runs = isLegible
    ? [...walkSlots(image, { epoch, index, pathFault })].filter(({ kind }) => kind !== 'free')
    : [];
  superseded.see(image, runs, epoch);
  const ordered = isLegible ? index.usedPlaces(segment) : 0;
  const firstRequest = firstRequestTime(image, runs, checked.header);
  return { ...checked, segment, path, size, isSealed, isRepaired, firstRequest, ordered, runs, recordsEpoch };
}

function firstRequestTime(image: SegmentImage, runs: readonly SlotRun[], header?: SegmentHeader) {
  const first = runs.find(({ kind }) => kind === 'request');
  if (first === undefined || header === undefined) return undefined;
  const timeMs = header.wallClockBaseMs + image.record(first.place).f64(offset.receivedAtUs) / 1_000;
  return Math.abs(timeMs) < 8.64e15 ? new Date(timeMs).toISOString() : undefined;
}

function problemsOf(one: CheckedSegment): JournalProblem[] {
  const { segment, path, faults, header, truth, runs } = one;
  const differences = header === undefined ? [] : headerDifferences(header, truth);
  const damaged = runs.filter(({ kind }) => kind === 'damaged');
  return [
    ...[...faults, ...differences].map((fault) => ({ segment, path, ...fault })),
    ...damaged.map(({ place, fault = '' }) => ({
      segment,
      path,
      offset: recordOffset(place),
      detail: `record ${segment * recordsPerSegment + place}: ${fault}`,
    })),
  ];
}

function missing(
  directory: string,
  segments: readonly CheckedSegment[],
  movedAside: readonly number[],
): JournalProblem[] {
  const present = new Set([...segments.map(({ segment }) => segment), ...movedAside]);
  const first = segments[0]?.segment ?? 0;
  const last = segments.at(-1)?.segment ?? 0;
  const problems: JournalProblem[] = [];
  for (let segment = first; segment < last && problems.length < problemLimit; segment++) {
    if (present.has(segment)) continue;
    const path = join(directory, segmentName(segment));
    problems.push({ segment, path, offset: 0, detail: 'the segment is missing' });
  }
  return problems;
}
