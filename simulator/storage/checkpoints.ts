import type { Checkpoint } from '../../core/publishing/checkpoint.js';
import { checkpointSchema } from '../../core/publishing/checkpoint-schema.js';
import type { Checkpoints } from '../../core/publishing/journal-follower.js';
import type { ModelProcess } from '../kernel/process.js';
import type { World } from '../world/world.js';

const oldEveryUs = 30_000_000;
const oldKept = 10;

/** Checkpoints as files beside the journal: the last one, and old ones to go back to. */
export class ModelCheckpoints implements Checkpoints {
  private atUs = Number.NEGATIVE_INFINITY;
  private oldAtUs = Number.NEGATIVE_INFINITY;
  private written = 0;

  constructor(
    private readonly world: World,
    private readonly process: ModelProcess,
  ) {}

  get position(): number {
    return this.written;
  }

  begin(position: number): void {
    this.written = position;
  }

  isDue(everyMs: number): boolean {
    return this.world.nowUs - this.atUs >= everyMs * 1_000;
  }

  async write(everyMs: number, make: () => Checkpoint | undefined): Promise<void> {
    const { world, process } = this;
    if (!process.alive || !this.isDue(everyMs)) return;
    const checkpoint = make();
    if (checkpoint === undefined) return;
    this.atUs = world.nowUs;
    world.stepAtOnce(process, 'supervisor', 'checkpoint', null, () => {
      const { disk, nowUs } = world;
      disk.checkpoint = JSON.stringify(checkpoint);
      this.written = checkpoint.position;
      if (nowUs - this.oldAtUs < oldEveryUs) return 0;
      this.oldAtUs = nowUs;
      disk.oldCheckpoints = [disk.checkpoint, ...disk.oldCheckpoints].slice(0, oldKept);
      return 0;
    });
  }

  /** The newest first. */
  read(): readonly Checkpoint[] {
    const { checkpoint, oldCheckpoints } = this.world.disk;
    const [last, ...old] = [checkpoint, ...oldCheckpoints].map(parsed);
    const behind = old.flatMap((one) => one ?? []).sort((one, other) => other.position - one.position);
    return last === undefined ? behind : [last, ...behind.filter(({ position }) => position < last.position)];
  }
}

function parsed(text: string | undefined): Checkpoint | undefined {
  if (text === undefined) return undefined;
  const result = checkpointSchema.safeParse(JSON.parse(text));
  return result.success ? result.data : undefined;
}
