import { headerValue, writerHeaders } from '../events/cloud-event.js';
import { delegationSubject } from '../events/subject.js';
import type { EventBatch } from '../publishing/event-batch.js';
import { type DelegationTexts, type Handful, Outgoing } from './outgoing.js';
import type { Writer } from './stored-versions.js';

/** Delegations whose texts are kept, so that they are not spelt for each event. */
const textsKept = 4096;

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
    const { bytes, count, ends, streamIds, tenants, versions, types, times } = batch;
    const handful = { bytes, left: count, duplicates: 0, count, resolve, reject };
    if (count === 0) resolve({ appended: 0, duplicates: 0 });
    const events: Outgoing[] = [];
    let from = 0;
    for (let index = 0; index < count; index++) {
      const to = ends[index] as number;
      const texts = this.textsOf(tenants[index] as string, streamIds[index] as string);
      const version = versions[index] as number;
      const time = times[index] as string;
      events.push(new Outgoing(texts, version, types[index] as string, time, handful, from, to));
      from = to;
    }
    return events;
  }

  private textsOf(tenant: string, streamId: string): DelegationTexts {
    const known = this.texts.get(streamId);
    if (known !== undefined) return known;
    const texts = {
      streamId,
      header: headerValue(streamId),
      subject: delegationSubject(this.node, tenant, streamId),
      common: this.common,
    };
    if (this.texts.size >= textsKept) this.texts.clear();
    this.texts.set(streamId, texts);
    return texts;
  }
}
