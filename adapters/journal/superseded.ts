import type { RequestRecord } from '../../core/request/record.js';
import { offset, recordKind } from '../../core/request/record-layout.js';
import type { OrderIndex } from './order-index.js';
import type { SegmentImage } from './segment-image.js';
import type { SlotRun } from './walk-slots.js';

/** A call that the writer of its record left unfinished. */
interface Left {
  readonly segment: number;
  readonly place: number;
  readonly epoch: number;
}

/**
 * Finds the records that a later epoch's record of the same call has replaced: whoever takes over goes on
 * with what it finds unfinished, in a record of its own. Segments are shown to it from the first to the last.
 */
export class Superseded {
  private readonly left = new Map<string, Left>();
  private readonly places = new Map<number, Set<number>>();

  constructor(private readonly index: OrderIndex) {}

  see(image: SegmentImage, runs: readonly SlotRun[], epoch: number): void {
    for (const { place, kind, ticket } of runs) {
      const isLeft = kind === 'open' || (kind === 'orphan' && this.isUnordered(ticket));
      if (!isLeft && (kind !== 'request' || this.left.size === 0)) continue;
      const record = image.record(place);
      if (record.u32(offset.kind) === recordKind.event) continue;
      const call = callOf(record);
      const former = this.left.get(call);
      if (former !== undefined && former.epoch < epoch) this.note(former);
      if (isLeft) this.left.set(call, { segment: image.segment, place, epoch });
      else this.left.delete(call);
    }
  }

  /** The runs of a segment, once all segments have been seen. */
  mark(segment: number, runs: readonly SlotRun[]): readonly SlotRun[] {
    const places = this.places.get(segment);
    if (places === undefined) return runs;
    return runs.map((run) =>
      places.has(run.place) ? { place: run.place, slots: run.slots, kind: 'superseded' } : run,
    );
  }

  /** Where something else stands at its ticket, the order may be what is damaged, and repair needs it. */
  private isUnordered(ticket: number | undefined): boolean {
    const entry = ticket === undefined ? undefined : this.index.entry(ticket);
    return entry === undefined || entry === 'empty' || entry === 'begun';
  }

  private note({ segment, place }: Left): void {
    const known = this.places.get(segment);
    if (known === undefined) this.places.set(segment, new Set([place]));
    else known.add(place);
  }
}

function callOf(record: RequestRecord): string {
  return `${record.u32(offset.listener)}/${record.notificationId}`;
}
