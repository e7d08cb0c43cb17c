import type { RequestRecord } from '../request/record.js';
import { injectionOutcome, offset } from '../request/record-layout.js';
import type { InjectorMemory } from './injector-kernel.js';
import {
  askToWithdraw,
  createReply,
  decodeReply,
  encodeRequest,
  packetBytes,
  replyOutcome,
  replyReason,
  requestFlag,
} from './protocol.js';

/** Packets with descriptors over a channel, which waits for nobody: bytes, or minus an errno. */
export interface PacketPort {
  readonly memory: InjectorMemory;
  send(channel: number, address: number, bytes: number, passed: readonly number[]): number;
  receive(channel: number, address: number, bytes: number): number;
  close(channel: number): void;
}

/** A listener, as far as the injector gets it. */
export interface InjectedListener {
  readonly descriptor: number;
}

const EAGAIN = -11;
const EBADF = -9;
const replyAt = 2048;

/** An injector that dies again and again over the same request gets it no more. */
const attemptLimit = 3;
const EIO = 5;

interface Pending {
  readonly record: RequestRecord;
  /** Undefined for a query, which brings nothing along. */
  readonly listener: InjectedListener | undefined;
  readonly descriptor: number;
  readonly closeOnExec: boolean;
  /** A number in the target's table to be closed, where nothing is to be brought. */
  readonly withdrawn: number | undefined;
  attempts: number;
}

/**
 * A loop's side of its channel to the injector. Requests go out at once where there is room, else they wait
 * here; those under way when the injector dies are handed to the next one, which finds out what still stands.
 */
export class InjectionClient {
  private channel = -1;
  private nextToken = 1;
  private readonly memory: InjectorMemory;
  private readonly reply = createReply();
  private readonly underWay = new Map<number, Pending>();
  private queue: Pending[] = [];
  private readonly unaskable: Pending[] = [];

  constructor(private readonly packets: PacketPort) {
    this.memory = packets.memory;
  }

  /**
   * Uses a channel from now on; what is not answered yet goes out again. What can't be asked any more goes to
   * `done` as cancelled.
   */
  connect(channel: number, done: (record: RequestRecord) => void): void {
    if (this.channel >= 0) this.disconnect();
    this.channel = channel;
    this.flush();
    this.giveBack(done);
  }

  get descriptor(): number {
    return this.channel;
  }

  /** Requests that wait for an injector's answer. */
  get pending(): number {
    return this.underWay.size + this.queue.length;
  }

  submit(
    record: RequestRecord,
    listener: InjectedListener,
    descriptor: number,
    closeOnExec: boolean,
  ): number {
    this.queue.push({ record, listener, descriptor, closeOnExec, withdrawn: undefined, attempts: 0 });
    this.flush();
    return 0;
  }

  withdraw(record: RequestRecord, listener: InjectedListener, descriptor: number, number: number): number {
    this.queue.push({ record, listener, descriptor, closeOnExec: false, withdrawn: number, attempts: 0 });
    this.flush();
    return 0;
  }

  /**
   * Asks what became of a request that a predecessor had given to the injector, without having anything done.
   * The outcome lands in the record as an injection's does; `unknown` when the injector never heard of it, or
   * died before it could write down how it ended. To be asked before anything new is submitted.
   */
  query(record: RequestRecord): void {
    const nothing = { listener: undefined, descriptor: -1, closeOnExec: false, withdrawn: undefined };
    this.queue.push({ record, ...nothing, attempts: 0 });
    this.flush();
  }

  /**
   * Takes what the injector answered: each record whose outcome is now in it goes to `done`. False when the
   * channel is closed; the requests under way are then queued again.
   */
  receive(done: (record: RequestRecord) => void): boolean {
    for (;;) {
      const address = this.memory.address + replyAt;
      const bytes = this.packets.receive(this.channel, address, packetBytes.reply);
      if (bytes === EAGAIN) break;
      if (bytes <= 0) {
        this.disconnect();
        this.giveUpHopeless(done);
        return false;
      }
      if (!decodeReply({ words: this.memory.u32, at: replyAt }, bytes, this.reply)) continue;
      const pending = this.underWay.get(this.reply.token);
      if (pending === undefined) continue;
      this.underWay.delete(this.reply.token);
      this.noteOutcome(pending.record);
      done(pending.record);
    }
    this.flush();
    this.giveBack(done);
    return true;
  }

  private noteOutcome(record: RequestRecord): void {
    const { outcome, result, reason, subStep } = this.reply;
    record.setU16(offset.injectionSubStep, subStep);
    record.setI32(offset.result, result);
    record.setU16(offset.injectionOutcome, outcomeOf(outcome, reason));
  }

  private flush(): void {
    while (this.channel >= 0) {
      const pending = this.queue[0];
      if (pending === undefined) return;
      const result = this.send(pending);
      if (result === EAGAIN) return;
      if (result < 0 && result !== EBADF) {
        this.disconnect();
        return;
      }
      this.queue.shift();
      // Its listener was closed meanwhile: there is nobody left to answer.
      if (result === EBADF) this.unaskable.push(pending);
    }
  }

  private send(pending: Pending): number {
    const { record, listener, descriptor, closeOnExec } = pending;
    const token = this.nextToken;
    const words = record.views.u32;
    encodeRequest(
      { words: this.memory.u32, at: 0 },
      token,
      listener === undefined ? requestFlag.query : closeOnExec ? requestFlag.closeOnExec : 0,
      { words, at: record.base + offset.notification },
      { words, at: record.base + offset.handle },
    );
    if (pending.withdrawn !== undefined) askToWithdraw({ words: this.memory.u32, at: 0 }, pending.withdrawn);
    const passed = listener === undefined ? [] : [listener.descriptor, descriptor];
    const result = this.packets.send(this.channel, this.memory.address, packetBytes.request, passed);
    if (result < 0) return result;
    pending.attempts++;
    record.setU16(offset.attempts, pending.attempts);
    this.nextToken = (this.nextToken + 1) >>> 0;
    this.underWay.set(token, pending);
    return 0;
  }

  private disconnect(): void {
    if (this.channel >= 0) this.packets.close(this.channel);
    this.channel = -1;
    this.queue = [...this.underWay.values(), ...this.queue];
    this.underWay.clear();
  }

  private giveBack(done: (record: RequestRecord) => void): void {
    for (const { record } of this.unaskable.splice(0)) {
      record.setU16(offset.injectionOutcome, injectionOutcome.cancelled);
      done(record);
    }
  }

  private giveUpHopeless(done: (record: RequestRecord) => void): void {
    const hopeless = this.queue.filter((pending) => pending.attempts >= attemptLimit);
    this.queue = this.queue.filter((pending) => pending.attempts < attemptLimit);
    for (const { record, listener } of hopeless) {
      const isQuery = listener === undefined;
      record.setI32(offset.result, isQuery ? 0 : -EIO);
      record.setU16(offset.injectionOutcome, isQuery ? injectionOutcome.unknown : injectionOutcome.errno);
      done(record);
    }
  }
}

function outcomeOf(outcome: number, reason: number): number {
  if (outcome === replyOutcome.completed) return injectionOutcome.completed;
  if (outcome === replyOutcome.killed) return injectionOutcome.killed;
  if (outcome === replyOutcome.cancelled) return injectionOutcome.cancelled;
  if (outcome === replyOutcome.unknown) return injectionOutcome.unknown;
  if (reason === replyReason.cannotSuspendFilters) return injectionOutcome.filtered;
  return reason === replyReason.tracedByAnother ? injectionOutcome.traced : injectionOutcome.errno;
}
