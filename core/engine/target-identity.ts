import type { Target } from '../ports/strategy.js';

/**
 * Names of cgroups that say whose they are, as runtimes and engines call them: cri-containerd-ID.scope, or
 * without an ending, and a bare id of 64 digits.
 */
const scopeName = /^(?:crun|runc|docker|nerdctl|cri-containerd|crio|libpod|podman)-(.+?)(?:\.scope)?$/;
const bareId = /^[0-9a-f]{64}$/;

/** The path in a line of /proc/PID/cgroup (cgroups(7)): 'N:controllers:/path'. */
function pathOf(line: string): string {
  return line.slice(line.indexOf(':', line.indexOf(':') + 1) + 1);
}

/** The container that a cgroup's name says it is of, if it says so. */
export function containerOfCgroup(line: string): string | undefined {
  for (const name of pathOf(line).split('/').reverse()) {
    const id = scopeName.exec(name)?.[1] ?? bareId.exec(name)?.[0];
    if (id !== undefined) return id;
  }
  return undefined;
}

/** Is who has this /proc/PID/cgroup in the cgroup of `line`, a line of another's, or below it? */
export function isWithinCgroup(text: string, line: string): boolean {
  return text
    .split('\n')
    .some((one) => one === line || one.startsWith(line.endsWith('/') ? line : `${line}/`));
}

/**
 * How what a runtime said of a target contradicts what the kernel shows, or undefined. `known`: the target
 * that has its container id already, and that this one says it belongs to.
 */
export function contradictionOf(target: Target, known?: Target): string | undefined {
  const { containerId, processId, cgroup } = target;
  if (target.isMissing === true) return `there is no process ${processId}`;
  // crun says 0 for what is executed in a container that runs: then that one's cgroup is what holds.
  if (processId === 0) return known === undefined ? 'no process is named' : undefined;
  if (cgroup === undefined) {
    const isElsewhere = known?.cgroup !== undefined && target.listener !== undefined;
    return isElsewhere ? `process ${processId} is in no cgroup, the container is` : undefined;
  }
  const named = containerOfCgroup(cgroup);
  // An engine's own id says nothing of a name that a container has within it.
  const isComparable =
    named !== undefined &&
    target.isNamedByDeputy !== true &&
    (bareId.test(containerId) || !bareId.test(named));
  if (isComparable && named !== containerId) {
    return `process ${processId} is in the cgroup of '${named}'`;
  }
  if (known?.cgroup === undefined || isComparable) return undefined;
  const isSame = isWithinCgroup(cgroup, known.cgroup) || isWithinCgroup(known.cgroup, cgroup);
  return isSame ? undefined : `process ${processId} is in another cgroup than the container`;
}

/** A further way into a container, with the container's place where it has none of its own. */
export function placedIn(known: Target, target: Target): Target {
  if (target.cgroup !== undefined || known.cgroup === undefined) return target;
  return { ...target, cgroup: known.cgroup };
}
