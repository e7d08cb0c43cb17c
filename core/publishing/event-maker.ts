import { eventId } from '../events/event-id.js';
import { type EventType, eventVersions } from '../events/event-versions.js';
import type { EventData } from '../events/registry.js';
import { recordType, type SyscallNames, writeRecord } from '../request/describe-record.js';
import { HandleUses } from '../request/handle-use.js';
import type { RequestRecord } from '../request/record.js';
import { offset } from '../request/record-layout.js';
import type { Checkpoint, LastEvent } from './checkpoint.js';
import type { EventBatch } from './event-batch.js';
import { parsePayload } from './event-payload.js';
import { type EventFrame, eventFrame, TimeTexts, writeEnvelope } from './event-text.js';
import type { ListenerIdentity } from './listener-identity.js';
import { countOf, OpenStreams } from './open-streams.js';
import { latencyBoundsUs, Summaries, type Summary } from './summaries.js';

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
  /** Of the delegations whose streams are open: what was read here of how they use handles. */
  readonly uses = new HandleUses();
  private readonly listeners = new Map<number, Introduced>();
  private readonly times = new TimeTexts();
  private readonly summaries = new Summaries();
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
    this.summaries.restore(checkpoint.summaries ?? []);
    this.uses.restore(checkpoint.uses ?? []);
  }

  /** All that is known now; everything before `position` is published. */
  checkpoint(position: number): Checkpoint {
    const listeners = [...this.listeners.values()].map(({ identity }) => identity);
    const { last } = this;
    const streams = this.streams.list();
    const open = this.summaries.list();
    const summaries = open.length === 0 ? {} : { summaries: open.map((one) => structuredClone(one)) };
    const used = this.uses.list();
    const uses = used.length === 0 ? {} : { uses: used };
    const known = { format: 1, position, streams, listeners, ...summaries, ...uses } as const;
    return last === undefined ? known : { ...known, last };
  }

  request(record: RequestRecord, ticket: number): void {
    const listener = this.listeners.get(record.u32(offset.listener));
    if (listener === undefined) return;
    const { identity, frame } = listener;
    const { delegationId, tenant } = identity;
    const type = recordType(record);
    this.streams.count(delegationId, tenant, countOf[type]);
    this.uses.count(delegationId, this.options.syscallName(record.syscallNumber), record);
    const succeeded = type === 'request.answered' && record.i32(offset.result) >= 0;
    if (identity.record === 'summary') return this.summarize(identity, record, ticket);
    if (identity.record === 'failures' && succeeded) return;
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
    if (payload.kind === 'tick') {
      for (const summary of this.summaries.takeBefore(payload.timeMs)) this.pushSummary(summary, ticket);
      return;
    }
    const { type, delegationId, tenant, causationId, data } = payload.draft;
    if (type === 'delegation.degraded') {
      const { reason, opened } = data as EventData<'delegation.degraded'>;
      this.uses.told(delegationId, reason, opened);
    }
    const open = this.summaries.take(delegationId);
    if (open !== undefined) this.pushSummary(open, ticket);
    // Requests in the order before it may not have been counted yet when it was appended.
    const counts = this.streams.countsOf(delegationId);
    const folded = type === 'delegation.snapshot' ? { ...data, counts } : data;
    this.push(type, delegationId, tenant, causationId, ticket, payload.timeMs, folded);
  }

  private summarize(identity: ListenerIdentity, record: RequestRecord, ticket: number): void {
    const { delegationId, tenant } = identity;
    const answeredAtUs = record.f64(offset.answeredAtUs);
    const timeMs = this.options.baseMs(ticket) + answeredAtUs / 1_000;
    const latencyUs = answeredAtUs - record.f64(offset.receivedAtUs);
    const kind = countOf[recordType(record)];
    const finished = this.summaries.add(delegationId, tenant, kind, timeMs, latencyUs);
    if (finished !== undefined) this.pushSummary(finished, ticket);
  }

  private pushSummary(summary: Summary, ticket: number): void {
    const { delegationId, tenant, second, requests, latencies } = summary;
    const startedAt = new Date(second * 1_000).toISOString();
    const latencyUs = { bounds: latencyBoundsUs, counts: latencies };
    const data = { startedAt, durationMs: 1_000, requests, latencyUs };
    const endMs = (second + 1) * 1_000;
    this.push('request.summary', delegationId, tenant, delegationId, ticket, endMs, data);
  }

  /** Is there a second that only time will end? */
  get hasOpenSummaries(): boolean {
    return !this.summaries.isEmpty;
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
    if (this.streams.hasEnded(delegationId)) this.uses.forget(delegationId);
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
