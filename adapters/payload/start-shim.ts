import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PayloadSpec } from '../../core/ports/payload.js';
import { allocate } from '../linux/memory.js';
import { createMemoryFile } from '../linux/memory-file.js';
import { systemCall } from '../linux/native.js';
import { nativeProgram } from '../native/native-programs.js';
import { openForEntry } from './cgroup-folders.js';
import { takeContainerLog } from './container-log.js';
import { defaultFilter } from './default-filter.js';
import type { HeldTarget } from './identify.js';
import { firstHandedDescriptor, joinerArguments } from './joiner-arguments.js';
import { outsideFoldersOfSelf, scopeCommand } from './outside-unit.js';
import { limitsOf } from './resource-limits.js';

const O_CLOEXEC = 0o2000000;
/** A service manager that has not answered by then is done without. */
const scopeWaitMs = 5_000;
const pollMs = 5;

export interface ShimStart {
  readonly directory: string;
  readonly lock: number;
  readonly target: HeldTarget;
  readonly program: number;
  readonly spec: PayloadSpec;
  /** In place of `takeContainerLog`, for tests of what that keeps out. */
  readonly takeLog?: typeof takeContainerLog | undefined;
}

/**
 * Starts the shim, and with it the joiner, in a session and a cgroup of its own: it outlives deputy.
 * Everything that they need is opened here and handed over by number. Resolves to the reading end of the
 * readiness pipe, if there is one.
 */
export async function startShim(start: ShimStart): Promise<number | undefined> {
  const { directory, lock, target, program, spec, takeLog = takeContainerLog } = start;
  const opened: number[] = [];
  const own = (descriptor: number): number => {
    opened.push(descriptor);
    return descriptor;
  };
  try {
    const handed: number[] = [program];
    const hand = (descriptor: number): number => firstHandedDescriptor + handed.push(own(descriptor)) - 1;
    const cgroups = target.cgroupFolders.map((folder) => hand(openForEntry(folder)));
    const filter = spec.filter === 'default' ? hand(filterFile()) : undefined;
    const pipe = spec.readiness.kind === 'fd' ? openPipe() : undefined;
    const ready = pipe === undefined ? undefined : hand(pipe[1]);
    const log = spec.output === 'container' ? takeLog(target.pidfd) : undefined;
    log?.forEach(own);
    const oomScoreAdj = readFileSync(`/proc/${target.facts.processId}/oom_score_adj`, 'latin1').trim();
    const words = joinerArguments(spec, {
      limits: limitsOf(target.facts.processId),
      cgroups,
      oomScoreAdj,
      ...(filter === undefined ? {} : { filter }),
      ...(ready === undefined ? {} : { ready }),
    });
    const mode = `-${spec.terminal ? 't' : ''}${spec.lossy ? 'l' : ''}${log === undefined ? '' : 'c'}`;
    const head = [directory, `${spec.deadlineMs}`, `${spec.bufferBytes}`, mode, nativeProgram('joiner')];
    const first = [lock, target.pidfd, log?.[0] ?? 'ignore', log?.[1] ?? 'ignore'] as const;
    await launch(directory, [...head, ...words], first, handed);
    return pipe?.[0];
  } finally {
    for (const descriptor of opened) closeSync(descriptor);
  }
}

/** Starts a shim for a payload that lives and whose own shim is gone. */
export async function startAdoptingShim(directory: string, lock: number, payload: number): Promise<void> {
  const words = [directory, '0', '4096', '-a', '/nonexistent'];
  await launch(directory, words, [lock, payload, 'ignore', 'ignore'], []);
}

type Handed = number | 'ignore';

/**
 * In a scope of systemd's, where there is one; else the shim itself goes into a cgroup outside. Either
 * way before it does anything else, so that nothing that ends deputy's unit takes it along.
 */
async function launch(
  directory: string,
  words: readonly string[],
  first: readonly Handed[],
  further: readonly number[],
): Promise<void> {
  const standard: Handed[] = ['ignore', 'ignore', 'ignore'];
  const gap: Handed[] = Array.from({ length: firstHandedDescriptor - 3 - first.length }, () => 'ignore');
  const stdio = [...standard, ...first, ...gap, ...further];
  const shim = nativeProgram('shim');
  const scope = scopeCommand();
  if (scope !== undefined) {
    // What an earlier one left would be taken for this one's.
    const socketPath = join(directory, 'shim.sock');
    rmSync(socketPath, { force: true });
    if (await hasBegun(begin([...scope, shim, ...words], stdio), socketPath)) return;
  }
  const outside = outsideFoldersOfSelf().flatMap((folder) => ['--cgroup', folder]);
  begin([shim, ...outside, ...words], stdio);
}

function begin([program = '', ...words]: readonly string[], stdio: readonly Handed[]): ChildProcess {
  const child = spawn(program, words, { stdio: [...stdio], detached: true, cwd: '/', env: {} });
  child.on('error', () => undefined);
  child.unref();
  return child;
}

/** The shim is the same process as the command that asked for its scope: it binds its socket first of all. */
async function hasBegun(child: ChildProcess, socketPath: string): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < scopeWaitMs; waitedMs += pollMs) {
    if (existsSync(socketPath)) return true;
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return false;
    await sleep(pollMs);
  }
  child.kill('SIGKILL');
  return false;
}

function filterFile(): number {
  const descriptor = createMemoryFile('filter');
  writeSync(descriptor, defaultFilter());
  return descriptor;
}

function openPipe(): [number, number] {
  const memory = allocate(4096);
  if (systemCall('pipe2', memory.address, O_CLOEXEC) < 0) throw new Error('no more descriptors');
  return [memory.i32[0] as number, memory.i32[1] as number];
}
