import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deputyError } from '../../core/errors/deputy-error.js';

/** Where a target is said to be. */
export interface TargetReference {
  readonly processId: number;
  /** As the runtime's state has it; undefined where none was asked. */
  readonly startTime?: string;
  readonly containerId: string;
  /** As an orchestrator has it, in the annotations of the container. */
  readonly restartCount?: number;
}

/** The kubelet's name for it, which CRI-O hands on, and containerd where it is told to. */
const restartCountAnnotation = 'io.kubernetes.container.restartCount';

/** Folders where runtimes keep the state of their containers: crun's `status`, runc's `state.json`. */
const runtimeRoots = ['/run/crun', '/run/runc', '/run/user/0/crun', '/run/user/0/runc'];

/**
 * Finds a target by the number of its first process, or by a container's id in the state of crun or runc.
 * Throws DEPUTY_E_TARGET_UNKNOWN.
 */
export function findTarget(target: string, roots: readonly string[] = runtimeRoots): TargetReference {
  if (/^[1-9]\d{0,9}$/.test(target)) {
    const processId = Number(target);
    return { processId, containerId: containerOf(processId, roots) ?? `process-${processId}` };
  }
  if (!/^[\w+.-]+$/.test(target)) throw unknown(target, 'that is no name of a container');
  for (const root of roots) {
    const found = readState(root, target);
    if (found !== undefined) return found;
  }
  throw unknown(target, `it is not in ${roots.join(', ')}`);
}

function unknown(target: string, detail: string): Error {
  return deputyError('DEPUTY_E_TARGET_UNKNOWN', { target, detail });
}

function containerOf(processId: number, roots: readonly string[]): string | undefined {
  for (const root of roots) {
    for (const name of namesIn(root)) {
      if (readState(root, name)?.processId === processId) return name;
    }
  }
  return undefined;
}

function namesIn(root: string): string[] {
  try {
    return readdirSync(root);
  } catch {
    return [];
  }
}

function readState(root: string, containerId: string): TargetReference | undefined {
  const crun = readJson(join(root, containerId, 'status'));
  if (crun !== undefined) {
    const startTime = crun['process-start-time'];
    const start = typeof startTime === 'number' ? { startTime: String(startTime) } : {};
    const bundle = readJson(join(String(crun['bundle']), 'config.json'));
    return { processId: Number(crun['pid']), containerId, ...start, ...restartsIn(bundle?.['annotations']) };
  }
  const runc = readJson(join(root, containerId, 'state.json'));
  if (runc === undefined) return undefined;
  const startTime = runc['init_process_start'];
  const start = startTime === undefined ? {} : { startTime: String(startTime) };
  // runc keeps annotations as labels, `NAME=VALUE`.
  const labels = (runc['config'] as { labels?: unknown } | undefined)?.labels;
  const pairs = Array.isArray(labels) ? labels.map((label) => String(label).split(/=(.*)/s)) : [];
  const restarts = restartsIn(Object.fromEntries(pairs));
  return { processId: Number(runc['init_process_pid']), containerId, ...start, ...restarts };
}

function restartsIn(annotations: unknown): { readonly restartCount?: number } {
  const value = (annotations as Record<string, unknown> | undefined)?.[restartCountAnnotation];
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? { restartCount: Number(value) } : {};
}

function readJson(path: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
