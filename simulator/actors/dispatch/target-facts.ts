import { deputyError } from '../../../core/errors/deputy-error.js';
import type { TargetFacts } from '../../../core/ports/payload.js';
import type { TreeProcess } from '../../processes/tree-process.js';
import type { ContainerLife, ModelContainer } from './container.js';
import type { DispatchParts } from './dispatch-parts.js';

/** A container as it was when it was identified. */
export interface ModelTarget {
  readonly life: ContainerLife;
  readonly init: TreeProcess;
  readonly number: number;
  readonly startTime: number;
}

/** Finds a container's first process, as the runtime's state names it. Throws coded errors. */
export function identifyTarget(parts: DispatchParts, containerId: string): ModelTarget {
  const life = found(parts, containerId).current;
  const { init } = life;
  if (init.state !== 'running') {
    throw deputyError('DEPUTY_E_TARGET_GONE', { detail: 'pidfd_open: ESRCH' });
  }
  return { life, init, number: init.numberIn(parts.tree.hostSpace), startTime: init.startTime };
}

function found({ containers, oldWays, world }: DispatchParts, containerId: string): ModelContainer {
  const container = containers.get(containerId);
  let isFound = container !== undefined;
  // As the one did that looked into each pod, in no order, and forgot what it had found in the next one.
  if (oldWays.has('overwritten-target') && world.random.chance(0.5)) isFound = false;
  if (isFound && container !== undefined) return container;
  throw deputyError('DEPUTY_E_TARGET_UNKNOWN', { target: containerId, detail: 'pid not found' });
}

/** What /proc shows of it. */
export function targetFacts(
  { tree }: DispatchParts,
  { init, life, number, startTime }: ModelTarget,
): TargetFacts {
  const { pid, ...others } = { pid: 0, ...init.namespaces };
  const namespaces = Object.entries(others).map(([name, inode]) => [name, String(inode)] as const);
  return {
    processId: number,
    startTime: String(startTime),
    namespaces: { ...Object.fromEntries(namespaces), pid: String(pid) },
    userNamespaceIsOurs: init.namespaces.user === tree.init.namespaces.user,
    isInit: init.numberIn(init.space) === 1,
    cgroups: [`0::${life.cgroup.path}`],
    frozen: life.cgroup.isFrozen,
    userIds: [init.sets.user],
    permittedCapabilities: init.sets.permitted,
    boundingCapabilities: init.sets.bounding,
  };
}
