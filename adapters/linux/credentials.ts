import { allocate, type NativeMemory } from './memory.js';
import { systemCall } from './native.js';

/** Bits of capabilities(7) that deputy names. */
export const capability = {
  CHOWN: 0,
  DAC_OVERRIDE: 1,
  DAC_READ_SEARCH: 2,
  SETGID: 6,
  SETUID: 7,
  SETPCAP: 8,
  SYS_CHROOT: 18,
  SYS_PTRACE: 19,
  SYS_ADMIN: 21,
  SYS_RESOURCE: 24,
} as const;

const CAPABILITY_VERSION_3 = 0x20080522;
const PR_SET_NO_NEW_PRIVS = 38;
const PR_SET_PDEATHSIG = 1;
const PR_GET_DUMPABLE = 3;
const PR_SET_DUMPABLE = 4;
const PR_SET_KEEPCAPS = 8;
const PR_CAPBSET_DROP = 24;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_RAISE = 2;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;
const EINVAL = -22;
const capabilityNumbersMax = 64;

/** A set of capabilities as the two 32-bit words of capset(2). */
export interface CapabilityWords {
  readonly low: number;
  readonly high: number;
}

/** The capabilities that each of deputy's processes needs (docs/security.md says for what). */
export const neededCapabilities = {
  supervisor: [capability.DAC_READ_SEARCH, capability.SETGID, capability.SETUID, capability.SYS_PTRACE],
  injector: [
    capability.DAC_READ_SEARCH,
    capability.SYS_PTRACE,
    capability.SYS_ADMIN,
    capability.SYS_RESOURCE,
  ],
  broker: [capability.DAC_READ_SEARCH],
} as const;

/** Makes the words of a list of capability numbers. */
export function capabilityWords(numbers: readonly number[]): CapabilityWords {
  let low = 0;
  let high = 0;
  for (const number of numbers) {
    if (number < 32) low = (low | (1 << number)) >>> 0;
    else high = (high | (1 << (number - 32))) >>> 0;
  }
  return { low, high };
}

let memory: NativeMemory | undefined;
function scratch(): NativeMemory {
  memory ??= allocate(4096 + 65536 * 4);
  return memory;
}

/** capset(2) of the calling thread; nothing inheritable. 0 or minus an errno. */
export function setCapabilities(effective: CapabilityWords, permitted: CapabilityWords): number {
  const m = scratch();
  m.u32[0] = CAPABILITY_VERSION_3;
  m.u32[1] = 0;
  m.u32[2] = effective.low;
  m.u32[3] = permitted.low;
  m.u32[4] = 0;
  m.u32[5] = effective.high;
  m.u32[6] = permitted.high;
  m.u32[7] = 0;
  return systemCall('capset', m.address, m.address + 8);
}

/**
 * capset(2) of the calling thread to these alone, inheritable and ambient as well, so that what it starts has
 * them: 0 or minus an errno. Takes no privilege but the capabilities themselves.
 */
export function setAmbientCapabilities(kept: readonly number[]): number {
  const words = capabilityWords(kept);
  const m = scratch();
  m.u32[0] = CAPABILITY_VERSION_3;
  m.u32[1] = 0;
  m.u32.fill(words.low, 2, 5);
  m.u32.fill(words.high, 5, 8);
  let result = systemCall('capset', m.address, m.address + 8);
  for (const number of kept) {
    result ||= systemCall('prctl', PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0);
  }
  return result;
}

/** May this thread take on others' ids? A sidecar may not: it is its target's user. */
export function mayTakeOnIds(): boolean {
  const held = getCapabilities();
  return typeof held === 'number' || hasCapability(held.permitted, capability.SETUID);
}

/** capget(2) of the calling thread. */
export function getCapabilities(): { effective: CapabilityWords; permitted: CapabilityWords } | number {
  const m = scratch();
  m.u32[0] = CAPABILITY_VERSION_3;
  m.u32[1] = 0;
  const result = systemCall('capget', m.address, m.address + 8);
  if (result < 0) return result;
  const word = (index: number): number => m.u32[index] as number;
  return {
    effective: { low: word(2), high: word(5) },
    permitted: { low: word(3), high: word(6) },
  };
}

/** Is a capability in the set? */
export function hasCapability(words: CapabilityWords, number: number): boolean {
  return number < 32 ? ((words.low >>> number) & 1) === 1 : ((words.high >>> (number - 32)) & 1) === 1;
}

/** setgroups(2) of the calling thread alone (the raw call; libc's would change every thread). */
export function setGroups(groups: readonly number[]): number {
  const m = scratch();
  const at = 4096;
  groups.forEach((group, index) => {
    m.u32[(at >> 2) + index] = group;
  });
  return systemCall('setgroups', groups.length, m.address + at);
}

/** setresuid(2) of the calling thread alone; -1 leaves an id as it is. */
export function setUserIds(real: number, effective: number, saved: number): number {
  return systemCall('setresuid', real, effective, saved);
}

/** setresgid(2) of the calling thread alone. */
export function setGroupIds(real: number, effective: number, saved: number): number {
  return systemCall('setresgid', real, effective, saved);
}

/**
 * setfsuid(2) of the calling thread. The call reports no errors, so it is asked again with an id that is
 * never valid, which answers the id in force: 0 when it took, -EPERM when not.
 */
export function setFileSystemUser(user: number): number {
  systemCall('setfsuid', user);
  return systemCall('setfsuid', -1) === user ? 0 : -1;
}

/** setfsgid(2), asked the same way. */
export function setFileSystemGroup(group: number): number {
  systemCall('setfsgid', group);
  return systemCall('setfsgid', -1) === group ? 0 : -1;
}

/** prctl(PR_SET_NO_NEW_PRIVS) of the calling thread. */
export function setNoNewPrivileges(): number {
  return systemCall('prctl', PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/** prctl(PR_SET_KEEPCAPS) of the calling thread: a change from root to another user leaves it what it has. */
export function setKeepCapabilities(keep: boolean): number {
  return systemCall('prctl', PR_SET_KEEPCAPS, keep ? 1 : 0, 0, 0, 0);
}

/** prctl(PR_SET_DUMPABLE) to 0: no core, no ptrace by the same user, /proc/PID is root's. */
export function setNotDumpable(): number {
  return systemCall('prctl', PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/** prctl(PR_GET_DUMPABLE). */
export function isDumpable(): boolean {
  return systemCall('prctl', PR_GET_DUMPABLE, 0, 0, 0, 0) !== 0;
}

/** prctl(PR_SET_PDEATHSIG): the signal that the calling thread's process gets when its parent thread dies. */
export function setParentDeathSignal(signal: number): number {
  return systemCall('prctl', PR_SET_PDEATHSIG, signal, 0, 0, 0);
}

/**
 * Drops every other capability from the bounding set of the calling thread, and all from its ambient one: 0
 * or minus an errno. What is out of the bounding set can't come back, not even to a program of root's
 * (capabilities(7)).
 */
export function dropBoundingSet(kept: readonly number[]): number {
  systemCall('prctl', PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (let number = 0; number < capabilityNumbersMax; number++) {
    if (kept.includes(number)) continue;
    const result = systemCall('prctl', PR_CAPBSET_DROP, number, 0, 0, 0);
    if (result === EINVAL) return 0;
    if (result < 0) return result;
  }
  return 0;
}
