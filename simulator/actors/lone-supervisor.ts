import type { ListenerEnd } from '../kernel/filter.js';
import type { ModelProcess } from '../kernel/process.js';
import type { Agent, AgentParts } from './agent.js';
import type { ContainerState, SupervisorLink } from './agent-link.js';
import { startSupervisor } from './start-supervisor.js';
import type { ModelSupervisor } from './supervisor.js';

const startUs = [150_000, 250_000] as const;
const firstKey = 16;

/**
 * The classic way: one process holds the listeners and answers. When it dies its service manager or its
 * DaemonSet starts another, which gets the listeners of new containers only.
 */
export class LoneSupervisor implements Agent {
  readonly process: ModelProcess;
  private readonly supervisor: ModelSupervisor;
  private nextKey = firstKey;
  private isReady = false;
  private readonly early: (() => void)[] = [];

  constructor(parts: AgentParts) {
    const link: SupervisorLink = {
      ready: () => undefined,
      active: () => undefined,
      note: () => undefined,
      refused: () => undefined,
    };
    const started = startSupervisor(parts, undefined, link);
    this.process = started.process;
    this.supervisor = started.supervisor;
    for (const key of parts.book.keys()) this.nextKey = Math.max(this.nextKey, key + 1);
    this.book = parts.book;
    parts.world.later(this.process, ...startUs, () => {
      this.isReady = true;
      parts.injectors?.start(this.process);
      this.supervisor.activate({ reason: 'the agent started', lost: [] });
      for (const run of this.early.splice(0)) run();
    });
  }

  private readonly book: AgentParts['book'];

  get supervisors(): readonly ModelSupervisor[] {
    return [this.supervisor];
  }

  get active(): ModelSupervisor | undefined {
    return this.process.alive && this.supervisor.isActive ? this.supervisor : undefined;
  }

  take(state: ContainerState, listener: ListenerEnd): void {
    const key = this.nextKey++;
    this.book.set(key, { state });
    const descriptor = this.process.table.add(listener, true);
    const offer = (): void => this.supervisor.offer({ key, state, origin: 'runtime', descriptor });
    if (this.isReady) offer();
    else this.early.push(offer);
  }

  kill(): void {
    this.supervisor.parts.world.kernel.kill(this.process);
  }
}
