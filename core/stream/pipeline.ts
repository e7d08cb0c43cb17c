import { type DeputyError, deputyError, isDeputyError } from '../errors/deputy-error.js';
import type { PublishReply, StreamPort } from '../ports/stream.js';
import { rest, type Timers } from '../ports/timers.js';
import type { StoreCursor } from '../publishing/checkpoint.js';
import type { StoreState } from '../publishing/published-store.js';
import { EarlyAnswers } from './early-answers.js';
import { Link } from './link.js';
import type { Outgoing } from './outgoing.js';
import { finishEvent, OutgoingQueue } from './outgoing-queue.js';
import { away, type Trouble, troubleOf } from './publish-trouble.js';
import { type Behind, gapAt, readBehind, StoredEvents, type StoredRange } from './stored-events.js';
import { fenced, type Writer } from './stored-versions.js';

/** Messages that are sent and not acknowledged at most. */
const windowMessages = 512;
/** More are sent when so few are left. */
const refillBelow = windowMessages / 2;
/** Nothing is heard of the eldest for this long: what became of it is looked up. */
const acknowledgeMs = 5_000;
/** What is still on its way after a failure gets this long. */
const settleMs = 1_000;
const firstBackoffMs = 50;
const longestBackoffMs = 2_000;

export interface PipelineOptions {
  readonly port: StreamPort;
  readonly timers: Timers;
  readonly writer: Writer;
  /** Said when it changes, and with each new reason. */
  readonly onState: (state: StoreState, error?: DeputyError) => void;
}

/** Where a stream stands when publishing begins. */
export interface PipelineStart {
  readonly created: string;
  readonly sequence: number;
  readonly id?: string | undefined;
  /** What is in the stream of events that may be handed in. */
  readonly stored: ReadonlyMap<string, StoredRange>;
  /** What somebody else wrote behind there is passed over, until something of ours stands behind it. */
  readonly adopt: boolean;
}

/**
 * Publishes in one order, many at a time, each with the sequence at which the stream has to be. On the first
 * failure it stops, lets what is on its way settle, reads the stream's end, and goes on behind what is there.
 */
export class Pipeline {
  private readonly queue = new OutgoingQueue();
  private stopLooking: () => void = () => undefined;
  private phase: 'idle' | 'sending' | 'recovering' | 'closed' = 'idle';
  private base = 0;
  private created = '';
  private lastId: string | undefined;
  private stored = new StoredEvents();
  private adopts = false;
  hasStored = false;
  /** Counts how often it began to send: what was sent before is answered to nobody. */
  private run = 0;
  private readonly early = new EarlyAnswers();
  private unanswered = 0;
  private troubles = 0;
  private heardAtMs = 0;
  private readonly link = new Link();
  private settled: () => void = () => undefined;
  private current: StoreState = 'open';
  /** Why nothing more is taken. */
  private failure: DeputyError | undefined;

  constructor(private readonly options: PipelineOptions) {
    options.port.listen({
      replied: (run, reply) => this.hear(run, reply),
      disconnected: () => this.disconnected(),
      reconnected: () => this.link.up(),
    });
    this.lookAtAge();
  }

  get state(): StoreState {
    return this.current;
  }

  /** Where the stream's end is, as far as this writer's events go. */
  get cursor(): StoreCursor {
    const { base: sequence, created, lastId } = this;
    const cursor = { stream: this.options.port.stream, created, sequence };
    return lastId === undefined ? cursor : { ...cursor, id: lastId };
  }

  /** Begins, or begins anew: what was handed in before has failed. */
  async start({ created, sequence, id, stored, adopt }: PipelineStart): Promise<void> {
    this.failure = undefined;
    this.created = created;
    this.base = sequence;
    this.lastId = id;
    this.stored = new StoredEvents(stored);
    this.adopts = adopt;
    this.setState('open');
    this.phase = 'recovering';
    await this.recover();
    if (this.failure !== undefined) throw this.failure;
  }

  /** Hands in events behind all that were handed in before. */
  push(events: readonly Outgoing[]): void {
    const isReplay = !this.stored.isEmpty;
    for (const event of events) {
      const isMissing = isReplay && this.stored.isMissing(event);
      if (isMissing) this.fail(gapAt(this.options.port.stream, event.id));
      if (isReplay && !isMissing && this.stored.take(event)) finishEvent(event, true);
      else this.queue.push(event);
    }
    if (this.failure !== undefined) this.queue.fail(this.failure);
    this.pump();
  }

  /** Does not begin: what stands in the stream forbids it. */
  refuse(error: DeputyError): void {
    const isOfStream = error.code === 'DEPUTY_E_STREAM_FENCED' || error.code === 'DEPUTY_E_STREAM_GAP';
    if (isOfStream && this.failure !== error) this.fail(error);
  }

  close(error: DeputyError): void {
    this.link.up();
    this.phase = 'closed';
    this.failure = error;
    this.stopLooking();
    this.options.port.close();
    this.settled();
    this.queue.fail(error);
  }

  private pump(): void {
    const { queue } = this;
    const { port, timers } = this.options;
    // A write for each acknowledgement would cost more than all the rest.
    if (queue.sent > refillBelow) return;
    while (this.phase === 'sending' && queue.sent < windowMessages) {
      const event = queue.nextToSend;
      if (event === undefined) return;
      // Somebody else's message takes one predicted sequence, and what comes behind the one that is refused
      // would fit again: it doesn't fit behind a message that isn't there. Where servers bring each other up
      // to date they lose track of the last message's id, and would come to differ (ADR 23).
      const before = port.isReplicated ? undefined : queue.lastSent;
      const headers = event.headers(this.base + queue.sent, before);
      if (queue.sent === 0) this.heardAtMs = timers.nowMs();
      try {
        port.publish(this.run, event.subject, headers, event.payload);
      } catch (error) {
        return this.disturb(away(port.servers, String(error)));
      }
      this.unanswered++;
      queue.sent++;
    }
  }

