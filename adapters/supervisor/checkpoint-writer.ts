import type { Logger } from '../../core/ports/logger.js';
import type { Checkpoint } from '../../core/publishing/checkpoint.js';
import { writeCheckpoint } from './checkpoint.js';

/** Together these reach back beyond what a server's sync interval of two minutes can take, twice. */
const oldEveryMs = 30_000;
const oldKept = 10;

/** Writes checkpoints one after another, each as things are when its turn comes. */
export class CheckpointWriter {
  private writing: Promise<void> = Promise.resolve();
  private atMs = 0;
  private oldAtMs = Number.NEGATIVE_INFINITY;
  private written = 0;

  constructor(
    private readonly journalDirectory: string,
    private readonly logger: Logger,
  ) {}

  /** Where the last one stands. */
  get position(): number {
    return this.written;
  }

  /** Goes on from one that was read. */
  begin(position: number): void {
    this.written = position;
  }

  /** Is the last one long enough ago? */
  isDue(everyMs: number): boolean {
    return performance.now() - this.atMs >= everyMs;
  }

  /** Keeps what `make` says, if there is anything to say and the last time is long enough ago. */
  write(everyMs: number, make: () => Checkpoint | undefined): Promise<void> {
    this.writing = this.writing.then(() => this.writeNow(everyMs, make));
    return this.writing;
  }

  private async writeNow(everyMs: number, make: () => Checkpoint | undefined): Promise<void> {
    if (!this.isDue(everyMs)) return;
    const checkpoint = make();
    if (checkpoint === undefined) return;
    this.atMs = performance.now();
    try {
      await writeCheckpoint(this.journalDirectory, checkpoint);
      this.written = checkpoint.position;
      if (checkpoint.cursor !== undefined) await this.keepOld(checkpoint);
    } catch (error) {
      this.logger.warn({ err: error }, 'the checkpoint could not be written; trying again');
    }
  }

  /** A stream may lose its end when power fails: now and then one is kept, to go back to. */
  private async keepOld(checkpoint: Checkpoint): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.oldAtMs < oldEveryMs) return;
    this.oldAtMs = nowMs;
    const turn = Math.floor(Date.now() / oldEveryMs) % oldKept;
    await writeCheckpoint(this.journalDirectory, checkpoint, turn);
  }
}
