import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { setGroupIds, setUserIds } from '../../../../adapters/linux/credentials.js';
import { deputyCommand } from '../../../lab/agent-process.js';
import { descriptorsOf } from '../../support/process-resources.js';
import { until } from '../../takeover/support/agent-tree.js';

/** uid and gid of the target, and so of its broker. */
export const targetId = 107;

/** How a sidecar starts: as root with what it takes to become the target, or as the target, by ambient sets. */
export type Form = 'kubernetes' | 'oci';

/** What setpriv(1) is told, so that the process has what the form's container has, and nothing else. */
export function confinement(form: Form): string[] {
  if (form === 'kubernetes') {
    const bounding = '--bounding-set=-all,+dac_read_search,+setuid,+setgid';
    return [bounding, '--inh-caps=-all', '--clear-groups', '--no-new-privs'];
  }
  const sets = ['--bounding-set', '--inh-caps', '--ambient-caps'].map(
    (set) => `${set}=-all,+dac_read_search`,
  );
  return [`--reuid=${targetId}`, `--regid=${targetId}`, '--clear-groups', ...sets, '--no-new-privs'];
}

export interface BrokerProcessOptions {
  readonly form?: Form;
  /** Put in front of the whole command line, such as `unshare`. */
  readonly before?: readonly string[];
  readonly flags?: readonly string[];
  /** The policy, written to a file. */
  readonly policy?: unknown;
  readonly cgroup?: string;
}

const made = new Set<BrokerProcess>();

// At the top level of a module that a test file imports: what a test that failed has left.
afterAll(async () => {
  become(0);
  for (const broker of made) await broker.end('SIGKILL');
});

/** A real broker, on a share that is a tmpfs of its own. */
export class BrokerProcess {
  readonly directory = mkdtempSync(join(tmpdir(), 'deputy-broker-'));
  readonly share = join(this.directory, 'share');
  readonly socketPath = join(this.directory, 'sock', 'broker.sock');
  readonly stateDirectory = join(this.directory, 'state', 'deputy');
  log = '';
  private child: ChildProcess | undefined;
  private exited: Promise<number | string> = Promise.resolve('not started');

  constructor(private readonly options: BrokerProcessOptions = {}) {
    made.add(this);
    chmodSync(this.directory, 0o755);
    for (const name of ['share', 'sock', 'state']) mkdirSync(join(this.directory, name));
    for (const name of ['sock', 'state']) chownSync(join(this.directory, name), targetId, targetId);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', this.share]);
    if (mounted.status !== 0) throw new Error(`no tmpfs: ${mounted.stderr}`);
    this.file('own', 'contents of own\n', targetId, 0o600);
    this.file('public', 'contents of public\n', 0, 0o644);
    this.file('secret', 'contents of secret\n', 0, 0o600);
    spawnSync('sh', ['-c', 'mkdir folder; ln -s own link; mkfifo fifo; chmod 666 fifo'], { cwd: this.share });
  }

  file(name: string, contents: string, owner = targetId, mode = 0o600): void {
    const path = join(this.share, name);
    writeFileSync(path, contents);
    chownSync(path, owner, owner);
    chmodSync(path, mode);
  }

  /** Starts it, again if it was killed; resolves when it serves. */
  async start(): Promise<this> {
    const { form = 'kubernetes', before = [], flags = [], policy, cgroup = 'any' } = this.options;
    const words = [...before, 'setpriv', ...confinement(form), process.execPath, deputyCommand(), 'broker'];
    words.push('--socket', this.socketPath, '--share', `share=${this.share}`, '--cgroup', cgroup);
    words.push('--user', `${targetId}:${targetId}`, '--state', this.stateDirectory, ...flags);
    if (policy !== undefined) {
      const path = join(this.directory, 'policy.json');
      writeFileSync(path, JSON.stringify(policy));
      words.push('--policy', path);
    }
    const [program = '', ...rest] = words;
    const child = asUser(0, () => spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] }));
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
    await until(() => isOver || output.includes('ready '), 'the broker', 20_000);
    if (isOver) throw new Error(`the broker ended: ${this.log}`);
    return this;
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  /** How many it holds, without those of its state, of which a few more or fewer are open at a time. */
  get descriptors(): number {
    return asUser(0, () => descriptorsOf(this.pid)).filter((text) => !text.includes(this.stateDirectory))
      .length;
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | string> {
    this.child?.kill(signal);
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

  /** Ends it and removes what it had; the exit code. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string> {
    made.delete(this);
    const code = await this.kill(signal);
    spawnSync('umount', ['-l', this.share]);
    rmSync(this.directory, { recursive: true, force: true });
    return code;
  }
}

/**
 * This thread acts as a user from now on, as far as the kernel asks: what a unix socket notes of who connects
 * are the effective ids of that moment (unix(7)). Other threads stay root's; so does what it started.
 */
export function become(id: number): void {
  // A user may become another one only by way of root, which it still is in name.
  setUserIds(-1, 0, -1);
  setGroupIds(-1, id, -1);
  setUserIds(-1, id, -1);
}

/** Runs something as that user, and is who it was behind it. */
export function asUser<T>(id: number, call: () => T): T {
  const before = process.geteuid?.() ?? 0;
  become(id);
  try {
    return call();
  } finally {
    become(before);
  }
}
