import { eventId } from '../events/event-id.js';
import { type EventType, eventVersions } from '../events/event-versions.js';
import { recordType, type SyscallNames, writeRecord } from '../request/describe-record.js';
import type { RequestRecord } from '../request/record.js';
import { offset } from '../request/record-layout.js';
import type { Checkpoint, LastEvent } from './checkpoint.js';
import type { EventBatch } from './event-batch.js';
import { parsePayload } from './event-payload.js';
import { type EventFrame, eventFrame, TimeTexts, writeEnvelope } from './event-text.js';
import type { ListenerIdentity } from './listener-identity.js';
import { countOf, OpenStreams } from './open-streams.js';

export interface EventMakerOptions {
  readonly node: string;
  readonly syscallName: SyscallNames;
  /** The epoch of whoever publishes. */
  readonly epoch: () => number;
  /** Wall-clock milliseconds at monotonic time zero, as the writer of this ticket saw it. */
  readonly baseMs: (ticket: number) => number;
  /** A payload that can't be read: the other events still come. */
  readonly onDamaged: (ticket: number) => void;
}

/** A listener that has been introduced, with the text that its events share. */
interface Introduced {
  readonly identity: ListenerIdentity;
  readonly frame: EventFrame;
}

/**
 * Makes the journal's records, in their order, into events with their versions, and puts them into a batch.
 * The same for whoever reads the same journal, so that what is published twice is the same event.
 */
export class EventMaker {
  readonly streams = new OpenStreams();
  private readonly listeners = new Map<number, Introduced>();
  private readonly times = new TimeTexts();
  private last: LastEvent | undefined;

  constructor(
    private readonly options: EventMakerOptions,
    private batch: EventBatch,
  ) {}

  /** Puts what it makes into another batch from here on. */
  writeTo(batch: EventBatch): void {
    this.batch = batch;
  }

  /** All that was known at a checkpoint. */
  restore(checkpoint: Checkpoint): void {
    this.streams.restore(checkpoint.streams);
    for (const identity of checkpoint.listeners) this.know(identity);
    this.last = checkpoint.last;
  }

  /** All that is known now; everything before `position` is published. */
  checkpoint(position: number): Checkpoint {
    const listeners = [...this.listeners.values()].map(({ identity }) => identity);
    const { last } = this;
    const known = { format: 1, position, streams: this.streams.list(), listeners } as const;
    return last === undefined ? known : { ...known, last };
  }

  request(record: RequestRecord, ticket: number): void {
    const listener = this.listeners.get(record.u32(offset.listener));
    if (listener === undefined) return;
    const { identity, frame } = listener;
    const { delegationId, tenant } = identity;
    const type = recordType(record);
    this.streams.count(delegationId, tenant, countOf[type]);
    const succeeded = type === 'request.answered' && record.i32(offset.result) >= 0;
    if (identity.record === 'summary' || (identity.record === 'failures' && succeeded)) return;
    const timeMs = this.options.baseMs(ticket) + record.f64(offset.answeredAtUs) / 1_000;
    const version = this.streams.next(delegationId, tenant);
    const { json } = this.batch;
    const time = this.times.of(timeMs);
    writeEnvelope(json, frame, type, version, time, ticket);
    writeRecord(json, record, this.options.syscallName);
    json.ascii('}');
    this.batch.endEvent(delegationId, version, tenant, type, time);
    this.last = { streamId: delegationId, version };
  }

  event(text: string, ticket: number): void {
    const payload = parsePayload(text);
    if (payload === undefined) return this.options.onDamaged(ticket);
    if (payload.kind === 'listener') return this.know(payload.identity);
    if (payload.kind === 'gone') {
      this.listeners.delete(payload.key);
      return;
    }
    const { type, delegationId, tenant, causationId, data } = payload.draft;
    this.push(type, delegationId, tenant, causationId, ticket, payload.timeMs, data);
  }

  private know(identity: ListenerIdentity): void {
    const frame = eventFrame(identity, this.options.node, this.options.epoch());
    this.listeners.set(identity.key, { identity, frame });
  }

  private push(
    type: EventType,
    delegationId: string,
    tenant: string,
    causationId: string,
    ticket: number,
    timeMs: number,
    data: unknown,
  ): void {
    const version = this.streams.advance(delegationId, tenant, type);
    const time = new Date(timeMs).toISOString();
    const json = JSON.stringify({
      id: eventId(delegationId, version),
      type,
      version,
      schemaVersion: eventVersions[type],
      time,
      node: this.options.node,
      tenant,
      delegationId,
      correlationId: delegationId,
      causationId,
      epoch: this.options.epoch(),
      sequence: ticket,
      data,
    });
    this.batch.addText({ delegationId, version, tenant, type, time }, json);
    this.last = { streamId: delegationId, version };
  }
}
