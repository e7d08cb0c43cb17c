import { encodeReissue, reissueLimit, reissuePacketBytes } from '../../core/injector/reissue-protocol.js';
import { offset, recordKind } from '../../core/request/record-layout.js';
import {
  type KnownCalls,
  lookAgainMs,
  lostCallsEveryMs,
  lostCallsRounds,
  lostNotifications,
  receivedNearby,
  threadsWithLostCalls,
  type WaitingThread,
  withFormer,
} from '../../core/serving/lost-calls.js';
import { ListenerEnd } from '../kernel/filter.js';
import type { ModelProcess } from '../kernel/process.js';
import type { JournalWriter } from '../storage/journal-writer.js';
import type { World } from '../world/world.js';
import { allocatePage, sendPacket } from './injector/packets.js';

/** Where a predecessor may have written the last id that is known. */
const segmentsBack = 2;

export interface LostCallsParts {
  readonly world: World;
  readonly process: ModelProcess;
  readonly journal: JournalWriter;
  /** The listener's descriptor here; undefined when it is served no more. */
  readonly descriptorOf: (key: number) => number | undefined;
  readonly formerOf: (key: number) => readonly Uint8Array[];
  /** A channel of its own to the injector. */
  readonly openChannel: (opened: (channel: number) => void) => void;
  readonly expect: (key: number, threadIds: readonly number[]) => void;
}

/** After a take-over: looks for calls whose records are lost, again and again, and has them made anew. */
export class LostCallsSearch {
  constructor(private readonly parts: LostCallsParts) {}

  start(keys: readonly number[], round = 0): void {
    if (round >= lostCallsRounds || keys.length === 0) return;
    const { world, process } = this.parts;
    for (const key of keys) this.look(key);
    world.scheduler.after(lostCallsEveryMs * 1_000, process, () => this.start(keys, round + 1));
  }

  private look(key: number): void {
    if (this.filterOf(key)?.hasReceived !== true) return;
    const first = this.waiting(key);
    this.after(() => {
      if (this.filterOf(key)?.hasReceived !== true) return;
      const threads = threadsWithLostCalls(first, this.waiting(key), this.known(key));
      if (threads.length > 0) this.reissue(key, threads);
    });
  }

  private reissue(key: number, threads: readonly WaitingThread[]): void {
    const isReceived = (id: bigint): boolean => this.filterOf(key)?.check(id) === 0;
    const found = receivedNearby(this.known(key).neighbours, isReceived);
    this.after(() => {
      const ids = lostNotifications(found, this.known(key), isReceived);
      this.parts.openChannel((channel) => this.ask(key, channel, threads, ids));
    });
  }

  private ask(key: number, channel: number, threads: readonly WaitingThread[], ids: readonly bigint[]): void {
    const { world, process, descriptorOf, expect } = this.parts;
    const descriptor = descriptorOf(key);
    if (descriptor === undefined) return;
    const threadIds = threads.map(({ threadId }) => threadId).slice(0, reissueLimit.threads);
    const notificationIds = ids.slice(0, reissueLimit.notifications);
    world.step(process, 'supervisor', 'reissue-lost', null, () => {
      expect(key, threadIds);
      const memory = allocatePage(process);
      const numbers = [...(this.filterOf(key)?.numbers ?? [])];
      encodeReissue({ words: memory.u32, at: 0 }, 1, { threadIds, notificationIds, syscallNumbers: numbers });
      return sendPacket(process, channel, memory.address, reissuePacketBytes.request, [descriptor]);
    });
  }

  /** Threads of the target that wait in the notifier, as /proc shows them. */
  private waiting(key: number): WaitingThread[] {
    const filter = this.filterOf(key);
    return [...this.parts.world.kernel.threads.values()]
      .filter(({ process, mode }) => process.filter === filter && mode === 'waiting')
      .map(({ threadId, call }) => ({ threadId, call: `${call?.number} ${call?.values.join(' ')}` }));
  }

  private known(key: number): KnownCalls {
    const { world, journal, formerOf } = this.parts;
    const open = world.disk
      .openRecords(journal.firstSegment, Number.POSITIVE_INFINITY)
      .filter(({ listener }) => listener === key);
    const known = {
      threadIds: new Set(
        open.map(({ bytes }) => new DataView(bytes.buffer).getUint32(offset.threadId, true)),
      ),
      notificationIds: new Set(open.map(({ notificationId }) => notificationId)),
      neighbours: this.neighbours(key),
    };
    return withFormer(known, formerOf(key));
  }

  /** The last id before this epoch, and the first in it. */
  private neighbours(key: number): bigint[] {
    const { world, journal } = this.parts;
    let before: bigint | undefined;
    let after: bigint | undefined;
    for (const segment of world.disk.numbers) {
      if (segment < journal.firstSegment - segmentsBack) continue;
      world.disk.eachSlot(segment, (data, at) => {
        const isOurs =
          data.getUint32(at + offset.kind, true) === recordKind.request &&
          data.getUint32(at + offset.listener, true) === key;
        if (!isOurs) return;
        const id = data.getBigUint64(at + offset.notificationId, true);
        if (segment < journal.firstSegment) before = id;
        else after ??= id;
      });
    }
    return [before, after].filter((id) => id !== undefined);
  }

  private filterOf(key: number) {
    const held = this.parts.process.table.at(this.parts.descriptorOf(key) ?? -1);
    return held instanceof ListenerEnd ? held.filter : undefined;
  }

  private after(run: () => void): void {
    this.parts.world.scheduler.after(lookAgainMs * 1_000, this.parts.process, run);
  }
}
