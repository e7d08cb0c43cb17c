import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkoutDirectory } from './paths.js';

export interface AgentProcessOptions {
  /** Written to a file and given with --policy. */
  readonly policy?: unknown;
  readonly arguments?: readonly string[];
  /** A directory to use, which is then kept; else a temporary one that stop() removes. */
  readonly directory?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Runs it in a pid namespace of its own, where it is the first process and sees no other's. */
  readonly ownPidNamespace?: boolean;
}

/** A real agent, started from dist/ as a user starts it. */
export interface AgentProcess {
  readonly pid: number;
  readonly socketPath: string;
  readonly stateDirectory: string;
  readonly directory: string;
  readonly policyPath: string;
  /** Lines of its log so far. */
  readonly log: readonly string[];
  readonly exited: Promise<number | string>;
  status(): AgentStatus;
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, and the exit code; a second call is harmless. */
  stop(): Promise<number | string>;
}

/** What `deputy status --json` prints, as far as tests look at it. */
export interface AgentStatus {
  readonly listeners: number;
  readonly eventStore: 'open' | 'unavailable';
  readonly processes: readonly { pid: number; role: string; state: string }[];
  readonly targets: readonly {
    id: string;
    containerId: string;
    state: string;
    strategy: string;
    entries: number;
    counts: { answered: number; refused: number; cancelled: number; lost: number };
  }[];
}

const namespaceCommand = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child=SIGKILL'];
const readyTimeoutMs = 30_000;
const stopTimeoutMs = 30_000;

/** The compiled command line. */
export function deputyCommand(): string {
  return join(checkoutDirectory(), 'dist/adapters/cli/deputy.js');
}

/** Runs `deputy` to its end. */
export function runDeputy(
  words: readonly string[],
  input: {
    readonly timeoutMs?: number;
    readonly uid?: number;
    readonly environment?: Readonly<Record<string, string>>;
  } = {},
): { status: number | null; stdout: string; stderr: string } {
  const { timeoutMs = 60_000, uid, environment } = input;
  const result = spawnSync(process.execPath, [deputyCommand(), ...words], {
    encoding: 'utf8',
    timeout: timeoutMs,
    maxBuffer: 256 << 20,
    env: { ...process.env, ...environment },
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  return { status: result.status, stdout: result.stdout, stderr: result.stderr };
}

/** Starts an agent and waits for its `ready PATH`. */
export async function startAgentProcess(options: AgentProcessOptions = {}): Promise<AgentProcess> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'deputy-agent-'));
  const socketPath = join(directory, 'agent.sock');
  const stateDirectory = join(directory, 'state');
  const policyPath = join(directory, 'policy.json');
  const words = ['agent', '--socket', socketPath, '--state', stateDirectory, ...(options.arguments ?? [])];
  if (options.policy !== undefined) {
    writeFileSync(policyPath, JSON.stringify(options.policy));
    words.push('--policy', policyPath);
  }
  const line = [process.execPath, deputyCommand(), ...words];
  const prefix = options.ownPidNamespace === true ? namespaceCommand : [];
  const [program = '', ...rest] = [...prefix, ...line];
  const child = spawn(program, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.environment },
  });
  const killOnExit = (): void => void child.kill('SIGKILL');
  process.once('exit', killOnExit);
  const log: string[] = [];
  collectLines(child, log);
  const exited = new Promise<number | string>((resolve) => {
    child.once('exit', (code, signal) => {
      process.off('exit', killOnExit);
      resolve(code ?? signal ?? 'unknown');
    });
  });
  await ready(child, socketPath, log, exited);
  const removeLater = (): void => {
    if (options.directory === undefined) rmSync(directory, { recursive: true, force: true });
  };
  const pid = prefix.length === 0 ? (child.pid as number) : firstChildOf(child.pid as number);
  return {
    pid,
    socketPath,
    stateDirectory,
    directory,
    policyPath,
    log,
    exited,
    status: () => {
      const { status, stdout, stderr } = runDeputy(['status', '--json', '--state', stateDirectory]);
      if (status !== 0) throw new Error(`deputy status: ${stderr}`);
      return JSON.parse(stdout) as AgentStatus;
    },
    kill: (signal) => void process.kill(pid, signal),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) process.kill(pid, 'SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
      const code = await exited;
      clearTimeout(timer);
      removeLater();
      return code;
    },
  };
}

/** unshare(1) waits for the one process that it starts. */
function firstChildOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ', 1)[0]);
}

function collectLines(child: ChildProcess, log: string[]): void {
  let rest = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString('utf8')).split('\n');
    rest = lines.pop() ?? '';
    log.push(...lines);
  });
}

async function ready(
  child: ChildProcess,
  socketPath: string,
  log: readonly string[],
  exited: Promise<number | string>,
): Promise<void> {
  let output = '';
  const said = new Promise<string>((resolve) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
      if (output.includes(`ready ${socketPath}\n`)) resolve('ready');
    });
  });
  const late = new Promise<string>((resolve) => setTimeout(() => resolve('late'), readyTimeoutMs).unref());
  const outcome = await Promise.race([said, late, exited]);
  if (outcome === 'ready' && existsSync(socketPath)) return;
  child.kill('SIGKILL');
  throw new Error(`the agent did not get ready (${outcome}): ${log.join('\n')}`);
}
