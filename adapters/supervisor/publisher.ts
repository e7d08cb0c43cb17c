import { eventId } from '../../core/events/envelope.js';
import { type EventType, eventRegistry } from '../../core/events/registry.js';
import { recordsPerSegment } from '../../core/journal/segment-layout.js';
import type { Logger } from '../../core/ports/logger.js';
import type { EventDraft, Sequencer } from '../../core/ports/sequencer.js';
import { recordType, type SyscallNames, writeRecord } from '../../core/request/describe-record.js';
import type { RequestRecord } from '../../core/request/record.js';
import { offset } from '../../core/request/record-layout.js';
import { EventBatch, type FileEventStore } from '../event-store/index.js';
import type { Journal } from '../journal/journal.js';
import { JournalTail, type TailSink } from '../journal/journal-tail.js';
import { Outage } from '../logging/outage.js';
import { EventQueue } from './event-queue.js';
import { type EventFrame, eventFrame, TimeTexts, writeEnvelope } from './event-text.js';
import type { ListenerCounts, ListenerIdentity } from './listener-registry.js';

/** Records read in one go; a batch is one write of the store. */
const batchRecords = 128;
/**
 * Between batches the publisher lets others run. The hot loop may share its processor, and the scheduler
 * would let a long batch run on for milliseconds while a target waits.
 */
const restMs = 1;
/** After a failure of the store it is tried again this often; requests go on meanwhile. */
const retryMs = 500;

const storeFails = 'the event store does not take events, which the journal keeps meanwhile';

const countOf = {
  'request.answered': 'answered',
  'request.refused': 'refused',
  'request.cancelled': 'cancelled',
  'request.lost': 'lost',
} as const;

export interface PublisherOptions {
  readonly journal: Journal;
  readonly journalDirectory: string;
  readonly store: FileEventStore;
  readonly node: string;
  readonly syscallName: SyscallNames;
  readonly counts: ListenerCounts;
  readonly logger: Logger;
}

/** An event record's payload in the journal: a draft, or word of a listener. */
type Payload =
  | { readonly kind: 'draft'; readonly timeMs: number; readonly draft: EventDraft }
  | { readonly kind: 'listener'; readonly identity: ListenerIdentity };

/** A listener that has been introduced, with the text that its events share. */
interface Introduced {
  readonly identity: ListenerIdentity;
  readonly frame: EventFrame;
}

/**
 * Follows the journal in its order, gives each event its version, and appends to the store. Every event of
 * the system takes this one way.
 */
export class Publisher implements Sequencer, TailSink {
  private readonly tail: JournalTail;
  private readonly versions = new Map<string, number>();
  private readonly listeners = new Map<number, Introduced>();
  private readonly times = new TimeTexts();
  private readonly waiters: { ticket: number; resolve: () => void }[] = [];
  private readonly batch = new EventBatch();
  private readonly queue: EventQueue;
  private readonly outage: Outage;
  private publishedBefore: number;
  private stopping = false;
  private running: Promise<void> | undefined;

  constructor(private readonly options: PublisherOptions) {
    const first = options.journal.firstSegment * recordsPerSegment;
    this.tail = new JournalTail(options.journalDirectory, first);
    this.publishedBefore = first;
    this.queue = new EventQueue(options.journal);
    this.outage = new Outage(options.logger, storeFails, 'the event store takes events again');
  }

  /** Starts following; the store's last versions are where numbering goes on. */
  async start(): Promise<void> {
    for (const [stream, version] of await this.options.store.lastVersions())
      this.versions.set(stream, version);
    this.running = this.follow();
  }

  append<Type extends EventType>(draft: EventDraft<Type>): number {
    const payload: Payload = { kind: 'draft', timeMs: Date.now(), draft };
    return this.queue.append(JSON.stringify(payload));
  }

  /** Writes down whose a listener is; resolves when it stands there, and its first record may follow. */
  async introduce(identity: ListenerIdentity): Promise<void> {
    this.know(identity);
    const payload: Payload = { kind: 'listener', identity };
    await this.queue.written(this.queue.append(JSON.stringify(payload)));
  }

