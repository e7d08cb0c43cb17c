import type { ListenerEnd } from '../kernel/filter.js';
import type { ModelProcess } from '../kernel/process.js';
import type { World } from '../world/world.js';
import type { StoredListener } from './agent.js';
import type { ContainerState } from './agent-link.js';

/** One listener keeper: a process of its program's container and user, without a capability. */
interface ListenerKeeper {
  readonly process: ModelProcess;
  readonly listener: ListenerEnd;
  readonly state: ContainerState;
  /** The name that it was last given by a sidecar. */
  key: number | undefined;
  /** The sidecar's process that it is connected to. */
  connected: ModelProcess | undefined;
}

/**
 * The listener keepers beside targets (docs/adr/0022): to a sidecar's keeper they are what FDSTORE is to that
 * of a node. Each brings its listener to whoever listens on the socket, with the name that it was given.
 */
export class ListenerKeepers {
  private readonly keepers: ListenerKeeper[] = [];

  constructor(private readonly world: World) {}

  /** A wrapper forks its keeper, gives it the only copy of the listener, and executes the program. */
  begin(program: ModelProcess, state: ContainerState, listener: ListenerEnd): void {
    const { kernel } = this.world;
    const process = kernel.spawn(`listener-keeper-${state.containerId}`);
    kernel.open(process, listener);
    this.keepers.push({ process, listener, state, key: undefined, connected: undefined });
    // Of the same container, or seen by poll(2): no task uses the filter any more.
    program.whenDead.push(() => kernel.kill(process));
  }

  /** A sidecar tells the keeper the name of its listener. */
  store({ key, listener }: StoredListener): void {
    const keeper = this.living.find((one) => one.listener === listener);
    if (keeper !== undefined) keeper.key = key;
  }

  /** A sidecar says that it won't serve: calls are to fail, and not to wait. */
  remove(key: number): void {
    const keeper = this.living.find((one) => one.key === key);
    if (keeper !== undefined) this.world.kernel.kill(keeper.process);
  }

  has(listener: ListenerEnd): boolean {
    return this.living.some((one) => one.listener === listener);
  }

  /** Those that a sidecar knew: they come first to the next one. */
  get all(): readonly StoredListener[] {
    return this.living.flatMap(({ key, listener }) => (key === undefined ? [] : [{ key, listener }]));
  }

  /** Those that nobody has named yet connect to a sidecar, once each. */
  broughtTo(sidecar: ModelProcess): readonly Pick<ListenerKeeper, 'state' | 'listener'>[] {
    const coming = this.living.filter(({ key, connected }) => key === undefined && connected !== sidecar);
    for (const keeper of coming) keeper.connected = sidecar;
    return coming;
  }

  /** The process of one, for faults. */
  get process(): ModelProcess | undefined {
    return this.living[0]?.process;
  }

  private get living(): readonly ListenerKeeper[] {
    return this.keepers.filter(({ process }) => process.alive);
  }
}
