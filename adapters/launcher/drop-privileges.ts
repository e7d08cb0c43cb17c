import {
  capability,
  dropBoundingSet,
  getCapabilities,
  hasCapability,
  setAmbientCapabilities,
  setGroupIds,
  setGroups,
  setNoNewPrivileges,
  setUserIds,
} from '../linux/credentials.js';
import { systemCall } from '../linux/native.js';
import { must } from './launcher-channel.js';
import type { LauncherSetup } from './protocol.js';

const PR_SET_KEEPCAPS = 8;

/**
 * Makes this thread what the program is to be: ids, groups and the given capabilities, ambient so that they
 * outlive execve(2), and no way to more (no_new_privs). Raw calls, since libc's wrappers would change every
 * thread; the other threads end with execve(2). A user who isn't root can only stay himself.
 */
export function dropPrivileges(setup: LauncherSetup): void {
  const held = getCapabilities();
  const holds = (number: number): boolean =>
    typeof held !== 'number' && hasCapability(held.effective, number);
  const cut = dropBoundingSet(setup.capabilities);
  if (holds(capability.SETPCAP)) must('privileges', cut);
  if (setup.capabilities.length > 0) must('privileges', systemCall('prctl', PR_SET_KEEPCAPS, 1, 0, 0, 0));
  // Without the capability the groups stay; asking for other ones is then an error, not a silence.
  if (holds(capability.SETGID) || setup.groups.length > 0) must('privileges', setGroups(setup.groups));
  must('privileges', setGroupIds(setup.gid, setup.gid, setup.gid));
  must('privileges', setUserIds(setup.uid, setup.uid, setup.uid));
  must('privileges', setAmbientCapabilities(setup.capabilities));
  must('privileges', setNoNewPrivileges());
}
