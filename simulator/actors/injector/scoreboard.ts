import type { InjectorScoreboard } from '../../../core/injector/environment.js';
import { OutcomeRing, outcomeRingBytes } from '../../../core/injector/outcomes.js';
import { SocketEnd } from '../../kernel/open-description.js';
import type { ModelProcess } from '../../kernel/process.js';
import type { World } from '../../world/world.js';

interface Noted {
  readonly threadId: number;
  readonly inode: number;
}

/** The memory that outlives injectors: whoever starts them holds it. */
export class ScoreboardMemory {
  readonly words = new Uint32Array(outcomeRingBytes >> 2);
  readonly slots: (Noted | undefined)[] = [];
}

/** An injector's view on that memory, and on what its predecessor left in targets. */
export class ModelScoreboard implements InjectorScoreboard {
  readonly outcomes: OutcomeRing;
  private readonly left = new Map<number, number[]>();

  constructor(
    private readonly world: World,
    private readonly process: ModelProcess,
    private readonly memory: ScoreboardMemory,
  ) {
    memory.slots.forEach((noted, slot) => {
      if (noted === undefined) return;
      this.left.set(noted.threadId, [...(this.left.get(noted.threadId) ?? []), slot]);
    });
    const isAlive = (threadId: number): boolean => world.kernel.threads.has(threadId);
    this.outcomes = new OutcomeRing({ u32: memory.words }, 0, isAlive);
  }

  note(threadId: number, socket: number): number {
    const end = this.process.table.at(socket);
    const free = this.memory.slots.indexOf(undefined);
    const slot = free < 0 ? this.memory.slots.length : free;
    this.memory.slots[slot] = { threadId, inode: end instanceof SocketEnd ? end.inode : 0 };
    return slot;
  }

  clear(slot: number): void {
    if (slot >= 0) this.memory.slots[slot] = undefined;
  }

  leftSockets(threadId: number): number[] {
    const slots = this.left.get(threadId) ?? [];
    const inodes = new Set(slots.map((slot) => this.memory.slots[slot]?.inode));
    const entries = this.world.kernel.threads.get(threadId)?.process.table.entries() ?? [];
    return entries
      .filter(([, { description }]) => description instanceof SocketEnd && inodes.has(description.inode))
      .map(([number]) => number)
      .sort((a, b) => a - b);
  }

  forgetLeft(threadId: number): void {
    for (const slot of this.left.get(threadId) ?? []) this.clear(slot);
    this.left.delete(threadId);
  }
}
