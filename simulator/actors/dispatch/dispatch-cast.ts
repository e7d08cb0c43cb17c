import { resolvePolicy } from '../../../core/policy/match.js';
import { parsePolicy } from '../../../core/policy/parse.js';
import type { Fault, FaultyActor } from '../../faults/fault-schema.js';
import type { ModelProcess } from '../../kernel/process.js';
import { bit, capability } from '../../processes/capability-sets.js';
import { ProcessTree } from '../../processes/process-tree.js';
import type { Scenario } from '../../scenario/scenario-schema.js';
import type { World } from '../../world/world.js';
import { HandleBook } from '../handle-book.js';
import { TargetProgram } from '../target.js';
import { ModelContainer } from './container.js';
import type { DispatchParts, ModelPayload } from './dispatch-parts.js';
import { type DispatchTables, formerTables } from './former-ways.js';
import { Operator } from './operator.js';
import { PayloadFolders } from './payload-folder.js';
import { payloadSpecOf } from './payload-spec.js';

/** Makes other tables of the real ones. */
export type MutateDispatch = (tables: DispatchTables) => DispatchTables;

/** Who plays where the dispatcher is at work: containers, and whoever dispatches to them. */
export class DispatchCast {
  readonly targets: TargetProgram[] = [];
  readonly operators: Operator[] = [];
  readonly parts: DispatchParts;
  private readonly handles = new HandleBook();

  constructor(
    private readonly world: World,
    private readonly scenario: Scenario,
    mutate: MutateDispatch = (tables) => tables,
  ) {
    const { dispatch } = scenario;
    const tables = mutate(formerTables(dispatch.formerWays));
    const numbers = new Map<string, number>();
    this.parts = {
      world,
      tree: new ProcessTree(world.kernel),
      scenario,
      policy: parsePolicy(scenario.policy),
      spec: payloadSpecOf(scenario),
      oldWays: new Set(dispatch.oldWays),
      formerWays: new Set(dispatch.formerWays),
      commandSteps: tables.command,
      dispatchSteps: tables.strategy,
      folders: new PayloadFolders(world),
      containers: new Map(),
      payloads: [],
      started: new Set(),
      shims: [],
      nextNumber: (kind) => {
        numbers.set(kind, (numbers.get(kind) ?? 0) + 1);
        return numbers.get(kind) ?? 0;
      },
      runPayload: (payload) => this.runPayload(payload),
    };
    world.applyFault = (fault, at) => this.apply(fault, at);
    for (const { fault, atUs } of world.plan.timed()) {
      world.scheduler.after(atUs, undefined, () => {
        world.hasMicrotasks = true;
        world.plan.noteFired();
        world.apply(fault, undefined);
      });
    }
    for (const target of scenario.targets) this.startTarget(target.name, target.user);
  }

  /** A run ends when nothing happens any more: what lingers then is looked at. */
  get isDone(): boolean {
    return false;
  }

  private startTarget(name: string, user: number): void {
    const { dispatch } = this.scenario;
    const container = new ModelContainer(this.parts, name, user, dispatch.restarts);
    this.parts.containers.set(name, container);
    for (const { atUs, user: whose, runUs } of dispatch.orphans) {
      this.world.scheduler.after(atUs, undefined, () => container.leaveOrphan(whose, runUs));
    }
    const operators: Operator[] = [];
    container.whenStarted = () => {
      for (const operator of operators) operator.containerStarted();
    };
    for (let count = 0; count < dispatch.dispatches; count++) {
      const owner = dispatch.states === 'own' ? count : 0;
      operators.push(new Operator(this.parts, container, owner));
    }
    this.operators.push(...operators);
  }

  /** The payload makes its target's calls, with what it holds, and ends with its code. */
  private runPayload({ process, containerId }: ModelPayload): void {
    const { world, scenario } = this;
    const { dispatch, targets } = scenario;
    const own = targets.find(({ name }) => name === containerId) ?? targets[0];
    if (own === undefined) return;
    // What it writes to a log that the tenant has filled makes it wait for ever.
    if (this.parts.oldWays.has('log-of-the-target') && dispatch.logIsFull) return;
    const program = new TargetProgram(
      world,
      { ...own, user: this.parts.spec.user },
      containerId,
      resolvePolicy(this.parts.policy, { containerId, metadata: own.metadata }),
      this.handles,
      {
        process: process.process,
        holdsReadSearch: process.sets.has(capability.DAC_READ_SEARCH),
        whenDone: () => this.parts.tree.exit(process, dispatch.exitCode),
      },
    );
    this.targets.push(program);
    program.start();
  }

  private apply(fault: Fault, at: ModelProcess | undefined): void {
    const { world } = this;
    if (fault.kind === 'crash' || fault.kind === 'storm') {
      const process = 'actor' in fault && fault.actor !== undefined ? this.processOf(fault.actor) : at;
      if (process !== undefined) world.kernel.kill(process);
      if (fault.kind === 'storm' && fault.count > 1) {
        const next = { ...fault, count: fault.count - 1 };
        world.scheduler.after(fault.everyUs, undefined, () => this.apply(next, at));
      }
      return;
    }
    if (fault.kind === 'hang') {
      const process = fault.actor === undefined ? at : this.processOf(fault.actor);
      if (process !== undefined)
        process.heldUntilUs = world.nowUs + (fault.forUs ?? Number.POSITIVE_INFINITY);
      return;
    }
    if (fault.kind === 'clock-jump') world.wallClockBaseMs += fault.byMs;
    else this.touchTarget(fault);
  }

  private processOf(actor: FaultyActor): ModelProcess | undefined {
    const { tree } = this.parts;
    if (actor === 'supervisor' || actor === 'deputy') return this.operators[0]?.deputies.at(-1)?.self.process;
    const program = actor === 'shim' || actor === 'joiner' || actor === 'payload' ? actor : undefined;
    return tree.all.findLast((one) => one.program === program && one.process.alive)?.process;
  }

  private touchTarget(fault: Fault): void {
    // `slow` acts on its step alone; what is not modelled was refused before.
    if (!('target' in fault)) return;
    const container = this.parts.containers.get(fault.target);
    if (container === undefined) return;
    if (fault.kind === 'pod-restart') return container.restart();
    const number = container.current.init.numberIn(this.parts.tree.hostSpace);
    container.kill();
    if (fault.kind !== 'pid-reuse') return;
    const id = `stranger-${this.parts.nextNumber('stranger')}`;
    this.parts.containers.set(id, new ModelContainer(this.parts, id, 1000, 0, number));
  }
}

/** The capabilities that a payload may hold, as bits. */
export function askedCapabilities({ spec }: DispatchParts): bigint {
  return spec.capabilities.reduce((mask, number) => mask | bit(number), 0n);
}
