import { isDeputyError } from '../../../core/errors/deputy-error.js';
import type { PayloadEnd } from '../../../core/ports/payload.js';
import { type DispatchOutcome, runCommand } from '../../../strategies/dispatcher/index.js';
import type { TreeProcess } from '../../processes/tree-process.js';
import { Acting } from './acting.js';
import { ModelCommandWork } from './command-work.js';
import type { DispatchParts } from './dispatch-parts.js';

const failed = 125;

/** How a `deputy dispatch` ended, for whoever started it. */
export type DeputyOutcome =
  | { readonly kind: 'ended'; readonly end: PayloadEnd; readonly startTime: number }
  | { readonly kind: 'running' }
  | { readonly kind: 'failed'; readonly code: string };

/**
 * `deputy dispatch`: the real steps of the command, with the real engine and the real strategy: one
 * delegation to its payload's end. Whoever comes after a death adopts what that left.
 */
export class ModelDeputy {
  /** What its exit code says; undefined when it was killed. */
  outcome: DeputyOutcome | undefined;
  readonly work: ModelCommandWork;
  private readonly acting: Acting;

  constructor(
    private readonly parts: DispatchParts,
    readonly self: TreeProcess,
    readonly containerId: string,
    owner: number,
  ) {
    this.acting = new Acting(parts.world, self, 'deputy');
    this.work = new ModelCommandWork(parts, this.acting, { containerId, owner });
    // As Node does with its children.
    self.ignoresChildren = true;
    self.program = 'deputy';
  }

  /** It died with the only record of an end, before its exit could tell that. */
  get diedWithTheEnd(): boolean {
    return this.outcome === undefined && !this.acting.isAlive && this.work.hasLastRecord;
  }

  async run(): Promise<void> {
    try {
      await this.leave(this.outcomeOf(await runCommand(this.work, this.parts.commandSteps)));
    } catch (error) {
      await this.leave({ kind: 'failed', code: isDeputyError(error) ? error.code : String(error) });
    }
  }

  private outcomeOf(outcome: DispatchOutcome): DeputyOutcome {
    if (outcome.kind !== 'ended') return { kind: 'running' };
    return { ...outcome, startTime: this.work.startTime };
  }

  private async leave(outcome: DeputyOutcome): Promise<void> {
    await this.acting.call('leave', () => {
      this.outcome = outcome;
      const code =
        outcome.kind === 'ended' && outcome.end.kind === 'exited'
          ? outcome.end.code
          : outcome.kind === 'running'
            ? 0
            : failed;
      this.parts.tree.exit(this.self, code);
    });
  }
}
