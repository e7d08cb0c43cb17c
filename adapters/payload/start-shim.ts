import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { PayloadSpec } from '../../core/ports/payload.js';
import { allocate } from '../linux/memory.js';
import { createMemoryFile } from '../linux/memory-file.js';
import { systemCall } from '../linux/native.js';
import { takeContainerLog } from './container-log.js';
import { defaultFilter } from './default-filter.js';
import type { HeldTarget } from './identify.js';
import { firstHandedDescriptor, joinerArguments } from './joiner-arguments.js';
import { nativeProgram } from './native-programs.js';
import { limitsOf } from './resource-limits.js';

const O_CLOEXEC = 0o2000000;

export interface ShimStart {
  readonly directory: string;
  readonly lock: number;
  readonly target: HeldTarget;
  readonly program: number;
  readonly spec: PayloadSpec;
}

/**
 * Starts the shim, and with it the joiner, in a session of its own: it outlives deputy. Everything that they
 * need is opened here and handed over by number. Returns the reading end of the readiness pipe, if there is
 * one.
 */
export function startShim({ directory, lock, target, program, spec }: ShimStart): number | undefined {
  const opened: number[] = [];
  const own = (descriptor: number): number => {
    opened.push(descriptor);
    return descriptor;
  };
  try {
    const handed: number[] = [program];
    const hand = (descriptor: number): number => firstHandedDescriptor + handed.push(own(descriptor)) - 1;
    const cgroups = target.cgroupFolders.map((folder) => hand(openSync(join(folder, 'cgroup.procs'), 'w')));
    const filter = spec.filter === 'default' ? hand(filterFile()) : undefined;
    const pipe = spec.readiness.kind === 'fd' ? openPipe() : undefined;
    const ready = pipe === undefined ? undefined : hand(pipe[1]);
    const log = spec.output === 'container' ? takeContainerLog(target.pidfd) : undefined;
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
    launch([...head, ...words], [lock, target.pidfd, log?.[0] ?? 'ignore', log?.[1] ?? 'ignore'], handed);
    return pipe?.[0];
  } finally {
    for (const descriptor of opened) closeSync(descriptor);
  }
}

/** Starts a shim for a payload that lives and whose own shim is gone. */
export function startAdoptingShim(directory: string, lock: number, payload: number): void {
  launch([directory, '0', '4096', '-a', '/nonexistent'], [lock, payload, 'ignore', 'ignore'], []);
}

type Handed = number | 'ignore';

function launch(words: readonly string[], first: readonly Handed[], further: readonly number[]): void {
  const standard: Handed[] = ['ignore', 'ignore', 'ignore'];
  const gap: Handed[] = Array.from({ length: firstHandedDescriptor - 3 - first.length }, () => 'ignore');
  const stdio = [...standard, ...first, ...gap, ...further];
  const shim = spawn(nativeProgram('shim'), words, { stdio, detached: true, cwd: '/', env: {} });
  shim.on('error', () => undefined);
  shim.unref();
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
