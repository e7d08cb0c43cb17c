import { cpSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { compileTarget } from '../kernel/support/compile.js';
import { makeShare } from '../kernel/support/share.js';
import { type AgentStatus, deputyCommand } from './agent-process.js';
import { sleep } from './child.js';
import { checkoutDirectory } from './paths.js';
import { type SystemdLab, startSystemd } from './systemd.js';

const unitName = 'deputy.service';
const cgroup = '/sys/fs/cgroup/system.slice/deputy.service';
const patienceMs = 60_000;

/** What can happen to the service; none of it may be noticed by a target but as time. */
export const disturbances = {
  restart: 'systemctl restart',
  killKeeper: 'SIGKILL of the keeper',
  killAll: 'SIGKILL of every process at once',
  stopKeeper: 'SIGSTOP of the keeper, until the watchdog acts',
  killActive: 'SIGKILL of the active supervisor',
} as const;
export type Disturbance = keyof typeof disturbances;

/** Process ids as they are inside; 0 where there is none. */
export interface Processes {
  readonly keeper: number;
  readonly active: number;
  readonly standby: number;
  readonly injector: number;
}

/** The shipped unit under a real systemd, with a share and targets beside it. */
export class ServiceLab {
  readonly socketPath = '/run/deputy/agent.sock';
  readonly stateDirectory = '/var/lib/deputy';

  private constructor(
    readonly systemd: SystemdLab,
    readonly share: string,
  ) {}

  static async start(settings: string): Promise<ServiceLab> {
    const systemd = await startSystemd();
    try {
      const { share } = makeShare(systemd.directory);
      for (const name of ['steady', 'handover']) {
        cpSync(compileTarget(name), join(systemd.directory, name));
      }
      const unit = readFileSync(join(checkoutDirectory(), 'docs/examples', unitName), 'utf8');
      systemd.installUnit(unitName, unit);
      systemd.installCommand('deputy', `${process.execPath} ${deputyCommand()}`);
      const lab = new ServiceLab(systemd, share);
      lab.configure(settings);
      systemd.systemctl('start', unitName);
      return lab;
    } catch (error) {
      await systemd.stop();
      throw error;
    }
  }

  /** Overrides settings of the unit's [Service] section; what was overridden before is not any more. */
  configure(settings: string): void {
    this.systemd.installUnit(`${unitName}.d/test.conf`, `[Service]\n${settings}\n`);
    this.systemd.systemctl('daemon-reload');
  }

  program(name: 'steady' | 'handover'): string {
    return join(this.systemd.directory, name);
  }

  property(name: string): string {
    return this.systemd.property(unitName, name);
  }

  get journal(): string {
    return this.systemd.journal(unitName);
  }

  /** What `deputy status` prints, without a process of its own; undefined while nobody answers. */
  status(): Promise<AgentStatus | undefined> {
    const root = `/proc/${this.systemd.pid}/root`;
    return new Promise((resolve) => {
      let text = '';
      const socket = connect(`${root}${this.stateDirectory}/control.sock`);
      socket.write('status\n');
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8');
      });
      socket.on('error', () => resolve(undefined));
      socket.on('close', () => {
        try {
          resolve(JSON.parse(text) as AgentStatus);
        } catch {
          resolve(undefined);
        }
      });
    });
  }

  kill(signal: string, pid: number | string): void {
    this.systemd.run('kill', [`-${signal}`, `${pid}`]);
  }

  killAll(): void {
    this.systemd.run('sh', ['-c', `echo 1 > ${cgroup}/cgroup.kill`]);
  }

  /** Does it and waits until the service is whole again: another process where one ended, and a standby. */
  async disturb(disturbance: Disturbance): Promise<void> {
    const before = await this.whole();
    switch (disturbance) {
      case 'restart':
        this.systemd.systemctl('restart', unitName);
        break;
      case 'killKeeper':
        this.kill('KILL', before.keeper);
        break;
      case 'killAll':
        this.killAll();
        break;
      case 'stopKeeper':
        this.kill('STOP', before.keeper);
        break;
      case 'killActive':
        this.kill('KILL', before.active);
    }
    const replaced = disturbance === 'killActive' ? 'active' : 'keeper';
    await this.whole((now) => now[replaced] !== before[replaced]);
  }

  /** Waits for a service with all of its processes, for which something holds. */
  async whole(holds: (now: Processes, status: AgentStatus) => boolean = () => true): Promise<Processes> {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const status = await this.status();
      const now = processesOf(status);
      if (status && Object.values(now).every((pid) => pid > 0) && holds(now, status)) return now;
      if (Date.now() > deadline) throw new Error(`the service did not get whole again:\n${this.journal}`);
      await sleep(50);
    }
  }

  async until(what: string, isSo: () => boolean): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (!isSo()) {
      if (Date.now() > deadline) throw new Error(`never ${what}:\n${this.journal}`);
      await sleep(50);
    }
  }

  /** All events so far, as `deputy events --json` prints them: the path of a file with one a line. */
  events(): string {
    const path = join(this.systemd.directory, 'events.jsonl');
    const line = `deputy events --json --state ${this.stateDirectory} > ${path}`;
    const { status, stderr } = this.systemd.run('sh', ['-c', line]);
    if (status !== 0) throw new Error(`deputy events: ${status} ${stderr}`);
    return path;
  }

  stop(): Promise<void> {
    return this.systemd.stop();
  }
}

function processesOf(status: AgentStatus | undefined): Processes {
  const find = (role: string, state: string): number =>
    status?.processes.find((one) => one.role === role && one.state === state)?.pid ?? 0;
  return {
    keeper: find('keeper', 'active'),
    active: find('supervisor', 'active'),
    standby: find('supervisor', 'standby'),
    injector: find('injector', 'active'),
  };
}
