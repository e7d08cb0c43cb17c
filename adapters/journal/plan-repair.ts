import { recordsPerSegment } from '../../core/journal/segment-layout.js';
import { offset, recordBytes } from '../../core/request/record-layout.js';
import type { CheckedJournal, CheckedSegment } from './check-journal.js';
import type { OrderIndex } from './order-index.js';
import { rebuildOrder } from './rebuild-order.js';
import { canRebuild, type RebuiltOrder } from './rebuild-segment.js';
import { readImage } from './segment-image.js';
import type { SlotRun } from './walk-slots.js';

/** A record that a repair leaves behind, as far as it can be read; its fields may be what is damaged. */
export interface LostRecord {
  readonly segment: number;
  readonly slot: number;
  readonly what: 'request' | 'call in flight' | 'event' | 'damaged slot';
  readonly threadId: number;
  readonly notificationId: string;
  /** Nothing stands in its slot. */
  readonly isEmpty: boolean;
  readonly why: string;
}

/** What is to be done to one segment. */
export type RepairAction =
  | { readonly kind: 'rewrite'; readonly checked: CheckedSegment; readonly order: RebuiltOrder }
  | { readonly kind: 'set-aside'; readonly checked: CheckedSegment }
  | { readonly kind: 'note-missing'; readonly segment: number };

/** What a repair does, and what is lost by it. */
export interface RepairPlan {
  readonly directory: string;
  readonly actions: readonly RepairAction[];
  readonly lost: readonly LostRecord[];
  /** Records that stay where they are. */
  readonly kept: number;
  /** Calls in flight at the end of the last agent whose record stays. */
  readonly inFlight: number;
}

/** Plans the repair of a checked journal; changes nothing. */
export function planRepair(journal: CheckedJournal): RepairPlan {
  const { directory, segments, index } = journal;
  const withProblems = new Set(journal.problems.map(({ segment }) => segment));
  const present = new Set(segments.map(({ segment }) => segment));
  const aside = new Set(
    segments
      .filter((one) => withProblems.has(one.segment) && !(index.has(one.segment) && canRebuild(one)))
      .map(({ segment }) => segment),
  );
  const first = segments[0]?.segment ?? 0;
  const isKept = (segment: number): boolean =>
    segment < first || (present.has(segment) && !aside.has(segment));
  const orderOf = rebuildOrder(journal, isKept);
  const actions: RepairAction[] = [];
  for (const segment of withProblems) {
    if (!present.has(segment)) actions.push({ kind: 'note-missing', segment });
  }
  for (const checked of withProblems.size === 0 ? [] : segments) {
    if (aside.has(checked.segment)) {
      actions.push({ kind: 'set-aside', checked });
      continue;
    }
    if (!index.has(checked.segment)) continue;
    const order = orderOf(checked.segment);
    const isChanged = withProblems.has(checked.segment) || !isSameOrder(index, checked.segment, order);
    if (isChanged) actions.push({ kind: 'rewrite', checked, order });
  }
  const isMisnamed = (slot: number): boolean => {
    const claims = index.claimsOn(slot);
    return claims.length > 0 && claims.every((ticket) => journal.badTickets.has(ticket));
  };
  const lost = segments
    .flatMap((checked) => lostOf(directory, checked, aside.has(checked.segment)))
    // An empty slot that a wrong entry names never had a record.
    .filter(({ slot, isEmpty }) => !(isEmpty && isMisnamed(slot)));
  const staying = segments.filter(({ segment }) => !aside.has(segment)).flatMap(({ runs }) => runs);
  return {
    directory,
    actions,
    lost,
    kept: staying.filter(({ kind }) => kind !== 'damaged' && kind !== 'cut').length,
    inFlight: staying.filter(({ kind }) => kind === 'open').length,
  };
}

function isSameOrder(index: OrderIndex, segment: number, order: RebuiltOrder): boolean {
  return order.every((wanted, place) => {
    const found = index.entry(segment * recordsPerSegment + place);
    if (typeof wanted === 'string') return found === wanted || (wanted === 'empty' && found === 'begun');
    return typeof found === 'object' && found.segment === wanted.segment && found.place === wanted.place;
  });
}

const whatOf = {
  request: 'request',
  orphan: 'request',
  open: 'call in flight',
  superseded: 'request',
  event: 'event',
  damaged: 'damaged slot',
} as const;

function lostOf(directory: string, checked: CheckedSegment, isSetAside: boolean): LostRecord[] {
  const { segment, runs } = checked;
  const left = runs.filter(({ kind }) => kind === 'damaged' || (isSetAside && kind !== 'cut'));
  const image = left.length === 0 ? undefined : readImage(directory, segment);
  if (image === undefined) return [];
  return left.map(({ place, kind, fault }) => {
    const record = image.record(place);
    return {
      segment,
      slot: segment * recordsPerSegment + place,
      what: whatOf[kind as Exclude<SlotRun['kind'], 'free' | 'cut'>],
      threadId: record.u32(offset.threadId),
      notificationId: record.notificationId.toString(),
      isEmpty: record.views.u8.subarray(record.base, record.base + recordBytes).every((byte) => byte === 0),
      why: fault ?? 'its segment cannot be read',
    };
  });
}
