import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, lchownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkoutDirectory } from '../lab/paths.js';

/** What is opened: a regular file, the same by O_PATH (fast), a symlink by O_PATH (exact). */
export const forms = ['open', 'opath-fast', 'opath-exact'] as const;
export type Form = (typeof forms)[number];

/** What one run of the target showed. */
export interface Figures {
  readonly medianUs: number;
  readonly p99Us: number;
  readonly perSecond: number;
}

export const user = 107;
const files = 64;

/** Compiles one of the bench's C programs. */
export function compile(directory: string, output: string, sources: readonly string[]): string {
  const paths = sources.map((name) => join(checkoutDirectory(), 'test/bench', name));
  const program = join(directory, output);
  const result = spawnSync('gcc', ['-O2', '-pthread', '-o', program, ...paths], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`gcc ${output}: ${result.stderr}`);
  return program;
}

/** The files that the target opens, owned by its user. */
export function makeFiles(directory: string): string {
  const share = join(directory, 'share');
  mkdirSync(share);
  for (let index = 0; index < files; index++) {
    const file = join(share, `regular-${index}`);
    writeFileSync(file, 'contents');
    chownSync(file, user, user);
    symlinkSync(`regular-${index}`, join(share, `symlink-${index}`));
    lchownSync(join(share, `symlink-${index}`), user, user);
  }
  chownSync(share, user, user);
  chmodSync(directory, 0o755);
  return share;
}

/** Starts an agent and waits for its `ready`; with `pinned`, it and all its children stay on one processor. */
export async function startAgent(command: readonly string[], pinned: boolean): Promise<ChildProcess> {
  const words = pinned ? ['taskset', '-c', '0', ...command] : [...command];
  const child = spawn(words[0] as string, words.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
  process.once('exit', () => child.kill('SIGKILL'));
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('ready ')) resolve();
    });
    child.once('exit', () => reject(new Error(`${command.join(' ')} ended early`)));
  });
  return child;
}

/** Asks it to end, and waits until it has. */
export async function endAgent(agent: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => agent.once('exit', resolve));
  agent.kill('SIGTERM');
  const timer = setTimeout(() => agent.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(timer);
}

/** How the target is run. */
export interface TargetRun {
  readonly program: string;
  /** The agent's socket, or '-' to call the kernel natively with the capability. */
  readonly socket: string;
  readonly form: Form;
  readonly threads: number;
  readonly measureMs: number;
  readonly share: string;
  readonly metadata: string;
  readonly pinned: boolean;
}

/** Runs the target once. Throws when a call of it went wrong. */
export function runTarget(run: TargetRun): Figures {
  const { program, socket, form, threads, measureMs, share, metadata, pinned } = run;
  const words = [program, socket, form, `${threads}`, '80', `${measureMs}`, share, metadata];
  const command = pinned ? ['taskset', '-c', '0', ...words] : words;
  const result = spawnSync(command[0] as string, command.slice(1), { encoding: 'utf8', timeout: 30_000 });
  if (result.status !== 0)
    throw new Error(`the target failed: ${result.status} ${result.stdout} ${result.stderr}`);
  return JSON.parse(result.stdout) as Figures;
}

/** The median of each figure over several runs. */
export function medianFigures(runs: readonly Figures[]): Figures {
  const middle = (pick: (figures: Figures) => number): number => {
    const sorted = runs.map(pick).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  };
  return {
    medianUs: middle(({ medianUs }) => medianUs),
    p99Us: middle(({ p99Us }) => p99Us),
    perSecond: middle(({ perSecond }) => perSecond),
  };
}
