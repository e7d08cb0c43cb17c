import { deputyError } from '../../../core/errors/deputy-error.js';
import { type ResolvedPolicy, resolvePolicy } from '../../../core/policy/match.js';
import { parsePolicy } from '../../../core/policy/parse.js';
import type { Policy } from '../../../core/policy/schema.js';
import type { Handler } from '../../../core/steps/handler.js';
import type { StepTable } from '../../../core/steps/step.js';
import { damageJournal } from '../../faults/damage-journal.js';
import type { Fault } from '../../faults/fault-schema.js';
import type { ModelProcess } from '../../kernel/process.js';
import type { Generator } from '../../random/generator.js';
import type { Scenario, ScenarioTarget } from '../../scenario/scenario-schema.js';
import { ModelEventStore } from '../../storage/event-store.js';
import type { World } from '../../world/world.js';
import { HandleBook } from '../handle-book.js';
import { TargetProgram } from '../target.js';
import { ModelBrokerClient } from './broker-client.js';
import { type BrokerParts, BrokerSocketFile } from './broker-parts.js';
import { ModelBroker } from './model-broker.js';

/** Until a kubelet has noticed that a container ended, and has started it again. */
const restartUs = [100_000, 600_000] as const;
/** Until Node runs, and the broker with it. */
const startUs = [150_000, 250_000] as const;
const containerUs = [1_000, 5_000] as const;

/** Who plays where a broker serves: one target, whose program asks over a socket, and its sidecar. */
export class BrokerCast {
  readonly targets: TargetProgram[] = [];
  readonly handles = new HandleBook();
  readonly client: ModelBrokerClient;
  broker: ModelBroker | undefined;
  underWay = 0;
  private readonly parts: BrokerParts;
  private readonly policy: Policy;

  constructor(
    private readonly world: World,
    private readonly scenario: Scenario,
    private readonly ids: Generator,
    tableOf: (handler: Handler) => StepTable,
  ) {
    const [target, ...others] = scenario.targets;
    if (target === undefined || others.length > 0) {
      throw deputyError('DEPUTY_E_MODEL_GAP', { what: 'a broker for several targets' });
    }
    const numbers = new Map<string, number>();
    this.policy = brokerPolicyOf(world, scenario);
    this.parts = {
      world,
      store: new ModelEventStore(world),
      socket: new BrokerSocketFile(),
      containerId: target.name,
      user: target.user,
      tableOf,
      nextNumber: (kind) => {
        numbers.set(kind, (numbers.get(kind) ?? 0) + 1);
        return numbers.get(kind) ?? 0;
      },
    };
    world.applyFault = (fault, at) => this.apply(fault, at);
    for (const { fault, atUs } of world.plan.timed()) {
      this.later(atUs, () => {
        world.plan.noteFired();
        world.apply(fault, undefined);
      });
    }
    this.client = this.startTarget(target);
    this.startBroker();
  }

  get isDone(): boolean {
    if (this.underWay > 0 || this.targets.some((target) => !target.isDone)) return false;
    return this.broker?.isIdle === true;
  }

  /** The client's library said of a thread's call that nobody knows how it went. */
  isUncertain(thread: Parameters<ModelBrokerClient['call']>[0]): boolean {
    return this.client.uncertain.has(thread);
  }

  private get resolved(): ResolvedPolicy {
    return resolvePolicy(this.policy, { containerId: this.parts.containerId, metadata: '' });
  }

  private startTarget(target: ScenarioTarget): ModelBrokerClient {
    const { world, handles, parts } = this;
    const process = world.kernel.spawn(target.name, { descriptorLimit: target.descriptorLimit });
    const repeatsAll = this.scenario.broker.oldWays.includes('repeats-truncation');
    const client = new ModelBrokerClient(world, process, parts.socket, repeatsAll);
    const program = new TargetProgram(world, target, target.name, this.resolved, handles, {
      process,
      holdsReadSearch: false,
      namesFirst: true,
      call: (thread, registers, returned) => client.call(thread, registers, returned),
      whenDone: () => undefined,
    });
    this.targets.push(program);
    program.busy++;
    this.later(world.random.between(...containerUs), () => {
      program.busy--;
      program.start();
    });
    return client;
  }

  private startBroker(): void {
    const { world, parts, policy, ids } = this;
    const process = world.kernel.spawn(`broker-${parts.nextNumber('broker')}`);
    const broker = new ModelBroker(parts, process, policy, ids);
    this.broker = broker;
    process.whenDead.push(() => {
      this.later(world.random.between(...restartUs), () => this.startBroker());
    });
    world.later(process, ...startUs, () => {
      world.hasMicrotasks = true;
      broker.start();
    });
  }

  private apply(fault: Fault, at: ModelProcess | undefined): void {
    const { world, broker, targets } = this;
    if (fault.kind === 'crash') {
      const process = fault.actor === undefined ? at : broker?.process;
      if (process !== undefined) world.kernel.kill(process);
    } else if (fault.kind === 'storm') {
      if (broker !== undefined) world.kernel.kill(broker.process);
      const next = { ...fault, count: fault.count - 1 };
      if (next.count > 0) this.later(fault.everyUs, () => this.apply(next, at));
    } else if (fault.kind === 'hang') {
      const process = fault.actor === undefined ? at : broker?.process;
      if (process !== undefined) process.heldUntilUs = world.nowUs + (fault.forUs ?? 0);
    } else if (fault.kind === 'clock-jump') world.wallClockBaseMs += fault.byMs;
    else if (fault.kind === 'journal') damageJournal(world, fault.damage, fault.count);
    else if (fault.kind === 'disk-full') {
      world.disk.isFull = true;
      this.later(fault.forUs, () => {
        world.disk.isFull = false;
      });
    } else if (fault.kind === 'store') this.troubleStore(fault);
    else if (fault.kind === 'target-death') for (const { process } of targets) world.kernel.kill(process);
  }

  private troubleStore({ trouble, forUs, count }: Extract<Fault, { kind: 'store' }>): void {
    const { store } = this.parts;
    if (trouble === 'delay') store.slowDown(forUs);
    else if (trouble === 'duplicate') store.duplicate(count);
    else if (trouble === 'lose-suffix') store.loseSuffix(count);
    else store.disconnect(forUs);
  }

  private later(delayUs: number, run: () => void): void {
    this.underWay++;
    this.world.scheduler.after(delayUs, undefined, () => {
      this.underWay--;
      this.world.hasMicrotasks = true;
      run();
    });
  }
}

/** A broker's shares are the volumes that it is given, here each that the policy lets be used. */
function brokerPolicyOf({ kernel }: World, { policy }: Scenario): Policy {
  const { defaults, ...rest } = parsePolicy({
    ...policy,
    defaults: { ...policy.defaults, confinement: 'sealed' },
  });
  const named = [...kernel.files.mounts.values()].filter((mount) =>
    defaults.filesystems.includes(mount.fileSystemType),
  );
  const shares =
    defaults.shares === 'all'
      ? named.map(({ mountPoint }, index) => ({ name: `share-${index}`, path: mountPoint }))
      : defaults.shares;
  return { ...rest, defaults: { ...defaults, shares } };
}
