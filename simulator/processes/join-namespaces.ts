import { no } from '../kernel/numbers.js';
import { capability } from './capability-sets.js';
import type { Pidfd } from './pidfd.js';
import type { NamespaceSet, TreeProcess } from './tree-process.js';

export type JoinableName = keyof NamespaceSet | 'pid';

/** What a payload joins; the user namespace stays deputy's. */
export const payloadNamespaces: readonly JoinableName[] = ['net', 'pid', 'ipc', 'mnt', 'cgroup', 'uts'];

/**
 * setns(2) with a pidfd: all of the named namespaces, or none and minus an errno. That of the numbers is not
 * the caller's own from then on, but that of its children.
 */
export function joinNamespaces(caller: TreeProcess, target: Pidfd, names: readonly JoinableName[]): number {
  const { process } = target;
  if (target.hasEnded) return no('ESRCH');
  if (names.length === 0) return no('EINVAL');
  if (names.includes('user') && process.namespaces.user === caller.namespaces.user) return no('EINVAL');
  if (!caller.sets.has(capability.SYS_ADMIN)) return no('EPERM');
  if (names.includes('mnt') && !caller.sets.has(capability.SYS_CHROOT)) return no('EPERM');
  // Only into one's own, or one that is inside of it.
  if (names.includes('pid') && !process.space.lineage.includes(caller.space)) return no('EINVAL');
  const joined = { ...caller.namespaces };
  for (const name of names) if (name !== 'pid') joined[name] = process.namespaces[name];
  caller.namespaces = joined;
  if (names.includes('pid')) caller.childSpace = process.space;
  return 0;
}

/** Is a process in all of these namespaces of another one, and are its children? */
export function sharesNamespaces(
  process: TreeProcess,
  other: TreeProcess,
  names: readonly JoinableName[] = payloadNamespaces,
): boolean {
  return names.every((name) =>
    name === 'pid' ? process.childSpace === other.space : process.namespaces[name] === other.namespaces[name],
  );
}
