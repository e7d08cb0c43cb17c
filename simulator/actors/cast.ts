import { resolvePolicy } from '../../core/policy/match.js';
import { nativeDirectoriesWord } from '../../core/policy/metadata.js';
import { damageJournal } from '../faults/damage-journal.js';
import type { Fault, FaultyActor } from '../faults/fault-schema.js';
import { troubleStream } from '../faults/trouble-stream.js';
import type { ListenerEnd } from '../kernel/filter.js';
import type { ModelProcess } from '../kernel/process.js';
import type { Scenario } from '../scenario/scenario-schema.js';
import type { World } from '../world/world.js';
import type { Agent, AgentParts } from './agent.js';
import type { ContainerState } from './agent-link.js';
import { EventListener } from './event-listener.js';
import { HandleBook } from './handle-book.js';
import { ModelKeeper } from './keeper.js';
import { ListenerKeepers } from './listener-keepers.js';
import { LoneSupervisor } from './lone-supervisor.js';
import { DescriptorStore } from './service-manager.js';
import { type RunningIn, TargetProgram } from './target.js';

/** Until a service manager has cleaned up, and starts the service again. */
const restartUs = [100_000, 600_000] as const;
const cleanUpUs = [500, 5_000] as const;
/** Until a runtime has made a container, and its program runs. */
const containerUs = [1_000, 5_000] as const;
const connectAgainUs = 10_000;

/** Who plays in a run: agents, targets, and what starts them again. Faults reach them through it. */
export class Cast {
  readonly targets: TargetProgram[] = [];
  readonly handles = new HandleBook();
  agent: Agent;
  private readonly store = new DescriptorStore();
  private readonly listener: EventListener | undefined;
  private readonly beside: ListenerKeepers;
  private containers = 0;
  /** Faults and restarts that are under way. */
  underWay = 0;

  constructor(
    private readonly world: World,
    private readonly scenario: Scenario,
    private readonly parts: AgentParts,
  ) {
    this.beside = new ListenerKeepers(world);
    this.agent = this.startAgent();
    const { stream, setup } = parts;
    if (setup.listener && stream !== undefined) this.listener = new EventListener(world, stream);
    for (const target of scenario.targets) this.startTarget(target.name);
    world.applyFault = (fault, at) => this.apply(fault, at);
    for (const { fault, atUs } of world.plan.timed()) {
      this.later(atUs, () => {
        world.plan.noteFired();
        world.apply(fault, undefined);
      });
    }
  }

  /** Is nothing left to be done by anybody? */
  get isDone(): boolean {
    if (this.underWay > 0 || this.targets.some((target) => !target.isDone)) return false;
    const active = this.agent.active;
    // Somebody who has just died looks idle until the keeper hears of it.
    if (active?.parts.process.alive !== true) return false;
    const hasHeard = this.listener?.isIdle ?? true;
    return active.isIdle && (this.parts.injectors?.isIdle ?? true) && hasHeard;
  }

  /** The process that plays a part at present. */
  processOf(actor: FaultyActor): ModelProcess | undefined {
    const { agent } = this;
    if (actor === 'supervisor') return agent.active?.parts.process;
    if (actor === 'standby') {
      return agent.supervisors.find((one) => one !== agent.active && one.parts.process.alive)?.parts.process;
    }
    if (actor === 'keeper') return agent.process;
    if (actor === 'listener') return this.listener?.process;
    if (actor === 'sidecar') return agent.process;
    if (actor === 'listener-keeper') return this.beside.process;
    return actor === 'injector' ? this.parts.injectors?.process : undefined;
  }

  /** `replaces`: it takes all from whoever serves, once it is ready. */
  private startAgent(replaces = false): Agent {
    const { keeper, serviceManager, sidecar } = this.parts.setup;
    if (!keeper) return this.watchOver(new LoneSupervisor(this.parts));
    const process = this.world.kernel.spawn(`keeper-${this.parts.nextNumber('keeper')}`);
    const agent: ModelKeeper = new ModelKeeper(process, {
      ...this.parts,
      stored: replaces ? [] : this.storage.all,
      ...(serviceManager || sidecar ? { storage: this.storage } : {}),
      ...(replaces ? { handOver: () => this.handOver(agent) } : {}),
    });
    if (sidecar) this.later(connectAgainUs, () => this.bringUnnamed(agent));
    return this.watchOver(agent);
  }

  /** Where listeners are kept beyond an agent: by the service manager, or beside the targets. */
  private get storage(): DescriptorStore | ListenerKeepers {
    return this.parts.setup.sidecar ? this.beside : this.store;
  }

  /** Listener keepers whose sidecar died before it could name them come again. */
  private bringUnnamed(agent: Agent): void {
    if (this.agent !== agent || !agent.process.alive) return;
    for (const { state, listener } of this.beside.broughtTo(agent.process)) agent.take(state, listener);
  }

  /** An agent that ends is started again, where somebody does that. */
  private watchOver(agent: Agent): Agent {
    const { keeper, serviceManager, sidecar } = this.parts.setup;
    if (keeper && !serviceManager && !sidecar) return agent;
    agent.process.whenDead.push(() => {
      // One that was replaced, or that had not begun to serve, is nobody's loss.
      if (this.agent !== agent) return;
      this.later(this.world.random.between(...cleanUpUs), () => {
        agent.kill();
        this.parts.injectors?.stop();
        this.later(this.world.random.between(...restartUs), () => {
          this.agent = this.startAgent();
        });
      });
    });
    return agent;
  }

  /** What the agent that serves has; undefined when it is gone. */
  private handOver(next: ModelKeeper) {
    const earlier = this.agent;
    if (!(earlier instanceof ModelKeeper) || !earlier.process.alive) return undefined;
    const given = earlier.handOver();
    this.agent = next;
    this.later(1_000, () => {
      earlier.kill();
      for (const { listener } of given) listener.release();
    });
    return given;
  }

