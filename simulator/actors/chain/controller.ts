import { canBeAdopted } from '../../../core/engine/can-be-adopted.js';
import { createEngine, type Engine } from '../../../core/engine/engine.js';
import { isDeputyError } from '../../../core/errors/deputy-error.js';
import type { EventDraft, OpenStream, Sequencer } from '../../../core/ports/sequencer.js';
import type { Strategy, Target } from '../../../core/ports/strategy.js';
import { InMemoryEventStore } from '../../../core/stores/in-memory-event-store.js';
import type { TreeProcess } from '../../processes/tree-process.js';
import type { ModelContainer } from '../dispatch/container.js';
import type { ChainParts } from './chain-parts.js';
import { ChainService, closeListener } from './chain-service.js';
import { enginePolicy, engineStrategies } from './engine-parts.js';
import { PortCalls } from './port-calls.js';

/**
 * A host controller with the real engine in it, and all four strategies: it has the target served by
 * whichever the engine chooses, again when its container starts again; whoever comes after a death goes on.
 */
export class ChainController {
  readonly calls: PortCalls;
  private engine: Engine | undefined;
  /** Of the container's present life. */
  private delegationId: string | undefined;

  constructor(
    private readonly parts: ChainParts,
    readonly self: TreeProcess,
    private readonly container: ModelContainer,
  ) {
    this.calls = new PortCalls(parts.world, self, 'deputy');
    self.ignoresChildren = true;
    self.program = 'deputy';
  }

  async run(): Promise<void> {
    const { calls, parts } = this;
    const sequencer = await calls.call('open-log', () => parts.log.open(calls));
    const service = new ChainService(parts, calls);
    const engine = this.makeEngine(
      sequencer,
      engineStrategies(parts, calls, service, () => this.life),
    );
    this.engine = engine;
    const left = (await sequencer.caughtUp()).find((open) => this.isPresent(open));
    if (left !== undefined) await this.adopt(engine, left);
    await engine.settlePredecessors();
    if (this.delegationId === undefined) await this.delegate(engine);
  }

  /** The container runs again. */
  containerStarted(): void {
    const { engine, delegationId } = this;
    if (engine === undefined || !this.calls.isAlive) return;
    this.delegationId = undefined;
    void this.follow(engine, delegationId);
  }

  readPolicy(): void {
    if (!this.calls.isAlive || this.parts.oldWays.has('keeps-the-old-policy')) return;
    this.engine?.setPolicy(enginePolicy(this.parts));
  }

  private get life() {
    return this.container.current;
  }

  private async follow(engine: Engine, earlier: string | undefined): Promise<void> {
    // What served the life before does not know of its end by itself where it has no tie to it: a broker.
    const isLive = engine.status().delegations.some(({ id, state }) => id === earlier && state === 'active');
    if (isLive && earlier !== undefined) await engine.release(earlier, 'its container ended');
    await this.delegate(engine);
  }

  private async delegate(engine: Engine): Promise<void> {
    const { parts, calls } = this;
    const target = await calls.call('look-at-target', () => this.target());
    const onListenerUnused = (): void => this.closeUnused(target);
    try {
      const { id } = await engine.delegate({ target, strategy: 'auto', origin: 'library', onListenerUnused });
      this.delegationId = id;
    } catch (error) {
      // A dead one hears nothing, and does nothing about it.
      if (!calls.isAlive) return;
      parts.world.watch.noted?.(this.self.actor, 'not-served', { code: codeOf(error) });
      // Nobody answers it: its calls are to fail, and not to wait.
      await calls.call('close-listener', onListenerUnused);
    }
  }

  private async adopt(engine: Engine, { delegationId }: OpenStream): Promise<void> {
    const target = await this.calls.call('look-at-target', () => this.target());
    const strategy = strategyOf(this.parts.log.events, delegationId);
    const wanted = 'auto';
    const given = { delegationId, strategy, wanted, targets: [target], inFlight: 0, previousEpoch: 0 };
    try {
      const reason = 'the controller before this one is gone';
      await engine.adopt({ ...given, reason, onListenerUnused: () => this.closeUnused(target) });
      this.delegationId = delegationId;
    } catch (error) {
      if (!this.calls.isAlive) return;
      this.parts.world.watch.noted?.(this.self.actor, 'not-adopted', { code: codeOf(error) });
    }
  }

  private closeUnused({ listener: index }: Target): void {
    const listener = index === undefined ? undefined : this.parts.listeners[index];
    if (listener !== undefined && !this.parts.oldWays.has('leaves-the-listener')) closeListener(listener);
  }

  /** Was it of the container's present life, and can somebody go on with it? */
  private isPresent(open: OpenStream): boolean {
    const asked = this.parts.log.events.find(
      ({ delegationId, type }) => delegationId === open.delegationId && type === 'delegation.requested',
    );
    const data = asked?.data as { readonly target?: { readonly processId?: number } } | undefined;
    return canBeAdopted(open) && data?.target?.processId === this.processId && this.life.init.process.alive;
  }

  private get processId(): number {
    return this.life.init.numberIn(this.parts.dispatch.tree.hostSpace);
  }

  private target(): Target {
    const index = this.parts.listeners.findIndex(({ life, isOpen }) => life === this.life && isOpen);
    const listener = index < 0 ? {} : { listener: index, listenerKey: 16 + index };
    return { containerId: this.container.id, processId: this.processId, metadata: '', ...listener };
  }

  private makeEngine(sequencer: Sequencer, strategies: readonly Strategy[]): Engine {
    const { parts } = this;
    const { world } = parts;
    const told: Sequencer = {
      ...sequencer,
      append: (draft) => {
        const isKept = draft.type === 'delegation.fellback' && parts.oldWays.has('tells-no-fallback');
        return isKept ? 0 : sequencer.append(draft);
      },
    };
    return createEngine({
      strategies: [...strategies],
      store: new InMemoryEventStore(),
      policy: enginePolicy(parts),
      stateDirectory: { sequencer: told, epoch: parts.log.epoch },
      clock: { nowMs: () => world.wallClockBaseMs + world.nowUs / 1000, monotonicUs: () => world.nowUs },
      ids: { next: () => `delegation-${parts.dispatch.nextNumber('delegation')}` },
    });
  }
}

function codeOf(error: unknown): string {
  return isDeputyError(error) ? error.code : String(error);
}

/** The strategy that a delegation had last, as its events say. */
function strategyOf(events: readonly EventDraft[], delegationId: string): string {
  const last = events.findLast(
    (event) => event.delegationId === delegationId && event.type === 'delegation.establishing',
  );
  return (last?.data as { readonly strategy?: string } | undefined)?.strategy ?? '';
}
