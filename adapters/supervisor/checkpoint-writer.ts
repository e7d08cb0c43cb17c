import type { Logger } from '../../core/ports/logger.js';
import type { Checkpoint } from '../../core/publishing/checkpoint.js';
import { writeCheckpoint } from './checkpoint.js';

/** Writes checkpoints one after another, each as things are when its turn comes. */
export class CheckpointWriter {
  private writing: Promise<void> = Promise.resolve();
  private atMs = 0;
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

  /** Keeps what `make` says, if there is anything to say and the last time is long enough ago. */
  write(everyMs: number, make: () => Checkpoint | undefined): Promise<void> {
    this.writing = this.writing.then(() => this.writeNow(everyMs, make));
    return this.writing;
  }

  private async writeNow(everyMs: number, make: () => Checkpoint | undefined): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.atMs < everyMs) return;
    const checkpoint = make();
    if (checkpoint === undefined) return;
    this.atMs = nowMs;
    try {
      await writeCheckpoint(this.journalDirectory, checkpoint);
      this.written = checkpoint.position;
    } catch (error) {
      this.logger.warn({ err: error }, 'the checkpoint could not be written; trying again');
    }
  }
}
