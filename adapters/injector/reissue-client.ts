import { largestPacketBytes } from '../../core/injector/protocol.js';
import {
  decodeReissueReply,
  encodeReissue,
  type ReissueReply,
  type ReissueRequest,
  reissueCode,
  reissueLimit,
  reissuePacketBytes,
} from '../../core/injector/reissue-protocol.js';
import {
  createReceivedMessage,
  receiveWithDescriptors,
  sendWithDescriptors,
} from '../linux/descriptor-passing.js';
import { allocate, type NativeMemory } from '../linux/memory.js';
import { systemCall } from '../linux/native.js';
import { type Watch, watchReadable } from '../linux/readiness.js';

/** What became of the threads of a reissue. */
export interface ReissueResult {
  /** A reissueCode for each thread, in the order in which they were named. */
  readonly codes: readonly number[];
  /** Killable waits that were ended by notification id. */
  readonly endedWaits: number;
}

/** An injector that says nothing for so long is given up; a packet takes it a second and a half at most. */
const replyTimeoutMs = 10_000;
const replyAt = 2048;
const E2BIG = -7;
const EAGAIN = -11;
const EPIPE = -32;
const ETIMEDOUT = -110;

/**
 * Asks the injector to have the kernel make calls anew whose records are lost. For a main thread, over a
 * channel of its own (as for a loop, not blocking), which it owns and closes.
 */
export class ReissueClient {
  private readonly memory: NativeMemory = allocate(4096);
  private readonly received = createReceivedMessage();
  private token = 0;
  private earlier: Promise<unknown> = Promise.resolve();
  private closed = false;
  /** Ends the wait for a reply. */
  private settle: (reply: number) => void = () => {};

  constructor(private readonly channel: number) {}

  /**
   * Interrupts the threads, which are blocked in calls that `listener` was notified of: a fresh notification
   * comes for each. With WAIT_KILLABLE_RECV the ids of the lost notifications must be given, and then **every
   * thread that is blocked under this listener must be named**: one that isn't, and whose id is among them,
   * sees errno 513. `syscallNumbers` (at most 8) are the calls that the filter notifies of: with them, a
   * thread that waits in another call counts as gone.
   *
   * Gives what became of each, or minus an errno: -EPIPE when the injector has ended (what it had begun is
   * then made anew or as it was), -ETIMEDOUT, -E2BIG for too many numbers. It may be asked for again.
   */
  reissue(
    listener: number,
    threadIds: readonly number[],
    notificationIds: readonly bigint[],
    syscallNumbers: readonly number[] = [],
  ): Promise<ReissueResult | number> {
    const request = { threadIds, notificationIds, syscallNumbers };
    // One after the other: a reply has one who waits for it.
    const result = this.earlier.then(() => this.sendAll(listener, request));
    this.earlier = result;
    return result;
  }

  /** Closes the channel; what is under way gives -EPIPE. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.settle(EPIPE);
    systemCall('close', this.channel);
  }

  /** All threads first, 64 at a time; the ids go with the last of them, since they are only safe then. */
  private async sendAll(listener: number, request: ReissueRequest): Promise<ReissueResult | number> {
    const { syscallNumbers } = request;
    if (syscallNumbers.length > reissueLimit.syscallNumbers) return E2BIG;
    const threads = chunks(request.threadIds, reissueLimit.threads);
    const ids = chunks(request.notificationIds, reissueLimit.notifications);
    const codes: number[] = [];
    let endedWaits = 0;
    for (let index = 0; index < threads.length + ids.length - 1; index++) {
      const isLast = index >= threads.length - 1;
      const untouched = codes.some((code) => code === reissueCode.traced || code === reissueCode.refused);
      const reply = await this.sendOne(listener, {
        threadIds: threads[index] ?? [],
        notificationIds: isLast && !untouched ? (ids[index - threads.length + 1] ?? []) : [],
        syscallNumbers,
      });
      if (typeof reply === 'number') return reply;
      if (reply.result < 0) return reply.result;
      codes.push(...reply.codes);
      endedWaits += reply.endedWaits;
    }
    return { codes, endedWaits };
  }

  private async sendOne(listener: number, request: ReissueRequest): Promise<ReissueReply | number> {
    if (this.closed) return EPIPE;
    const token = ++this.token >>> 0;
    encodeReissue({ words: this.memory.u32, at: 0 }, token, request);
    const { address } = this.memory;
    const sent = sendWithDescriptors(this.channel, address, reissuePacketBytes.request, [listener]);
    return sent < 0 ? sent : this.awaitReply(token);
  }

  private awaitReply(token: number): Promise<ReissueReply | number> {
    return new Promise((resolve) => {
      let watch: Watch | undefined;
      const settle = (reply: ReissueReply | number): void => {
        clearTimeout(timer);
        watch?.stop();
        resolve(reply);
      };
      const timer = setTimeout(() => settle(ETIMEDOUT), replyTimeoutMs);
      this.settle = settle;
      watch = watchReadable(this.channel, () => {
        const reply = this.takeReply(token);
        if (reply !== undefined) settle(reply);
      });
    });
  }

  /** The reply with this token, minus an errno at the channel's end, or undefined when there is neither. */
  private takeReply(token: number): ReissueReply | number | undefined {
    for (;;) {
      const address = this.memory.address + replyAt;
      const length = receiveWithDescriptors(this.channel, address, largestPacketBytes, this.received);
      if (length === EAGAIN) return undefined;
      if (length <= 0) return length === 0 ? EPIPE : length;
      const reply = decodeReissueReply({ words: this.memory.u32, at: replyAt }, length);
      if (reply?.token === token) return reply;
    }
  }
}

/** At least one chunk, which may be empty. */
function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  const count = Math.max(1, Math.ceil(items.length / size));
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}
