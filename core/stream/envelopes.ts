import { eventHeaders, headerValue, writerHeaders } from '../events/cloud-event.js';
import { eventId } from '../events/event-id.js';
import { delegationSubject } from '../events/subject.js';
import type { EventBatch } from '../publishing/event-batch.js';
import type { Handful, Outgoing } from './outgoing-queue.js';
import type { Writer } from './stored-versions.js';

/** Delegations whose texts are kept, so that they are not spelt for each event. */
const textsKept = 4096;

/** What a delegation's events have in common. */
interface DelegationTexts {
  readonly subject: string;
  /** Its id as headers have it. */
  readonly header: string;
}

/** Puts events into what they travel in: a subject and headers. */
export class Envelopes {
  private readonly common: string;
  private readonly texts = new Map<string, DelegationTexts>();

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
      const { subject, header } = this.textsOf(batch.tenants[index] as string, streamId);
      const messageId = eventId(header, version);
      events.push({
        id,
        messageId,
        streamId,
        version,
        subject: `${subject}.${type}`,
        headers: this.common + eventHeaders(messageId, type, batch.times[index] as string),
        payload: batch.bytes.subarray(from, to),
        handful,
      });
      from = to;
    }
    return events;
  }

  private textsOf(tenant: string, streamId: string): DelegationTexts {
    const known = this.texts.get(streamId);
    if (known !== undefined) return known;
    const texts = {
      subject: delegationSubject(this.node, tenant, streamId),
      header: headerValue(streamId),
    };
    if (this.texts.size >= textsKept) this.texts.clear();
    this.texts.set(streamId, texts);
    return texts;
  }
}
