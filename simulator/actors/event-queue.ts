import type { Payload } from '../../core/publishing/event-payload.js';
import { RequestRecord } from '../../core/request/record.js';
import type { ModelProcess } from '../kernel/process.js';
import type { JournalWriter, SlotBlock } from '../storage/journal-writer.js';
import type { World } from '../world/world.js';

/** Events on their way into the journal; they wait here while that has no room. */
export class ModelEventQueue {
  private readonly block: SlotBlock = { next: 0, end: 0 };
  private readonly scratch = new RequestRecord();
  private readonly waiting: { payload: string; written: (ticket: number) => void }[] = [];

  constructor(
    private readonly world: World,
    private readonly process: ModelProcess,
    private readonly journal: JournalWriter,
  ) {}

  get isEmpty(): boolean {
    return this.waiting.length === 0;
  }

  /** Its ticket; a negative one while there is no room. */
  write(payload: Payload): number {
    if (!this.process.alive) return 0;
    const text = JSON.stringify(payload);
    this.writeWaiting();
    const ticket = this.waiting.length === 0 ? this.tryAppend(text) : -1;
    if (ticket < 0) this.waiting.push({ payload: text, written: () => undefined });
    return ticket;
  }

  /** As write(): undefined when it stands there, else when it will. */
  writeSoon(payload: Payload): Promise<unknown> | undefined {
    if (this.write(payload) >= 0) return undefined;
    return new Promise((resolve) => {
      const last = this.waiting.at(-1);
      if (last !== undefined) last.written = resolve;
    });
  }

  /** Writes what had to wait for room in the journal. */
  writeWaiting(): void {
    for (let next = this.waiting[0]; next !== undefined; next = this.waiting[0]) {
      const ticket = this.tryAppend(next.payload);
      if (ticket < 0) return;
      this.waiting.shift();
      next.written(ticket);
      this.world.hasMicrotasks = true;
    }
  }

  private tryAppend(text: string): number {
    try {
      return this.journal.appendEvent(this.scratch, this.block, text);
    } catch {
      return -1;
    }
  }
}
