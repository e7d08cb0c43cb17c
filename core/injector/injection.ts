import type { InjectorKernel, InjectorMemory } from './injector-kernel.js';
import { packetBytes, requestField, requestFlag } from './protocol.js';
import { registersBytes } from './ptrace-registers.js';
import type { ReissueBatch } from './reissue-batch.js';

/** Where each thing stands in an injection's own page; every offset is a multiple of 8. */
export const place = {
  /** The request packet, as received. */
  request: 0,
  /** The target's registers as they were at the stop: what is put back. */
  original: 256,
  /** The registers of the call being made in the target's name. */
  working: 480,
  oldMask: 704,
  fullMask: 712,
  waitStatus: 720,
  /** struct seccomp_notif_addfd or seccomp_notif_resp; both have 24 bytes and begin with the id. */
  answer: 728,
  /** What stood in the target's memory where the scratch is. */
  saved: 760,
  /** What is written there: struct msghdr and the control buffer. */
  scratch: 864,
  code: 960,
} as const;

export const pageBytes = 4096;

/** Where in the scratch memory the control buffer is, after struct msghdr. */
export const scratchControlAt = 56;
/** struct msghdr and CMSG_SPACE(one descriptor). */
export const scratchBytes = 80;

/** A channel that asks, and gets the replies. */
export interface ReplyChannel {
  /** -1 once it is closed. */
  descriptor: number;
}

/** One who asked, and the token that his reply carries. */
export interface Asker {
  readonly channel: ReplyChannel;
  readonly token: number;
}

/** Askers of one injection that are kept: the latest ones. */
const maximumAskers = 8;

/**
 * All that is known of one injection. Sub-steps keep everything here, so an injection can wait while others
 * run.
 */
export class Injection {
  readonly memory: InjectorMemory;
  constructor(readonly kernel: InjectorKernel) {
    this.memory = kernel.allocate();
  }

  /** More than one when it was asked for again while under way: by the successor of a dead supervisor. */
  readonly askers: Asker[] = [];
  flags = 0;
  threadId = 0;
  listener = -1;
  source = -1;
  /** Our end of the pair; its descriptor goes to the target. */
  socketPair = new Int32Array([-1, -1]);
  /** The sub-step under way. */
  subStep = 0;
  /** 0: the injected call has not been entered yet; 1: it has. */
  callPhase = 0;
  attached = false;
  /** True while the target's state differs from what it should be: it must not outlive us so. */
  windowOpen = false;
  /** Descriptor of the socket in the target's table; -1 when there is none. */
  socket = -1;
  /**
   * What is to be closed in the target's table: that socket, those that killed injectors left there, or what
   * is withdrawn.
   */
  strays: number[] = [];
  /** Some of those were left by others, and none of them is there any more. */
  closedLeft = false;
  scoreboardSlot = -1;
  /** Descriptor that recvmsg made in the target's table; -1 when there is none. */
  receivedDescriptor = -1;
  /** Address of the scratch memory in the target; 0 when there is none. */
  scratchAddress = 0;
  /** The scratch memory is a page that we mapped. */
  scratchIsPage = false;
  /** The thread has left the call that we were asked about: only clean up. */
  retreating = false;
  /** That is all that was asked for: `socket` is a descriptor of an earlier answer. */
  withdrawing = false;
  /** Signal to pass on when the tracing ends (the thread was about to get it). */
  pendingSignal = 0;
  /** The descriptor that the target's call will return, once it stands in its table. */
  delivered = -1;
  /** Minus the errno that the target's call will return instead; 0 while all is well. */
  failure = 0;
  failureReason = 0;
  replied = false;
  /** Its outcome is still to be written into the ring. */
  isRemembered = true;
  /** Its entry there, while that is not final. */
  outcomeEntry = -1;
  /** The reissue that this thread belongs to; then nothing is brought, and nobody asked for it by itself. */
  batch: ReissueBatch | undefined;
  /** Its position there. */
  batchIndex = 0;
  result = 0;
  outcome = 0;
  reason = 0;
  notes = 0;
  startedAtMs = 0;
  /** When the target's call was let go on; 0 until then. What the target does next is its own time. */
  endedAtMs = 0;

  /** Makes the record ready for another request, whose packet already stands in its memory. */
  begin(channel: ReplyChannel, listener: number, source: number): void {
    const { u32, i32, u8 } = this.memory;
    this.askers.length = 0;
    this.addAsker(channel, u32[2] as number);
    this.listener = listener;
    this.source = source;
    this.flags = u32[3] as number;
    this.threadId = i32[6] as number;
    this.socketPair.fill(-1);
    this.subStep = 0;
    this.callPhase = 0;
    this.attached = false;
    this.windowOpen = false;
    this.withdrawing = (this.flags & requestFlag.withdraw) !== 0;
    this.socket = this.withdrawing ? (i32[requestField.withdrawn >> 2] as number) : -1;
    this.strays = this.withdrawing ? [this.socket] : [];
    this.closedLeft = false;
    this.scoreboardSlot = -1;
    this.receivedDescriptor = -1;
    this.scratchAddress = 0;
    this.scratchIsPage = false;
    this.retreating = false;
    this.pendingSignal = 0;
    this.delivered = -1;
    this.failure = 0;
    this.failureReason = 0;
    this.replied = false;
    this.isRemembered = true;
    this.outcomeEntry = -1;
    this.batch = undefined;
    this.result = 0;
    this.outcome = 0;
    this.reason = 0;
    this.notes = 0;
    this.startedAtMs = this.kernel.nowMs();
    this.endedAtMs = 0;
    u8.fill(0, packetBytes.request, place.fullMask);
    u8.fill(0xff, place.fullMask, place.fullMask + 8);
  }

  /** Makes the record ready for one thread of a reissue. */
  beginReissue(batch: ReissueBatch, index: number, threadId: number): void {
    const { u8, i32 } = this.memory;
    u8.fill(0, place.request, packetBytes.request);
    i32[(place.request + requestField.threadId) >> 2] = threadId;
    this.begin(batch.channel, -1, -1);
    this.askers.length = 0;
    this.isRemembered = false;
    this.batch = batch;
    this.batchIndex = index;
  }

  addAsker(channel: ReplyChannel, token: number): void {
    if (this.askers.length === maximumAskers) this.askers.shift();
    this.askers.push({ channel, token });
  }

  /** Is it about the same notification, and asks for the same? */
  isSameAs(other: Injection): boolean {
    const id = (place.request + requestField.id) >> 2;
    const [ours, theirs] = [this.memory.u32, other.memory.u32];
    return (
      this.batch === undefined &&
      this.threadId === other.threadId &&
      ours[id] === theirs[id] &&
      ours[id + 1] === theirs[id + 1] &&
      this.withdrawing === other.withdrawing
    );
  }

  /** Address of a place in this injection's memory. */
  at(offset: number): number {
    return this.memory.address + offset;
  }

  /** Notes that the target's call must return this errno (given negative); the first word stands. */
  fail(errno: number, reason: number): void {
    if (this.failure !== 0) return;
    this.failure = errno;
    this.failureReason = reason;
  }

  /** Notes how it ends; the first word stands. */
  conclude(outcome: number, result = 0, reason = 0): void {
    if (this.outcome !== 0) return;
    this.outcome = outcome;
    this.result = result;
    this.reason = reason;
  }
}

/** Copies the saved registers to where an injected call's are built. */
export function copyOriginalRegisters(injection: Injection): void {
  injection.memory.u8.copyWithin(place.working, place.original, place.original + registersBytes);
}
