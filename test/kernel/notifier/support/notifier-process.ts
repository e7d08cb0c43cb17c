import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { deputyCommand } from '../../../lab/agent-process.js';
import { confinement, type Form } from '../../broker/support/broker-process.js';
import { makeShare, targetId } from '../../support/share.js';
import { until } from '../../takeover/support/agent-tree.js';

export interface NotifierProcessOptions {
  readonly form?: Form;
  /** Put in front of the whole command line, such as `unshare`. */
  readonly before?: readonly string[];
  readonly policy?: unknown;
  readonly cgroup?: string;
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

const made = new Set<NotifierProcess>();

// At the top level of a module that a test file imports: what a test that failed has left.
afterAll(async () => {
  for (const one of made) await one.end();
});

/** A real sidecar, with a share, a socket's directory and a state of its own. */
export class NotifierProcess {
  readonly directory: string;
  readonly share: string;
  readonly socketPath: string;
  readonly stateDirectory: string;
  log = '';
  private child: ChildProcess | undefined;
  private exited: Promise<number | string> = Promise.resolve('not started');

  constructor(private readonly options: NotifierProcessOptions = {}) {
    made.add(this);
    ({ directory: this.directory, share: this.share } = makeShare());
    chmodSync(this.directory, 0o755);
    for (const name of ['sock', 'state']) {
      mkdirSync(join(this.directory, name));
      chownSync(join(this.directory, name), targetId, targetId);
    }
    this.socketPath = join(this.directory, 'sock', 'sidecar.sock');
    this.stateDirectory = join(this.directory, 'state', 'deputy');
  }

  /** Starts it, again if it was killed; resolves when it serves. */
  async start(): Promise<this> {
    const {
      form = 'kubernetes',
      before = [],
      policy,
      cgroup = 'any',
      flags = [],
      environment,
    } = this.options;
    const words = [...before, 'setpriv', ...confinement(form), process.execPath, deputyCommand(), 'notifier'];
    words.push('--socket', this.socketPath, '--user', `${targetId}:${targetId}`, '--cgroup', cgroup);
    words.push('--state', this.stateDirectory, ...flags);
    if (policy !== undefined) {
      const path = join(this.directory, 'policy.json');
      writeFileSync(path, JSON.stringify(policy));
      words.push('--policy', path);
    }
    const [program = '', ...rest] = words;
    // A process group of its own, so that all of it is killed at once, as a container is.
    const child = spawn(program, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { ...process.env, ...environment },
    });
    this.child = child;
    let output = '';
    child.stdout?.on('data', (bytes: Buffer) => {
      output += bytes.toString();
    });
    child.stderr?.on('data', (bytes: Buffer) => {
      this.log += bytes.toString();
    });
    let isOver = false;
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        isOver = true;
        resolve(code ?? signal ?? 'unknown');
      });
    });
    await until(() => isOver || output.includes('ready '), 'the sidecar', 30_000);
    if (isOver) throw new Error(`the sidecar ended: ${this.log}`);
    return this;
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  /** The process that answers. */
  get supervisor(): number {
    const text = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'latin1');
    const commandOf = (pid: string): string => readFileSync(`/proc/${pid}/cmdline`, 'latin1');
    const found = text
      .split(' ')
      .filter(Boolean)
      .find((pid) => commandOf(pid).includes('supervisor.js'));
    return Number(found ?? 0);
  }

  /** SIGKILL to keeper, supervisor and injector at once. */
  async killAll(): Promise<void> {
    if (this.child?.exitCode === null && this.child.signalCode === null) process.kill(-this.pid, 'SIGKILL');
    await this.exited;
  }

  /** SIGTERM to the first process; the exit code. */
  stop(): Promise<number | string> {
    this.child?.kill('SIGTERM');
    return this.exited;
  }

  /** Its events so far. */
  events(): { type: string; data: Record<string, unknown> }[] {
    const words = [deputyCommand(), 'events', '--state', this.stateDirectory, '--json'];
    const { stdout } = spawnSync(process.execPath, words, { encoding: 'utf8', maxBuffer: 64 << 20 });
    return stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  }

  /** Kills it, if it runs, and removes what it had. */
  async end(): Promise<void> {
    made.delete(this);
    await this.killAll();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
