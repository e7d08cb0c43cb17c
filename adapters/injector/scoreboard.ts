import { readdirSync, readlinkSync } from 'node:fs';
import type { InjectorScoreboard } from '../../core/injector/environment.js';
import { OutcomeRing, outcomeRingBytes } from '../../core/injector/outcomes.js';
import { allocate, mapShared, NativeMemory } from '../linux/memory.js';
import { systemCall } from '../linux/native.js';
import { isThreadAlive } from './environment.js';

const slots = 128;
const slotBytes = 16;
/** The sockets' slots, then the ring of outcomes. */
const ringAt = 4096;
const boardBytes = Math.ceil((ringAt + outcomeRingBytes) / 4096) * 4096;
const field = { threadId: 0, inode: 8 } as const;
const MFD_CLOEXEC = 1;
const AT_EMPTY_PATH = 0x1000;
const STATX_INO = 0x100;
const statxInode = 32;

/**
 * Makes the memory in which injectors write down what they put into targets and what became of each request
 * (memfd_create(2)): a descriptor, or minus an errno. Whoever starts injectors keeps it and gives the same to
 * each, one after the other.
 */
export function createScoreboard(): number {
  const name = allocate(4096);
  name.putString(0, 'deputy-injector');
  const descriptor = systemCall('memfd_create', name.address, MFD_CLOEXEC);
  if (descriptor < 0) return descriptor;
  const result = systemCall('fallocate', descriptor, 0, 0, boardBytes);
  return result < 0 ? result : descriptor;
}

/**
 * Which sockets stand in which threads' tables. Each is written down, by its inode, before it is added; what
 * an injector that was killed has left there is replaced when its successor serves that thread's call.
 */
export class Scoreboard implements InjectorScoreboard {
  private readonly memory: NativeMemory;
  private readonly statx: NativeMemory = allocate(4096);
  /** Slots of what was left behind, by thread: they stay taken until that is closed. */
  private readonly left = new Map<number, number[]>();
  readonly outcomes: OutcomeRing;

  /** `descriptor` is what createScoreboard() gave, or -1: then nothing outlives this process. */
  constructor(descriptor: number) {
    const address = descriptor < 0 ? -1 : mapShared(descriptor, boardBytes);
    this.memory = address > 0 ? new NativeMemory(address, boardBytes) : allocate(boardBytes);
    for (let slot = 0; slot < slots; slot++) {
      const threadId = this.word(slot, field.threadId);
      if (threadId !== 0) this.left.set(threadId, [...(this.left.get(threadId) ?? []), slot]);
    }
    this.forgetDead();
    this.outcomes = new OutcomeRing(this.memory, ringAt, isThreadAlive);
  }

  /**
   * Writes down that this socket of ours is about to go to the thread: the slot to clear, -1 when none is
   * free.
   */
  note(threadId: number, socket: number): number {
    const { address, u32 } = this.statx;
    const result = systemCall('statx', socket, address, AT_EMPTY_PATH, STATX_INO, address + 16);
    const inode = result < 0 ? 0 : (u32[(16 + statxInode) >> 2] as number);
    if (this.freeSlot() < 0) this.forgetDead();
    const slot = this.freeSlot();
    if (slot >= 0) {
      this.memory.u32[(slot * slotBytes + field.inode) >> 2] = inode;
      this.memory.u32[(slot * slotBytes + field.threadId) >> 2] = threadId;
    }
    return slot;
  }

  clear(slot: number): void {
    if (slot >= 0) this.memory.u32[(slot * slotBytes + field.threadId) >> 2] = 0;
  }

  leftSockets(threadId: number): number[] {
    const left = this.left.get(threadId) ?? [];
    if (left.length === 0) return [];
    const links = new Set(left.map((slot) => `socket:[${this.word(slot, field.inode)}]`));
    const directory = `/proc/${threadId}/fd`;
    try {
      return readdirSync(directory)
        .filter((name) => links.has(linkOf(`${directory}/${name}`)))
        .map(Number)
        .sort((a, b) => a - b);
    } catch {
      return [];
    }
  }

  forgetLeft(threadId: number): void {
    for (const slot of this.left.get(threadId) ?? []) this.clear(slot);
    this.left.delete(threadId);
  }

  private forgetDead(): void {
    for (const threadId of [...this.left.keys()]) if (!isThreadAlive(threadId)) this.forgetLeft(threadId);
  }

  private freeSlot(): number {
    for (let slot = 0; slot < slots; slot++) if (this.word(slot, field.threadId) === 0) return slot;
    return -1;
  }

  private word(slot: number, offset: number): number {
    return this.memory.u32[(slot * slotBytes + offset) >> 2] as number;
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
