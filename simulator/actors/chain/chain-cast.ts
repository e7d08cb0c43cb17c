import { type ResolvedPolicy, resolvePolicy } from '../../../core/policy/match.js';
import type { Fault } from '../../faults/fault-schema.js';
import type { ModelProcess } from '../../kernel/process.js';
import { ProcessTree } from '../../processes/process-tree.js';
import type { Scenario } from '../../scenario/scenario-schema.js';
import type { World } from '../../world/world.js';
import { ModelContainer } from '../dispatch/container.js';
import { DispatchLog } from '../dispatch/dispatch-log.js';
import type { DispatchParts } from '../dispatch/dispatch-parts.js';
import { formerTables } from '../dispatch/former-ways.js';
import { PayloadFolders } from '../dispatch/payload-folder.js';
import { payloadSpecOf, placeholderSocket } from '../dispatch/payload-spec.js';
import type { TargetProgram } from '../target.js';
import type { ChainParts } from './chain-parts.js';
import { ChainController } from './controller.js';
import { writtenPolicy } from './engine-parts.js';
import { ChainMachine } from './machine.js';

/** Until a service manager starts again what was killed. */
const restartUs = [10_000, 100_000] as const;
const restartsMax = 60;

/** Who plays where it is about the choice between strategies: a controller, and its container. */
export class ChainCast {
  /** Nobody makes calls: who would answer them is what it is about. */
  readonly targets: readonly TargetProgram[] = [];
  readonly parts: ChainParts;
  controller: ChainController | undefined;
  container: ModelContainer | undefined;
  private restarts = 0;

  constructor(
    private readonly world: World,
    private readonly scenario: Scenario,
  ) {
    const { chain } = scenario;
    const machine = new ChainMachine(chain);
    const oldWays = new Set(chain.oldWays);
    this.parts = {
      world,
      scenario,
      machine,
      dispatch: dispatchParts(world, scenario),
      log: new DispatchLog(world),
      pod: machine.admit(this.policyNow(), oldWays.has('skips-the-preflight')),
      listeners: [],
      sockets: [],
      broken: new Set(),
      oldWays,
      policyNow: () => this.policyNow(),
    };
    world.applyFault = (fault, at) => this.apply(fault, at);
    for (const { fault, atUs } of world.plan.timed()) {
      this.later(atUs, () => {
        world.plan.noteFired();
        world.apply(fault, undefined);
      });
    }
    for (const { atUs } of chain.reloads) this.later(atUs, () => this.controller?.readPolicy());
    this.later(0, () => this.startPod());
  }

  /** A run ends when nothing happens any more: what lingers then is looked at. */
  get isDone(): boolean {
    return false;
  }

  private policyNow(): ResolvedPolicy {
    const { world, scenario } = this;
    return resolvePolicy(writtenPolicy({ world, scenario }), { containerId: this.name, metadata: '' });
  }

  private get name(): string {
    return this.scenario.targets[0]?.name ?? '';
  }

  private startPod(): void {
    const { dispatch, listeners, pod } = this.parts;
    const { isAdmitted, reasons, possible } = pod;
    this.world.watch.noted?.('cluster', isAdmitted ? 'admitted' : 'refused', { possible, reasons });
    if (!isAdmitted) return;
    const { user } = this.scenario.targets[0] ?? { user: 107 };
    const container = new ModelContainer(dispatch, this.name, user, this.scenario.dispatch.restarts);
    this.container = container;
    dispatch.containers.set(this.name, container);
    const began = (): void => {
      // Its runtime gives the listener with the container, and none where its profile says nothing of it.
      if (pod.hasProfile) listeners.push({ life: container.current, isOpen: true, answerer: undefined });
      this.controller?.containerStarted();
    };
    began();
    container.whenStarted = began;
    this.startController(container);
  }

  private startController(container: ModelContainer): void {
    const { tree, nextNumber } = this.parts.dispatch;
    const process = tree.fork(tree.init, `controller-${nextNumber('controller')}`, { keeps: [] });
    if (typeof process === 'number') throw new RangeError(`no controller: ${process}`);
    const controller = new ChainController(this.parts, process, container);
    this.controller = controller;
    process.whenEnded.push(() => {
      this.lose(controller);
      if (++this.restarts > restartsMax) return;
      this.later(this.world.random.between(...restartUs), () => this.startController(container));
    });
    void controller.run();
  }

  /** What it alone had ends with it: sockets, and its copy of listeners, which others have as well. */
  private lose({ self }: ChainController): void {
    const { listeners, sockets } = this.parts;
    for (const one of [...listeners, ...sockets]) if (one.answerer === self) one.answerer = undefined;
    for (const socket of sockets) if (socket.answerer === undefined) socket.isServing = false;
  }

  private apply(fault: Fault, at: ModelProcess | undefined): void {
    const { world, container, controller } = this;
    if (fault.kind === 'storm') {
      if (controller !== undefined) world.kernel.kill(controller.self.process);
      const next = { ...fault, count: fault.count - 1 };
      if (next.count > 0) this.later(fault.everyUs, () => this.apply(next, at));
    } else if (fault.kind === 'crash') {
      const process = fault.actor === undefined ? at : controller?.self.process;
      if (process !== undefined) world.kernel.kill(process);
    } else if (fault.kind === 'clock-jump') world.wallClockBaseMs += fault.byMs;
    else if (fault.kind === 'target-death') container?.kill();
    else if (fault.kind === 'pod-restart') container?.restart();
  }

  private later(delayUs: number, run: () => void): void {
    this.world.scheduler.after(delayUs, undefined, () => {
      this.world.hasMicrotasks = true;
      run();
    });
  }
}

function dispatchParts(world: World, scenario: Scenario): DispatchParts {
  const numbers = new Map<string, number>();
  const tables = formerTables([]);
  return {
    world,
    tree: new ProcessTree(world.kernel),
    scenario,
    policy: writtenPolicy({ world, scenario }),
    spec: { ...payloadSpecOf(scenario), lossy: true, placeholderSocket },
    oldWays: new Set(),
    formerWays: new Set(),
    commandSteps: tables.command,
    dispatchSteps: tables.strategy,
    folders: new PayloadFolders(world),
    containers: new Map(),
    payloads: [],
    started: new Set(),
    shims: [],
    nextNumber: (kind) => {
      const next = (numbers.get(kind) ?? 0) + 1;
      numbers.set(kind, next);
      return next;
    },
    // It runs until its container ends.
    runPayload: () => undefined,
  };
}