  /** Writes what had to wait for room in the journal. */
  writeWaiting(): void {
    this.queue.writeWaiting();
  }

  async published(given: number): Promise<void> {
    const ticket = await this.queue.written(given);
    if (ticket < this.publishedBefore) return;
    await new Promise<void>((resolve) => this.waiters.push({ ticket, resolve }));
  }

  /** The first ticket that isn't in the store yet. */
  get position(): number {
    return this.publishedBefore;
  }

  /** Publishes what is committed and stops. */
  async stop(): Promise<void> {
    const left = this.queue.writeWaiting();
    if (left > 0)
      this.options.logger.error({ events: left }, 'there is no room to write events; they end here');
    this.stopping = true;
    this.options.journal.counters.announce();
    await this.running;
    this.tail.close();
  }

  request(record: RequestRecord, ticket: number): void {
    const key = record.u32(offset.listener);
    const listener = this.listeners.get(key);
    const type = recordType(record);
    this.options.counts.add(key, countOf[type]);
    if (listener === undefined) return;
    const { identity, frame } = listener;
    const succeeded = type === 'request.answered' && record.i32(offset.result) >= 0;
    if (identity.record === 'failures' && succeeded) return;
    const timeMs = this.options.journal.wallClockBaseMs + record.f64(offset.answeredAtUs) / 1_000;
    const version = this.nextVersion(identity.delegationId);
    const { json } = this.batch;
    writeEnvelope(json, frame, type, version, this.times.of(timeMs), ticket);
    writeRecord(json, record, this.options.syscallName);
    json.ascii('}');
    this.batch.endEvent(identity.delegationId, version);
  }

  event(text: string, ticket: number): void {
    const payload = JSON.parse(text) as Payload;
    if (payload.kind === 'listener') {
      this.know(payload.identity);
      return;
    }
    const { type, delegationId, tenant, causationId, data } = payload.draft;
    this.push(type, delegationId, tenant, causationId, ticket, payload.timeMs, data);
  }

  /** A listener is gone and all its records are published: forget whose it was. */
  forget(key: number): void {
    this.listeners.delete(key);
  }

  private know(identity: ListenerIdentity): void {
    const frame = eventFrame(identity, this.options.node, this.options.journal.epoch);
    this.listeners.set(identity.key, { identity, frame });
  }

  private nextVersion(delegationId: string): number {
    const version = (this.versions.get(delegationId) ?? 0) + 1;
    this.versions.set(delegationId, version);
    return version;
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
    const version = this.nextVersion(delegationId);
    const json = JSON.stringify({
      id: eventId(delegationId, version),
      type,
      version,
      schemaVersion: eventRegistry[type].version,
      time: new Date(timeMs).toISOString(),
      node: this.options.node,
      tenant,
      delegationId,
      correlationId: delegationId,
      causationId,
      epoch: this.options.journal.epoch,
      sequence: ticket,
      data,
    });
    this.batch.addText(delegationId, version, json);
    if (type === 'delegation.released' || type === 'delegation.refused' || type === 'delegation.failed') {
      // Nothing follows in this stream, so its number needs no remembering.
      this.versions.delete(delegationId);
    }
  }

  private async follow(): Promise<void> {
    for (;;) {
      const count = this.tail.read(this, batchRecords);
      if (count > 0) {
        await this.store();
        this.resolveWaiters();
        await rest(restMs);
        continue;
      }
      if (this.stopping) return;
      await this.options.journal.counters.announced();
    }
  }

  private async store(): Promise<void> {
    const { batch } = this;
    for (;;) {
      try {
        if (batch.count > 0) await this.options.store.appendSerialized(batch);
        batch.clear();
        this.publishedBefore = this.tail.position;
        this.outage.end();
        return;
      } catch (error) {
        this.outage.note(error);
        if (this.stopping) return;
        await rest(retryMs);
      }
    }
  }

  private resolveWaiters(): void {
    for (let index = this.waiters.length - 1; index >= 0; index--) {
      const waiter = this.waiters[index];
      if (waiter === undefined || waiter.ticket >= this.publishedBefore) continue;
      this.waiters.splice(index, 1);
      waiter.resolve();
    }
  }
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
