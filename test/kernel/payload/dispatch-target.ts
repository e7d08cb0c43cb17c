import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nativeProgram } from '../../../adapters/native/native-programs.js';
import { deputyCommand } from '../../lab/agent-process.js';
import { until } from '../takeover/support/agent-tree.js';

export interface TargetOptions {
  /** Capabilities of its bounding set, such as '+dac_read_search'; none else. */
  readonly bounding?: string;
  readonly user?: number;
  /** Without it the target may gain privileges. */
  readonly noNewPrivileges?: boolean;
  /** A descriptor for its stdout; it has no stderr then. */
  readonly output?: number;
  /** A file that what goes to its stdout and stderr ends in, by way of a pipe, as a runtime's log does. */
  readonly log?: string;
}

/** How a dispatch ended, and what it said. */
export interface DispatchEnd {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** A target in namespaces of its own whose first process is the placeholder, and dispatches to it. */
export class DispatchTarget {
  readonly directory = mkdtempSync(join(tmpdir(), 'deputy-dispatch-'));
  readonly stateDirectory = join(this.directory, 'state');
  readonly socketPath = join(this.directory, 'placeholder.sock');
  processId = 0;
  private child: ChildProcess | undefined;
  /** How the placeholder ended, once it has. */
  exited: Promise<number | string> = Promise.resolve('not started');

  async start(options: TargetOptions = {}): Promise<this> {
    const { bounding, user = 107, noNewPrivileges = true, output, log } = options;
    chmodSync(this.directory, 0o777);
    const identity = ['--bounding-set', `-all${bounding === undefined ? '' : `,${bounding}`}`];
    identity.push('--reuid', `${user}`, '--regid', `${user}`, '--clear-groups');
    if (noNewPrivileges) identity.push('--no-new-privs');
    const program = [nativeProgram('placeholder'), '--socket', this.socketPath];
    const namespaces = ['--mount', '--pid', '--fork', '--net', '--uts', '--ipc', '--cgroup', '--mount-proc'];
    const words = [...namespaces, '--kill-child=SIGKILL', 'setpriv', ...identity, ...program];
    const piped = ['-c', '"$@" 2>&1 | cat > "$0"', `${log}`, 'unshare', ...words];
    this.child = spawn(log === undefined ? 'unshare' : 'sh', log === undefined ? words : piped, {
      stdio: ['ignore', output ?? 'ignore', output === undefined ? 'inherit' : 'ignore'],
    });
    const { child } = this;
    this.exited = new Promise((resolve) =>
      child.once('exit', (code, signal) => resolve(code ?? signal ?? '')),
    );
    await until(() => this.findProcess(), 'the placeholder');
    return this;
  }

  /** Runs `deputy dispatch` to its end. */
  async run(flags: readonly string[], command: readonly string[], input?: Buffer): Promise<DispatchEnd> {
    const child = this.begin(flags, command);
    const output: Buffer[] = [];
    let stderr = '';
    child.stdout?.on('data', (bytes: Buffer) => output.push(bytes));
    child.stderr?.on('data', (bytes: Buffer) => {
      stderr += bytes.toString();
    });
    // It may end before it has read all.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
    const code = await new Promise<number | null>((resolve) =>
      child.once('close', (value) => resolve(value)),
    );
    return { code, stdout: Buffer.concat(output), stderr };
  }

  /** The whole command line of a dispatch. */
  command(flags: readonly string[], command: readonly string[]): [program: string, ...words: string[]] {
    const words = ['dispatch', '--target', `${this.processId}`, '--state', this.stateDirectory, ...flags];
    return [process.execPath, deputyCommand(), ...words, '--', ...command];
  }

  begin(
    flags: readonly string[],
    command: readonly string[],
    env: NodeJS.ProcessEnv = process.env,
  ): ChildProcess {
    const [program, ...words] = this.command(flags, command);
    return spawn(program, words, { env });
  }

  /** Processes of its pid namespace besides the first, by their number here. */
  processes(): number[] {
    let space: string;
    try {
      space = namespaceOf(this.processId);
    } catch {
      return [];
    }
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0 && pid !== this.processId && isIn(pid, space));
  }

  /** Shims and joiners of its payloads. */
  helpers(name: 'shim' | 'joiner'): number[] {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0 && commandOf(pid).some((word) => word.endsWith(`/native/${name}`)))
      .filter((pid) => name === 'joiner' || commandOf(pid).some((word) => word.startsWith(this.directory)));
  }

  events(name = 'payload'): { type: string; data: Record<string, unknown> }[] {
    const folder = readdirSync(join(this.stateDirectory, 'payloads')).find((one) => one.endsWith(`.${name}`));
    const state = join(this.stateDirectory, 'payloads', folder ?? '', 'engine');
    const { stdout } = spawnSync(process.execPath, [deputyCommand(), 'events', '--state', state, '--json'], {
      encoding: 'utf8',
    });
    return stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    try {
      process.kill(this.processId, signal);
    } catch {
      // It ended before.
    }
  }

  async end(): Promise<void> {
    this.kill();
    await this.exited;
    await until(() => this.helpers('shim').length === 0, 'the end of its shims', 5_000).catch(() => {
      for (const pid of this.helpers('shim')) process.kill(pid, 'SIGKILL');
    });
    rmSync(this.directory, { recursive: true, force: true });
  }

  private findProcess(): boolean {
    const found = readdirSync('/proc')
      .map(Number)
      .find((pid) => {
        const words = pid > 0 ? commandOf(pid) : [];
        return words[0]?.endsWith('/native/placeholder') === true && words[2] === this.socketPath;
      });
    if (found === undefined) return false;
    this.processId = found;
    return readdirSync(this.directory).includes('placeholder.sock');
  }
}

function namespaceOf(pid: number): string {
  return readlinkSync(`/proc/${pid}/ns/pid`);
}

function isIn(pid: number, space: string): boolean {
  try {
    return namespaceOf(pid) === space;
  } catch {
    return false;
  }
}

function commandOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
  } catch {
    return [];
  }
}