  private startTarget(name: string): void {
    const scenario = this.scenario.targets.find((target) => target.name === name);
    if (scenario === undefined) return;
    const containerId = `${name}-${++this.containers}`;
    const { metadata } = scenario;
    const policy = resolvePolicy(this.parts.policy, { containerId, metadata });
    const native = this.nativeOf();
    const target = new TargetProgram(this.world, scenario, containerId, policy, this.handles, native);
    this.targets.push(target);
    const { process } = target;
    const { listener } = process.filter ?? {};
    if (listener === undefined) return;
    // The runtime holds it until it has handed it over, and then starts the program.
    listener.refer();
    this.later(this.world.random.between(...containerUs), () => {
      const words = [scenario.metadata, native?.mappedUsers === undefined ? '' : nativeDirectoriesWord];
      const said = words.filter((word) => word !== '').join(',');
      const state = { containerId, processId: process.processId, metadata: said };
      this.begin(process, state, listener);
      target.start();
      target.busy--;
    });
    target.busy++;
  }

  /** How a program lives under file-handle: in a user namespace, with a filter that leaves directories. */
  private nativeOf(): RunningIn | undefined {
    if (this.parts.setup.strategy !== 'file-handle') return undefined;
    const { mappedUsers, nativeDirectories } = this.scenario.fileHandle;
    return { namesFirst: true, ...(nativeDirectories ? { mappedUsers: new Set(mappedUsers) } : {}) };
  }

  /** The runtime hands it over; or its keeper beside the target brings it. */
  private begin(program: ModelProcess, state: ContainerState, listener: ListenerEnd): void {
    if (!this.parts.setup.sidecar) return this.handOverListener(state, listener);
    this.beside.begin(program, state, listener);
    listener.release();
    this.bringUnnamed(this.agent);
  }

  /** A connection that nobody has taken yet waits in the socket, where that outlives the agent. */
  private handOverListener(state: ContainerState, listener: ListenerEnd): void {
    const { agent } = this;
    if (agent.process.alive) agent.take(state, listener);
    const isTaken = agent.process.alive || this.store.has(listener);
    if (isTaken || !this.parts.setup.serviceManager) return listener.release();
    this.later(connectAgainUs, () => this.handOverListener(state, listener));
  }

  private apply(fault: Fault, at: ModelProcess | undefined): void {
    const { world } = this;
    switch (fault.kind) {
      case 'crash':
        if (fault.actor === 'sidecar') return this.crashSidecar();
        return this.crash(fault.actor === undefined ? at : this.processOf(fault.actor));
      case 'hang': {
        const process = fault.actor === undefined ? at : this.processOf(fault.actor);
        if (process !== undefined) process.heldUntilUs = world.nowUs + (fault.forUs ?? Infinity);
        return;
      }
      case 'storm':
        return this.storm(fault.actor, fault.count, fault.everyUs);
      case 'journal':
        return damageJournal(world, fault.damage, fault.count);
      case 'disk-full':
        world.disk.isFull = true;
        return this.later(fault.forUs, () => {
          world.disk.isFull = false;
        });
      case 'clock-jump':
        world.wallClockBaseMs += fault.byMs;
        return;
      case 'store':
        return this.troubleStore(fault);
      case 'replace':
        this.startAgent(true);
        return;
      default:
        return this.touchTarget(fault);
    }
  }

  private crash(process: ModelProcess | undefined): void {
    if (process !== undefined) this.world.kernel.kill(process);
  }

  /** A container is killed with all that is in it. */
  private crashSidecar(): void {
    this.agent.kill();
    this.parts.injectors?.stop();
  }

  private storm(actor: FaultyActor, count: number, everyUs: number): void {
    if (actor === 'sidecar') this.crashSidecar();
    else this.crash(this.processOf(actor));
    if (count > 1) this.later(everyUs, () => this.storm(actor, count - 1, everyUs));
  }

  private troubleStore(fault: Extract<Fault, { kind: 'store' }>): void {
    const { store, stream } = this.parts;
    if (stream !== undefined) return troubleStream(stream, fault);
    if (fault.trouble === 'disconnect') store.disconnect(fault.forUs);
    else if (fault.trouble === 'delay') store.slowDown(fault.forUs);
    else if (fault.trouble === 'duplicate') store.duplicate(fault.count);
    else if (fault.trouble === 'lose-suffix') store.loseSuffix(fault.count);
    // Files have no server, and nobody else writes them.
    else store.disconnect(fault.forUs);
  }

  private touchTarget(fault: Fault): void {
    if (!('target' in fault)) return;
    const target = this.targets.findLast(({ scenario }) => scenario.name === fault.target);
    if (target === undefined) return;
    const { kernel } = this.world;
    const { process } = target;
    if (fault.kind === 'signal') return kernel.signal(process, fault.signal);
    const threadIds = process.threads.map(({ threadId }) => threadId);
    kernel.kill(process);
    if (fault.kind === 'pod-restart') this.startTarget(fault.target);
    if (fault.kind !== 'pid-reuse') return;
    // Somebody else gets the numbers, with other rights, and runs the same program: what deputy would read
    // and write by a number that it believes to be its caller's is there.
    const other = kernel.spawn(`stranger-${this.parts.nextNumber('stranger')}`);
    const [workingMount = 0] = kernel.files.mounts.keys();
    for (const id of threadIds) kernel.addThread(other, 0, other.actor, workingMount, id);
    target.resemble(other);
  }

  private later(delayUs: number, run: () => void): void {
    this.underWay++;
    this.world.scheduler.after(delayUs, undefined, () => {
      this.underWay--;
      run();
    });
  }
}
