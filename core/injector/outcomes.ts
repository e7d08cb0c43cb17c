import { type Injection, place } from './injection.js';
import type { InjectorMemory } from './injector-kernel.js';
import { replyOutcome, replyReason, requestField, requestFlag } from './protocol.js';

/**
 * How many outcomes are remembered. What a successor asks about was under way when its predecessor died, at
 * most 64 requests a target by default: 1,024 is sixteen such targets at once. The successor asks before it
 * sends anything new.
 */
const entries = 1024;
const entryBytes = 32;
const headerBytes = 64;
/** Bytes of the ring in the scoreboard's memory. */
export const outcomeRingBytes = headerBytes + entries * entryBytes;

/** Words of an entry. `commit` is zero while the others are written, and is written last. */
const word = {
  idLow: 0,
  idHigh: 1,
  threadId: 2,
  kind: 3,
  result: 4,
  reason: 5,
  detail: 6,
  commit: 7,
} as const;
const entryWords = entryBytes / 4;

/**
 * The commit word is an outcome, or one of these while EXITKILL is about to be set, set, or about to be taken
 * away. If the injector dies then, the thread dies with it; or else, with `open`, it had not been changed yet
 * and the kernel makes its call anew, and with `leaving` it goes on with the result that stands in the entry.
 */
const open = 0x100;
const leaving = 0x200;

/** What became of a notification, as it is told to whoever asks again. */
export interface RememberedOutcome {
  readonly outcome: number;
  readonly result: number;
  readonly reason: number;
  readonly subStep: number;
  readonly notes: number;
}

/**
 * What became of each notification that an injector was asked about, in memory that outlives injectors. An
 * entry is written before anyone is told, and before the thread can run on:
 *
 * - A descriptor: the entry says `open` before EXITKILL is set, `leaving` (with the result) while it is still
 *   set and all is in place, and `completed` once it is off. At whichever of these a SIGKILL strikes, the
 *   thread is dead or as the entry says, and the next injector finds out by looking whether it lives. What
 *   remains: a thread that ended by itself between that and the next injector's start counts as killed.
 * - An errno without a descriptor is one change of one register, without EXITKILL. What remains: SIGKILL
 *   between that change and the entry, a few instructions, leaves no entry though the call has its errno.
 */
export class OutcomeRing {
  private readonly words: Uint32Array;
  /** The lower half of each entry's id, side by side: they can be searched at no cost. */
  private readonly lowIds = new Uint32Array(entries);

  /** `memory` from `at` on is the ring's, zeroed when it is new. */
  constructor(
    memory: Pick<InjectorMemory, 'u32'>,
    at: number,
    private readonly isThreadAlive: (threadId: number) => boolean,
  ) {
    this.words = memory.u32.subarray(at >> 2, (at + outcomeRingBytes) >> 2);
    for (let entry = 0; entry < entries; entry++) {
      this.lowIds[entry] = this.get(entry, word.idLow);
      this.settle(entry);
    }
  }

  /** The thread's registers are about to be changed, under EXITKILL. */
  windowOpens(injection: Injection): void {
    const entry = this.reserve(injection);
    injection.outcomeEntry = entry;
    this.commit(entry, open);
  }

  /** The thread is as it shall be, but for EXITKILL. */
  windowCloses(injection: Injection, result: number): void {
    const entry = injection.outcomeEntry;
    this.put(entry, word.result, result);
    this.put(entry, word.reason, injection.failureReason);
    this.put(entry, word.detail, detailOf(injection));
    this.commit(entry, leaving);
  }

  /** The injection has its outcome, and nobody was told yet. */
  conclude(injection: Injection): void {
    if (injection.outcome === 0 || !injection.isRemembered) return;
    const entry = injection.outcomeEntry < 0 ? this.reserve(injection) : injection.outcomeEntry;
    if (this.get(entry, word.commit) !== leaving) {
      this.put(entry, word.result, injection.result);
      this.put(entry, word.reason, injection.reason);
      this.put(entry, word.detail, detailOf(injection));
    }
    this.commit(entry, injection.outcome);
    // From now on the entry may be used for another.
    injection.outcomeEntry = -1;
    injection.isRemembered = false;
  }

