import { deputyError } from '../../core/errors/deputy-error.js';
import { parsePolicy } from '../../core/policy/parse.js';
import type { StreamPort } from '../../core/ports/stream.js';
import type { Handler } from '../../core/steps/handler.js';
import type { StepTable } from '../../core/steps/step.js';
import { BrokerCast } from '../actors/broker/broker-cast.js';
import { Cast } from '../actors/cast.js';
import { ChainCast } from '../actors/chain/chain-cast.js';
import { DispatchCast, type MutateDispatch } from '../actors/dispatch/dispatch-cast.js';
import { InjectorPool } from '../actors/injector/injector-pool.js';
import { FaultPlan } from '../faults/fault-plan.js';
import type { Fault } from '../faults/fault-schema.js';
import { misfits } from '../faults/fitting-faults.js';
import { invariants as allInvariants } from '../invariants/all.js';
import type { Invariant, Stage, Violation } from '../invariants/invariant.js';
import { StreamService } from '../jetstream/stream-service.js';
import { Generator } from '../random/generator.js';
import { buildMachine } from '../scenario/build-machine.js';
import type { Scenario, Setup } from '../scenario/scenario-schema.js';
import { ModelEventStore } from '../storage/event-store.js';
import type { EntryDraft } from '../trace/writer.js';
import { World } from '../world/world.js';
import { combineWatches, type WorldWatch } from '../world/world-watch.js';
import { Coverage, type CoverageCounts } from './coverage.js';
import { TraceWatch } from './trace-watch.js';

/** Takes the entries of a run, in their order; TraceWriter's entry() is one. */
export type TraceSink = (entry: EntryDraft) => void;

export interface RunOptions {
  /** A decimal number of 64 bits. */
  readonly seed: string | bigint;
  /** Another set of processes than the scenario's. */
  readonly setup?: Partial<Setup>;
  /** More faults than the scenario's. */
  readonly faults?: readonly Fault[];
  readonly trace?: TraceSink;
  /** Makes another table of a handler's, for mutations; called once a handler. */
  readonly mutateTable?: (handler: Handler) => StepTable;
  /** Makes other tables of the dispatcher's, for mutations. */
  readonly mutateDispatch?: MutateDispatch;
  /** Puts something between a publisher and its stream, for mutations. */
  readonly mutateStream?: (port: StreamPort) => StreamPort;
  readonly invariants?: readonly Invariant[];
  /** Stops at the first broken invariant. */
  readonly stopsAtViolation?: boolean;
  /** Told of each point, for whoever enumerates them. */
  readonly onPoint?: (point: Point) => void;
}

/** A step of an actor, at which it may die. */
export interface Point {
  readonly point: number;
  readonly timeUs: number;
  readonly kind: string;
  readonly actor: string;
  readonly name: string;
  readonly request: string | null;
}

export type Outcome = 'held' | 'broken' | 'inconclusive';

export interface RunResult {
  readonly outcome: Outcome;
  /** Calls of ports by real code of strategies. */
  readonly steps: number;
  /** Steps of all actors. */
  readonly points: number;
  readonly timeUs: number;
  readonly stateHash: string;
  readonly violations: readonly Violation[];
  readonly coverage: CoverageCounts;
}

/** Turns of the microtask queue after an event that may have settled promises: more than a chain needs. */
const microtaskTurns = 40;
const violationLimit = 100;

/** Runs a scenario once. The same scenario, options and seed always go the same way. */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<RunResult> {
  const run = new Run(scenario, options);
  return run.play();
}

class Run {
  private readonly violations: Violation[] = [];
  private readonly coverage = new Coverage();
  private traced: TraceWatch | undefined;
  private readonly world: World;
  private readonly stage: Stage;
  private readonly playing: { readonly isDone: boolean };

  constructor(
    private readonly scenario: Scenario,
    private readonly options: RunOptions,
  ) {
    const random = new Generator(BigInt(options.seed));
    const faults = [...scenario.faults, ...(options.faults ?? [])];
    this.refuseMisfits(faults);
    const plan = new FaultPlan(faults, random.fork('faults'));
    this.world = new World(random.fork('world'), this.watch(), plan);
    this.world.isTraced = options.trace !== undefined || options.onPoint !== undefined;
    buildMachine(this.world.kernel.files, scenario);
    const { strategy } = this.setup;
    const casts: Casts = {
      ...(strategy === 'dispatcher' ? { dispatch: this.makeDispatch() } : {}),
      ...(strategy === 'auto' ? { chain: new ChainCast(this.world, scenario) } : {}),
      ...(strategy === 'sidecar-caps' ? { broker: this.makeBrokers(random) } : {}),
      ...(strategy === 'seccomp-notify' || strategy === 'file-handle' ? { cast: this.makeCast(random) } : {}),
    };
    this.playing = playingOf(casts);
    this.stage = stageOf(this.world, scenario, casts);
  }

  async play(): Promise<RunResult> {
    const { scheduler } = this.world;
    const { virtualUs, points } = this.scenario.limits;
    let isOver = false;
    let isStuck = false;
    while (!isOver && !isStuck) {
      isStuck = scheduler.nextUs > virtualUs || this.world.points > points || !scheduler.step();
      if (this.world.hasMicrotasks) await this.drain();
      isOver = this.playing.isDone || (this.options.stopsAtViolation === true && this.violations.length > 0);
    }
    this.world.watch.finished?.();
    return this.result(isStuck && this.world.points > points);
  }

  private async drain(): Promise<void> {
    this.world.hasMicrotasks = false;
    for (let left = microtaskTurns; left > 0; left--) {
      await undefined;
      // What waits for a long chain goes on when that is at its end.
      if (this.world.asyncWork > 0) left = microtaskTurns;
    }
  }

