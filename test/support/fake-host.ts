import type { Counts } from '../../core/events/vocabulary.js';
import {
  createEngine,
  type DeputyEvent,
  type Engine,
  type EngineOptions,
  type EstablishmentHooks,
  InMemoryEventStore,
  type Policy,
  parsePolicy,
  type ResolvedPolicy,
  type Strategy,
  type Target,
} from '../../core/index.js';
import type { EventDraft, OpenStream, Sequencer } from '../../core/ports/sequencer.js';
import type { HandleUse } from '../../core/request/handle-use.js';

/** An engine's surroundings without a machine: what it appends is stored at once. */
export class FakeHost implements Sequencer {
  readonly store = new InMemoryEventStore();
  private readonly versions = new Map<string, number>();
  private ticket = 0;
  private last: Promise<unknown> = Promise.resolve();
  private behind: Promise<readonly OpenStream[]> = Promise.resolve([]);

  engine(strategies: readonly Strategy[], options: Partial<EngineOptions> = {}): Engine {
    let next = 0;
    return createEngine({
      strategies,
      store: this.store,
      policy: this.policy({}),
      stateDirectory: { sequencer: this, epoch: 1 },
      clock: { nowMs: () => 0, monotonicUs: () => 0 },
      ids: { next: () => `id-${next++}` },
      ...options,
    });
  }

  policy(defaults: object): Policy {
    return parsePolicy({ version: 1, defaults });
  }

  append(draft: EventDraft): number {
    const { delegationId } = draft;
    const version = (this.versions.get(delegationId) ?? 0) + 1;
    this.versions.set(delegationId, version);
    const event = {
      id: `${delegationId}/${version}`,
      version,
      schemaVersion: 1,
      time: '2026-01-01T00:00:00.000Z',
      node: 'node',
      epoch: 1,
      ...draft,
    } as DeputyEvent;
    this.last = this.last.then(() => this.store.append(delegationId, [event]));
    return this.ticket++;
  }

  async published(): Promise<void> {
    await this.last;
  }

  /** From here on the sequencer is behind, until catchUp(). */
  fallBehind(): void {
    this.behind = new Promise((resolve) => {
      this.catchUp = resolve;
    });
  }

  /** All that predecessors left is in order, and leaves these streams open. */
  catchUp: (streams: readonly OpenStream[]) => void = () => undefined;

  caughtUp(): Promise<readonly OpenStream[]> {
    return this.behind;
  }

  async stored(): Promise<DeputyEvent[]> {
    await this.last;
    const events: DeputyEvent[] = [];
    for await (const { event } of this.store.readAll()) events.push(event);
    return events;
  }

  async types(): Promise<string[]> {
    return (await this.stored()).map(({ type }) => type);
  }
}

const noCounts: Counts = { answered: 0, refused: 0, cancelled: 0, lost: 0 };

/** What a test sets of a strategy, and what it sees of it. */
export interface FakeStrategy extends Strategy {
  readonly joined: number[];
  readonly policies: ResolvedPolicy[];
  hooks?: EstablishmentHooks;
}

export function fakeStrategy(
  options: {
    readonly possible?: boolean;
    readonly reasons?: readonly string[];
    readonly onEstablish?: () => void | Promise<void>;
    /** Called with the listener that is to be joined. */
    readonly onJoin?: (listener: number) => void;
    readonly counts?: () => Counts;
    readonly name?: string;
    readonly enforces?: readonly string[];
    /** null: it answers no listener. */
    readonly answerer?: object | null;
    /** What is left when it lets go; without it, it can't. */
    readonly letGo?: () => readonly Target[];
    readonly onRelease?: () => void;
    readonly use?: () => HandleUse;
    readonly unfitFor?: (policy: ResolvedPolicy) => string | undefined;
  } = {},
): FakeStrategy {
  const { possible = true, reasons = [], onEstablish, onJoin, counts = () => noCounts } = options;
  const { name = 'seccomp-notify', answerer = {}, letGo, onRelease, use } = options;
  const all = ['syscalls', 'shares', 'filesystems', 'confinement', 'dac', 'opath', 'placement', 'limits'];
  const strategy: FakeStrategy = {
    name,
    ...(answerer === null ? {} : { answerer }),
    needs: { capabilities: [], syscalls: [], ports: [] },
    enforces: options.enforces ?? all,
    ...(options.unfitFor === undefined ? {} : { unfitFor: options.unfitFor }),
    joined: [],
    policies: [],
    assess: async () => ({ possible, reasons }),
    establish: async ({ hooks, policy }) => {
      await onEstablish?.();
      strategy.hooks = hooks;
      strategy.policies.push(policy);
      hooks.serving();
      return {
        get entries() {
          return 1 + strategy.joined.length;
        },
        join: async ({ listener = -1 }) => {
          onJoin?.(listener);
          strategy.joined.push(listener);
        },
        setPolicy: (next) => void strategy.policies.push(next),
        release: async () => onRelease?.(),
        ...(letGo === undefined ? {} : { letGo: async () => letGo() }),
        counts,
        ...(use === undefined ? {} : { use }),
      };
    },
  };
  return strategy;
}
