import { eventHeaders, writerHeaders } from '../events/cloud-event.js';
import { eventId } from '../events/event-id.js';
import { delegationSubject } from '../events/subject.js';
import type { EventBatch } from '../publishing/event-batch.js';
import type { Handful, Outgoing } from './outgoing-queue.js';
import type { Writer } from './stored-versions.js';

/** Subjects that are kept, so that a delegation's is not spelt for each of its events. */
const subjectsKept = 4096;

/** Puts events into what they travel in: a subject and headers. */
export class Envelopes {
  private readonly common: string;
  private readonly subjects = new Map<string, string>();

  constructor(
    private readonly node: string,
    writer: Writer,
  ) {
    this.common = writerHeaders(node, writer.id, writer.epoch);
  }

  /** The events of a batch; their payloads stay in its memory. */
  of(batch: EventBatch, resolve: Handful['resolve'], reject: Handful['reject']): Outgoing[] {
    const { count } = batch;
    const handful = { left: count, duplicates: 0, count, resolve, reject };
    if (count === 0) resolve({ appended: 0, duplicates: 0 });
    const events: Outgoing[] = [];
    let from = 0;
    for (let index = 0; index < count; index++) {
      const to = batch.ends[index] as number;
      const streamId = batch.streamIds[index] as string;
      const version = batch.versions[index] as number;
      const type = batch.types[index] as string;
      const id = eventId(streamId, version);
      events.push({
        id,
        streamId,
        version,
        subject: `${this.subjectOf(batch.tenants[index] as string, streamId)}.${type}`,
        headers: this.common + eventHeaders(id, type, batch.times[index] as string),
        payload: batch.bytes.subarray(from, to),
        handful,
      });
      from = to;
    }
    return events;
  }

  private subjectOf(tenant: string, streamId: string): string {
    const known = this.subjects.get(streamId);
    if (known !== undefined) return known;
    const subject = delegationSubject(this.node, tenant, streamId);
    if (this.subjects.size >= subjectsKept) this.subjects.clear();
    this.subjects.set(streamId, subject);
    return subject;
  }
}