  private result(wasCut: boolean): RunResult {
    const { world, violations } = this;
    const outcome = violations.length > 0 ? 'broken' : wasCut ? 'inconclusive' : 'held';
    return {
      outcome,
      steps: world.steps,
      points: world.points,
      timeUs: world.nowUs,
      stateHash: world.hash.digest,
      violations,
      coverage: this.coverage.counts(),
    };
  }

  private get setup(): Setup {
    return { ...this.scenario.setup, ...this.options.setup };
  }

  /** What would do nothing is refused, also where it comes beside a scenario, or with another setup. */
  private refuseMisfits(faults: readonly Fault[]): void {
    const problems = misfits(faults, this.setup.strategy);
    if (problems.length === 0) return;
    const text = problems.map((problem) => `  ${problem}`).join('\n');
    throw deputyError('DEPUTY_E_SCENARIO_INVALID', { source: this.scenario.name, text, problems });
  }

  private makeDispatch(): DispatchCast {
    return new DispatchCast(this.world, this.scenario, this.options.mutateDispatch);
  }

  /** The steps of a handler, which a mutation may have changed. */
  private tableOf(): (handler: Handler) => StepTable {
    const tables = new Map<Handler, StepTable>();
    return (handler) => {
      const known = tables.get(handler) ?? this.options.mutateTable?.(handler) ?? handler.steps;
      tables.set(handler, known);
      return known;
    };
  }

  private makeBrokers(random: Generator): BrokerCast {
    return new BrokerCast(this.world, this.scenario, random.fork('ids'), this.tableOf());
  }

  private makeCast(random: Generator): Cast {
    const { scenario, options, world } = this;
    const numbers = new Map<string, number>();
    const { setup } = this;
    const nextNumber = (kind: string): number => {
      const next = (numbers.get(kind) ?? 0) + 1;
      numbers.set(kind, next);
      return next;
    };
    return new Cast(world, scenario, {
      world,
      setup,
      policy: parsePolicy(
        setup.strategy === 'file-handle' ? withSealed(scenario.policy) : withNativeHandles(scenario.policy),
      ),
      store: new ModelEventStore(world),
      stream: setup.store === 'jetstream' ? new StreamService(world, setup) : undefined,
      mutateStream: options.mutateStream ?? ((port) => port),
      ids: random.fork('ids'),
      mappedUsers: scenario.fileHandle.mappedUsers,
      injectors: setup.injector ? new InjectorPool(world, nextNumber) : undefined,
      book: new Map(),
      nextNumber,
      tableOf: this.tableOf(),
    });
  }

  private watch(): WorldWatch {
    const watches: WorldWatch[] = [this.coverage.watch()];
    for (const invariant of this.options.invariants ?? allInvariants) {
      if (invariant.strategy !== undefined && invariant.strategy !== this.setup.strategy) continue;
      watches.push(
        invariant.begin(
          () => this.stage,
          (detail) => this.broken(invariant, detail),
        ),
      );
    }
    const { onPoint, trace } = this.options;
    if (trace !== undefined) {
      // First, so that what an invariant finds comes behind what shows it.
      this.traced = new TraceWatch(() => this.world.scheduler, trace);
      watches.unshift(this.traced.watch());
    }
    if (onPoint !== undefined) watches.push(pointWatch(() => this.world.nowUs, onPoint));
    return combineWatches(watches);
  }

  private broken({ id, sentence }: Invariant, detail: Readonly<Record<string, unknown>>): void {
    if (this.violations.length >= violationLimit) return;
    const { points, nowUs } = this.world;
    const sequence = this.traced?.violated(id, sentence, detail) ?? 0;
    this.violations.push({ invariant: id, sentence, point: points, timeUs: nowUs, sequence, detail });
  }
}

/** Who plays; one of them. */
interface Casts {
  readonly cast?: Cast;
  readonly dispatch?: DispatchCast;
  readonly chain?: ChainCast;
  readonly broker?: BrokerCast;
}

function playingOf({ cast, dispatch, chain, broker }: Casts): Cast | DispatchCast | ChainCast | BrokerCast {
  const playing = cast ?? dispatch ?? chain ?? broker;
  if (playing === undefined) throw new RangeError('nobody plays this strategy');
  return playing;
}

/** What invariants look at; they ask only for what their strategy has. */
function stageOf(world: World, scenario: Scenario, casts: Casts): Stage {
  const { cast, dispatch, chain, broker } = casts;
  const there = <Part>(part: Part | undefined): Part => {
    if (part === undefined) throw new RangeError('this strategy has no such part');
    return part;
  };
  return {
    world,
    scenario,
    get cast() {
      return there(cast);
    },
    get dispatch() {
      return there(dispatch);
    },
    get answering() {
      return there(cast ?? broker);
    },
    get broker() {
      return there(broker);
    },
    get chain() {
      return there(chain);
    },
    get targets() {
      return playingOf(casts).targets;
    },
  };
}

function pointWatch(nowUs: () => number, onPoint: (point: Point) => void): WorldWatch {
  return {
    stepped: ({ point, process, kind, name, request }) =>
      onPoint({ point, timeUs: nowUs(), kind, actor: process.actor, name, request }),
  };
}

/** A scenario's targets have their handles from the kernel itself, unless it says how they are confined. */
function withNativeHandles(policy: Scenario['policy']): Scenario['policy'] {
  return { ...policy, defaults: { confinement: 'none', ...policy.defaults } };
}

/** file-handle gives out sealed handles, whatever a scenario has that was written for others. */
function withSealed(policy: Scenario['policy']): Scenario['policy'] {
  return { ...policy, defaults: { ...policy.defaults, confinement: 'sealed' } };
}
