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
  private readonly left = new Map<number, number>();

  constructor(
    private readonly world: World,
    private readonly process: ModelProcess,
    private readonly memory: ScoreboardMemory,
  ) {
    memory.slots.forEach((noted, slot) => {
      if (noted !== undefined) this.left.set(noted.threadId, noted.inode);
      memory.slots[slot] = undefined;
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

  takeLeftSocket(threadId: number): number {
    const inode = this.left.get(threadId);
    if (inode === undefined) return -1;
    this.left.delete(threadId);
    const entries = this.world.kernel.threads.get(threadId)?.process.table.entries() ?? [];
    const found = entries.find(
      ([, { description }]) => description instanceof SocketEnd && description.inode === inode,
    );
    return found?.[0] ?? -1;
  }
}
