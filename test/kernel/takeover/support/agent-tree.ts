import { readFileSync } from 'node:fs';
import type { AgentProcess } from '../../../lab/agent-process.js';

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const waitMs = 30_000;
const pollMs = 5;

/** The processes of an agent that are its keeper's children, told apart without asking the agent. */
export class AgentTree {
  constructor(private readonly agent: AgentProcess) {}

  /** The supervisor that took over last. */
  get active(): number {
    return this.takeOvers.at(-1) ?? 0;
  }

  /** Supervisors besides the active one; they may be starting still. */
  get others(): number[] {
    return this.supervisors.filter((pid) => pid !== this.active);
  }

  get supervisors(): number[] {
    return this.children.filter((pid) => commandOf(pid).includes('supervisor.js'));
  }

  get injector(): number {
    return this.children.find((pid) => commandOf(pid).startsWith('deputy-injector')) ?? 0;
  }

  /** Supervisors in the order in which they took over. */
  get takeOvers(): number[] {
    return this.agent.log
      .filter((line) => line.includes('a supervisor takes over'))
      .map((line) => (JSON.parse(line) as { supervisor: number }).supervisor);
  }

  /** Waits for the next take-over after `count` of them. */
  async takenOver(count: number): Promise<void> {
    await until(() => this.takeOvers.length > count, 'a take-over');
  }

  /** Waits until a standby has said that it is ready. */
  async hasStandby(): Promise<void> {
    await until(
      () =>
        this.agent.status().processes.some(({ role, state }) => role === 'supervisor' && state === 'standby'),
      'a standby',
    );
  }

  private get children(): number[] {
    const { pid } = this.agent;
    try {
      const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
      return text.split(' ').filter(Boolean).map(Number);
    } catch {
      return [];
    }
  }
}

export async function until(holds: () => boolean, what: string, patienceMs = waitMs): Promise<void> {
  const end = performance.now() + patienceMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await sleep(pollMs);
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
