import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const linesMax = 20_000;

export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ChildOptions {
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
  /** A child in a session of its own doesn't get the terminal's Ctrl-C. */
  readonly detached?: boolean;
  /** A child that outlives this process on purpose, such as the one that cleans up after it. */
  readonly outlivesParent?: boolean;
}

export interface Child {
  readonly process: ChildProcess;
  readonly stdout: string[];
  readonly stderr: string[];
  /** Resolves when the child has ended and all of its output was read. Never rejects: see `spawnError`. */
  readonly exited: Promise<ExitStatus>;
  readonly spawnError: () => Error | undefined;
}

const mortal = new Set<ChildProcess>();
let watchesExit = false;

function killMortalChildren(): void {
  for (const child of mortal) child.kill('SIGKILL');
}

function collectLines(
  child: ChildProcess,
  stream: 'stdout' | 'stderr',
  into: string[],
  options: ChildOptions,
): Promise<void> {
  const source = child[stream];
  if (!source) return Promise.resolve();
  const reader = createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY });
  reader.on('line', (line) => {
    into.push(line);
    if (into.length > linesMax) into.shift();
    options.onLine?.(line, stream);
  });
  return new Promise((done) => reader.once('close', done));
}

/** Starts a child whose output is kept by lines; it is killed when this process exits (SIGKILL aside). */
export function startChild(command: string, args: readonly string[], options: ChildOptions = {}): Child {
  if (!watchesExit) process.on('exit', killMortalChildren);
  watchesExit = true;
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: options.detached ?? false,
  });
  if (!options.outlivesParent) mortal.add(child);
  const stdout: string[] = [];
  const stderr: string[] = [];
  let failure: Error | undefined;
  // A pipe whose reader has gone is no reason to end the test process.
  child.stdin?.on('error', () => undefined);
  const outputRead = Promise.all([
    collectLines(child, 'stdout', stdout, options),
    collectLines(child, 'stderr', stderr, options),
  ]);
  const exited = new Promise<ExitStatus>((resolve) => {
    child.once('error', (error) => {
      failure = error;
      mortal.delete(child);
      resolve({ code: null, signal: null });
    });
    child.once('exit', (code, signal) => {
      mortal.delete(child);
      // A grandchild may hold the pipe open: the wait for the last lines is bounded.
      void Promise.race([outputRead, sleep(500)]).then(() => resolve({ code, signal }));
    });
  });
  return { process: child, stdout, stderr, exited, spawnError: () => failure };
}

/** Waits; the timer doesn't keep the process alive on its own account. */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, milliseconds));
}

/** The promise's value, or `undefined` when the time is up. */
export async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), milliseconds);
  });
  try {
    return await Promise.race([promise, timeUp]);
  } finally {
    clearTimeout(timer);
  }
}

/** Runs a child to its end or to the deadline, at which it is killed. */
export async function runChild(
  command: string,
  args: readonly string[],
  deadlineMs: number,
): Promise<
  ExitStatus & { readonly stdout: string[]; readonly stderr: string[]; readonly timedOut: boolean }
> {
  const child = startChild(command, args);
  child.process.stdin?.end();
  let status = await within(deadlineMs, child.exited);
  const timedOut = status === undefined;
  if (status === undefined) {
    child.process.kill('SIGKILL');
    status = await child.exited;
  }
  return { ...status, stdout: child.stdout, stderr: child.stderr, timedOut };
}
