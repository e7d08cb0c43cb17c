import { canBeAdopted } from '../../../core/engine/can-be-adopted.js';
import { createEngine, type Engine } from '../../../core/engine/engine.js';
import { isDeputyError } from '../../../core/errors/deputy-error.js';
import { defaultPolicy } from '../../../core/policy/defaults.js';
import type { PayloadEnd } from '../../../core/ports/payload.js';
import type { Sequencer } from '../../../core/ports/sequencer.js';
import { InMemoryEventStore } from '../../../core/stores/in-memory-event-store.js';
import { dispatcher } from '../../../strategies/dispatcher/index.js';
import type { TreeProcess } from '../../processes/tree-process.js';
import { Acting } from './acting.js';
import type { DispatchLog } from './dispatch-log.js';
import type { DispatchParts } from './dispatch-parts.js';
import { collectLeftBehind, type LeftBehind } from './left-behind.js';
import { modelPayloads } from './model-payloads.js';
import type { PayloadFolder } from './payload-folder.js';
import type { ModelPayloadSession } from './payload-session.js';
import { identifyTarget } from './target-facts.js';

const failed = 125;

/** How a `deputy dispatch` ended, for whoever started it. */
export type DeputyOutcome =
  | { readonly kind: 'ended'; readonly end: PayloadEnd; readonly startTime: number }
  | { readonly kind: 'failed'; readonly code: string };

/**
 * `deputy dispatch`: the real engine with the real strategy, one delegation, to its payload's end. Whoever
 * comes after a death adopts what that left.
 */
export class ModelDeputy {
  /** What its exit code says; undefined when it was killed. */
  outcome: DeputyOutcome | undefined;
  /** The strategy said that it serves. */
  isServing = false;
  /** What it said of the container's earlier lives. */
  readonly earlier: LeftBehind[] = [];
  private readonly acting: Acting;
  private session: ModelPayloadSession | undefined;

  constructor(
    private readonly parts: DispatchParts,
    readonly self: TreeProcess,
    readonly containerId: string,
    private readonly owner: number,
    private readonly whenServing: (deputy: ModelDeputy) => void,
  ) {
    this.acting = new Acting(parts.world, self, 'deputy');
    // As Node does with its children.
    self.ignoresChildren = true;
    self.program = 'deputy';
  }

  async run(): Promise<void> {
    try {
      const folder = await this.acting.call('find-folder', () => this.folder());
      await this.learnOfEarlierLives(folder);
      const log = folder.logOf(this.owner);
      const sequencer = await this.acting.call('open-log', () => log.open(this.self));
      const engine = this.makeEngine(sequencer, log);
      await this.begin(engine, sequencer, log);
      const { session } = this;
      if (session === undefined) throw new RangeError('no session');
      this.isServing = true;
      this.whenServing(this);
      const end = await session.ended;
      await session.collect();
      await engine.close('the payload ended');
      await this.leave({ kind: 'ended', end, startTime: folder.startTime });
    } catch (error) {
      const code = isDeputyError(error) ? error.code : String(error);
      const isGone = code === 'DEPUTY_E_TARGET_GONE' || code === 'DEPUTY_E_TARGET_UNKNOWN';
      const left = isGone ? await collectLeftBehind(this.parts, this.acting, this.containerId) : undefined;
      await this.leave(left === undefined ? { kind: 'failed', code } : { kind: 'ended', ...left });
    }
  }

  private async begin(engine: Engine, sequencer: Sequencer, log: DispatchLog): Promise<void> {
    const { containerId } = this;
    const target = { containerId };
    const [open] = await sequencer.caughtUp();
    if (open === undefined || !canBeAdopted(open)) {
      await engine.settlePredecessors();
      await engine.delegate({ target, strategy: 'dispatcher', origin: 'dispatch' });
      return;
    }
    const reason = 'whoever dispatched it is gone';
    await engine.adopt({
      delegationId: open.delegationId,
      strategy: 'dispatcher',
      targets: [target],
      reason,
      inFlight: 0,
      previousEpoch: log.epoch - 1,
    });
  }

  /** A payload ended with its container, which was started again before anybody had heard how. */
  private async learnOfEarlierLives(present: PayloadFolder): Promise<void> {
    const isEarlier = (folder: PayloadFolder): boolean => folder !== present;
    for (;;) {
      const left = await collectLeftBehind(this.parts, this.acting, this.containerId, isEarlier);
      if (left === undefined) return;
      this.earlier.push(left);
    }
  }

  /** Where its payload is kept, by the container as it was started last. */
  private folder(): PayloadFolder {
    const { startTime } = identifyTarget(this.parts, this.containerId);
    return this.parts.folders.of(this.containerId, startTime);
  }

  private makeEngine(sequencer: Sequencer, log: DispatchLog): Engine {
    const { parts, acting } = this;
    const { world } = parts;
    const strategy = dispatcher({
      payloads: modelPayloads(parts, acting, (session) => {
        this.session = session;
      }),
      payload: () => parts.spec,
    });
    return createEngine({
      strategies: [strategy],
      store: new InMemoryEventStore(),
      policy: defaultPolicy(),
      stateDirectory: { sequencer, epoch: log.epoch },
      clock: { nowMs: () => world.wallClockBaseMs + world.nowUs / 1000, monotonicUs: () => world.nowUs },
      ids: { next: () => `delegation-${parts.nextNumber('delegation')}` },
    });
  }

  private async leave(outcome: DeputyOutcome): Promise<void> {
    await this.acting.call('leave', () => {
      this.outcome = outcome;
      const { kind } = outcome;
      const code = kind === 'ended' && outcome.end.kind === 'exited' ? outcome.end.code : failed;
      this.parts.tree.exit(this.self, code);
    });
  }
}
