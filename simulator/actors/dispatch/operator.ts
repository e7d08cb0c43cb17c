import type { ToldEnd } from './command-work.js';
import type { ModelContainer } from './container.js';
import { ModelDeputy } from './deputy.js';
import type { DispatchParts } from './dispatch-parts.js';

/** Until a service manager starts again what was killed. */
const restartUs = [10_000, 100_000] as const;
/** Until a dispatch that failed is tried again, and how often; fewer would give up on what heals. */
const retryUs = 100_000;
const triesMax = 60;

/** Whoever wants a payload in a container: starts deputy, and again until it has heard how that ended. */
export class Operator {
  /** The ends that exit codes told it of. */
  readonly learned: ToldEnd[] = [];
  /** The ends that were said of a container's earlier lives: again, where whoever said so died over it. */
  readonly said: ToldEnd[] = [];
  /** Why dispatches failed. */
  readonly failures: string[] = [];
  /** All that it started. */
  readonly deputies: ModelDeputy[] = [];
  /** A restart that nobody dispatches to again. */
  private isContent = false;
  private tries = 0;

  constructor(
    private readonly parts: DispatchParts,
    readonly container: ModelContainer,
    private readonly owner: number,
  ) {
    this.begin();
  }

  /** The container was started again: that is another delegation. */
  containerStarted(): void {
    // As the one did that looked at a container only while its machine was starting.
    if (this.parts.oldWays.has('dispatched-once')) return;
    this.tries = 0;
    if (!this.isContent) return;
    this.isContent = false;
    this.begin();
  }

  private begin(): void {
    const { parts, container } = this;
    const { tree, nextNumber } = parts;
    const process = tree.fork(tree.init, `deputy-${nextNumber('deputy')}`, { keeps: [] });
    if (typeof process === 'number') throw new RangeError(`no deputy: ${process}`);
    const deputy = new ModelDeputy(parts, process, container.id, this.owner);
    this.deputies.push(deputy);
    process.whenEnded.push(() => this.ended(deputy));
    void deputy.run();
  }

  private ended({ outcome, work }: ModelDeputy): void {
    const { world } = this.parts;
    this.said.push(...work.earlier);
    if (outcome === undefined) return this.again(world.random.between(...restartUs));
    if (outcome.kind === 'failed') this.failures.push(outcome.code);
    else if (outcome.kind === 'ended') this.learned.push(outcome);
    // The container may have been started again meanwhile, which is told once.
    const isPresent = (startTime: number): boolean =>
      this.parts.oldWays.has('dispatched-once') || startTime === this.container.current.init.startTime;
    const isKnown =
      outcome.kind === 'ended' && outcome.end.kind !== 'unknown' && isPresent(outcome.startTime);
    if (isKnown || this.isOwned(outcome) || this.container.isOver) {
      this.isContent = true;
      return;
    }
    this.again(retryUs);
  }

  /** Somebody else has it, and hears how it ends. */
  private isOwned(outcome: ModelDeputy['outcome']): boolean {
    if (outcome?.kind === 'running') return true;
    return outcome?.kind === 'failed' && outcome.code === 'DEPUTY_E_PAYLOAD_OWNED';
  }

  private again(delayUs: number): void {
    if (++this.tries > triesMax) return;
    this.parts.world.scheduler.after(delayUs, undefined, () => {
      this.parts.world.hasMicrotasks = true;
      this.begin();
    });
  }
}