  private hear(run: number, reply: PublishReply): void {
    if (run !== this.run || this.phase === 'closed') return;
    this.unanswered--;
    if (this.phase !== 'sending') {
      if (this.unanswered <= 0) this.settled();
      return;
    }
    if (reply.kind !== 'stored' || reply.wasDuplicate) {
      const { stream, servers } = this.options.port;
      return this.disturb(troubleOf(reply, stream, servers));
    }
    // Each is stored where it was predicted, or not at all: its sequence says which one it is.
    const place = reply.sequence - this.base;
    if (place < 1 || place > this.queue.sent) return this.disturb({ state: 'open' });
    if (place > 1) return this.early.keep(reply.sequence);
    do this.acknowledged();
    while (this.early.take(this.base + 1));
    this.pump();
  }

  private acknowledged(): void {
    this.base++;
    this.hasStored = true;
    this.lastId = this.queue.shift().id;
    this.heardAtMs = this.options.timers.nowMs();
    this.troubles = 0;
    this.setState('open');
  }

  /** Now and then: has nothing been heard of the eldest for too long? */
  private lookAtAge(): void {
    const { timers, port } = this.options;
    this.stopLooking = timers.after(acknowledgeMs / 5, () => this.lookAtAge(), true);
    if (this.phase !== 'sending' || this.queue.sent === 0) return;
    if (timers.nowMs() - this.heardAtMs < acknowledgeMs) return;
    this.disturb(away(port.servers, `no answer for ${acknowledgeMs} ms`));
  }

  private disconnected(): void {
    this.link.down();
    // What was on its way on that connection is never answered.
    this.unanswered = 0;
    this.settled();
    this.disturb(away(this.options.port.servers, 'the connection is lost'));
  }

  /** The first failure: nothing more is sent until the stream's end is known. */
  private disturb({ state, error }: Trouble): void {
    if (error !== undefined) this.setState(state, error);
    if (this.phase !== 'sending') return;
    this.phase = 'recovering';
    void this.recover();
  }

  private async recover(): Promise<void> {
    while (this.phase === 'recovering') {
      await this.letSettle();
      if (this.troubles > 0) {
        const backoffMs = firstBackoffMs * 2 ** Math.min(this.troubles - 1, 10);
        await rest(this.options.timers, Math.min(longestBackoffMs, backoffMs));
      }
      this.troubles++;
      if (this.phase !== 'recovering') return;
      try {
        await this.link.whenUp();
        await this.link.unlessDown(this.readEnd());
        if (this.phase !== 'recovering') return;
        this.phase = 'sending';
        if (this.queue.length === 0) this.setState('open');
        return this.pump();
      } catch (error) {
        if (isDeputyError(error)) return this.fail(error);
        const { state, error: coded } = away(this.options.port.servers, String(error));
        this.setState(state, coded);
      }
    }
  }

  /** Waits for answers to all that was sent, but not for ever. */
  private async letSettle(): Promise<void> {
    if (this.unanswered <= 0) return;
    await new Promise<void>((resolve) => {
      const cancel = this.options.timers.after(settleMs, resolve);
      this.settled = () => {
        cancel();
        resolve();
      };
    });
    this.settled = () => undefined;
  }

  /** Reads what the stream has behind the last sequence that is known, and goes on from there. */
  private async readEnd(): Promise<void> {
    const { port, writer } = this.options;
    const { created, firstSequence, lastSequence } = await port.ends();
    if (created !== this.created) throw this.behind('it was made anew');
    if (lastSequence < this.base) throw this.behind(`it ends at ${lastSequence}, not at ${this.base}`);
    if (lastSequence > this.base) {
      const behind = await readBehind(port.messagesFrom(this.base + 1), writer);
      this.stored.add(behind, Math.max(0, Math.min(firstSequence - 1, lastSequence) - this.base));
      this.assertWhole(behind);
      this.base = lastSequence;
      this.lastId = undefined;
    }
    this.run++;
    this.unanswered = 0;
    this.early.clear();
    this.queue.sent = 0;
    this.queue.dropFrom(0, (event) => this.stored.take(event));
  }

  /** Nobody else wrote, and nothing of ours is missing before what is there. */
  private assertWhole({ stranger, missing }: Behind): void {
    const { port, writer } = this.options;
    const first = this.queue.find((event) => this.stored.isMissing(event))?.id;
    const lost = first ?? missing;
    const passes = this.adopts && !this.hasStored;
    if (stranger !== undefined && !passes) throw fenced(port.stream, stranger, writer, lost);
    if (lost !== undefined) throw gapAt(port.stream, lost);
  }

  private behind(detail: string): DeputyError {
    return deputyError('DEPUTY_E_STREAM_WENT_BACKWARDS', { stream: this.options.port.stream, detail });
  }

  private fail(error: DeputyError): void {
    this.phase = 'idle';
    this.failure = error;
    this.setState(error.code === 'DEPUTY_E_STREAM_WENT_BACKWARDS' ? 'behind' : 'fenced', error);
    this.queue.fail(error);
  }

  private setState(state: StoreState, error?: DeputyError): void {
    if (state === this.current && error === undefined) return;
    this.current = state;
    this.options.onState(state, error);
  }
}
