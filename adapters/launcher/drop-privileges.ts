import {
  capability,
  capabilityWords,
  dropBoundingSet,
  getCapabilities,
  hasCapability,
  setGroupIds,
  setGroups,
  setNoNewPrivileges,
  setUserIds,
} from '../linux/credentials.js';
import { allocate } from '../linux/memory.js';
import { systemCall } from '../linux/native.js';
import { must } from './launcher-channel.js';
import type { LauncherSetup } from './protocol.js';

const PR_SET_KEEPCAPS = 8;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_RAISE = 2;
const CAPABILITY_VERSION_3 = 0x20080522;

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
  keepOnly(setup.capabilities);
  must('privileges', setNoNewPrivileges());
}

/** capset(2) with inheritable ones, which ambient capabilities need. */
function keepOnly(kept: readonly number[]): void {
  const words = capabilityWords(kept);
  const memory = allocate(4096);
  memory.u32[0] = CAPABILITY_VERSION_3;
  memory.u32.fill(words.low, 2, 5);
  memory.u32.fill(words.high, 5, 8);
  must('privileges', systemCall('capset', memory.address, memory.address + 8));
  for (const number of kept) {
    must('privileges', systemCall('prctl', PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0));
  }
}