  /** What became of the notification that this injection is about, or undefined. */
  find(injection: Injection): RememberedOutcome | undefined {
    const low = injection.memory.u32[(place.request + requestField.id) >> 2] as number;
    let entry = this.lowIds.indexOf(low);
    while (entry >= 0 && !this.isFinalOf(entry, injection)) entry = this.lowIds.indexOf(low, entry + 1);
    if (entry < 0) return undefined;
    const detail = this.get(entry, word.detail);
    return {
      outcome: this.get(entry, word.commit),
      result: this.get(entry, word.result) | 0,
      reason: this.get(entry, word.reason),
      subStep: detail & 0xffff,
      notes: detail >>> 16,
    };
  }

  private isFinalOf(entry: number, injection: Injection): boolean {
    const { u32 } = injection.memory;
    const commit = this.get(entry, word.commit);
    return (
      commit !== 0 &&
      commit < open &&
      this.get(entry, word.idLow) === u32[(place.request + requestField.id) >> 2] &&
      this.get(entry, word.idHigh) === u32[(place.request + requestField.id + 4) >> 2] &&
      this.get(entry, word.threadId) === injection.threadId &&
      this.get(entry, word.kind) === kindOf(injection)
    );
  }

  /** What an injector that was killed left in the middle. */
  private settle(entry: number): void {
    const commit = this.get(entry, word.commit);
    if (commit !== open && commit !== leaving) return;
    if (!this.isThreadAlive(this.get(entry, word.threadId))) {
      this.commit(entry, 0);
      this.put(entry, word.result, 0);
      this.put(entry, word.reason, replyReason.threadGone);
      this.commit(entry, replyOutcome.killed);
    } else {
      this.commit(entry, commit === leaving ? replyOutcome.completed : replyOutcome.cancelled);
    }
  }

  /** The next entry, with all but its outcome. Those of open windows are left alone. */
  private reserve(injection: Injection): number {
    for (let tries = 0; ; tries++) {
      const entry = (this.words[0] as number) % entries;
      // Moved on first: a kill in between leaves an entry unused, never one that is overwritten too soon.
      Atomics.store(this.words, 0, (entry + 1) % entries);
      if (this.get(entry, word.commit) >= open && tries < entries) continue;
      this.fill(entry, injection);
      return entry;
    }
  }

  private fill(entry: number, injection: Injection): void {
    const { u32 } = injection.memory;
    this.commit(entry, 0);
    this.lowIds[entry] = u32[(place.request + requestField.id) >> 2] as number;
    this.put(entry, word.idLow, this.lowIds[entry] as number);
    this.put(entry, word.idHigh, u32[(place.request + requestField.id + 4) >> 2] as number);
    this.put(entry, word.threadId, injection.threadId);
    this.put(entry, word.kind, kindOf(injection));
    this.put(entry, word.result, 0);
    this.put(entry, word.reason, 0);
    this.put(entry, word.detail, 0);
  }

  private get(entry: number, offset: number): number {
    return this.words[(headerBytes >> 2) + entry * entryWords + offset] as number;
  }

  private put(entry: number, offset: number, value: number): void {
    this.words[(headerBytes >> 2) + entry * entryWords + offset] = value;
  }

  /** Atomic so that it stays behind what was put before it. */
  private commit(entry: number, value: number): void {
    Atomics.store(this.words, (headerBytes >> 2) + entry * entryWords + word.commit, value);
  }
}

function kindOf(injection: Injection): number {
  return injection.flags & requestFlag.withdraw;
}

function detailOf(injection: Injection): number {
  return (injection.subStep & 0xffff) | (injection.notes << 16);
}
