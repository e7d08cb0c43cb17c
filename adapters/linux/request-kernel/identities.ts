import {
  type CapabilityWords,
  capability,
  capabilityWords,
  dropBoundingSet,
  neededCapabilities,
  setCapabilities,
  setFileSystemUser,
  setGroupIds,
  setGroups,
  setNoNewPrivileges,
  setUserIds,
} from '../credentials.js';
import type { ThreadStatus } from '../thread-status.js';

/** All that a hot loop ever needs; nothing else is kept (see ARCHITECTURE, 'Least privilege'). */
const loopCapabilities: readonly number[] = neededCapabilities.supervisor;

const all: CapabilityWords = capabilityWords(loopCapabilities);
const withoutReadSearch: CapabilityWords = capabilityWords(
  loopCapabilities.filter((number) => number !== capability.DAC_READ_SEARCH),
);

const readBypass = (1n << BigInt(capability.DAC_READ_SEARCH)) | (1n << BigInt(capability.DAC_OVERRIDE));

/** Has the thread a capability that bypasses read permissions, in whatever user namespace it is? */
export function hasReadBypass(status: ThreadStatus): boolean {
  return (status.effectiveCapabilities & readBypass) !== 0n;
}

/**
 * Who a target's thread is, as far as file permissions go. Interned: equal identities are the same object.
 */
export interface Identity {
  readonly user: number;
  readonly group: number;
  readonly groups: readonly number[];
  /** The target itself holds a capability that bypasses read permissions. */
  readonly bypassesReads: boolean;
}

/** Identities remembered at most; a target with more uids than this makes the table start again. */
const identityLimit = 4096;

/** Switches the calling thread between the identities of targets. One for each loop thread. */
export class Identities {
  private readonly known = new Map<string, Identity>();
  private current: Identity | undefined;

  /**
   * Cuts the calling thread's capabilities to what a loop needs, with no way back to more: 0 or minus an
   * errno. Only who has CAP_SETPCAP can cut the bounding set; elsewhere it was cut before, or no_new_privs
   * closes the one way by which it counts.
   */
  confine(): number {
    dropBoundingSet(loopCapabilities);
    return setNoNewPrivileges() || setCapabilities(all, all);
  }

  /**
   * The identity that a status describes; file system ids, since those are what permissions go by.
   * `bypassesReads`: its capabilities are good for this file system's files.
   */
  of(status: ThreadStatus, bypassesReads: boolean): Identity {
    const user = status.userIds[3] ?? 65534;
    const group = status.groupIds[3] ?? 65534;
    const key = `${user}:${group}:${bypassesReads}:${status.groups.join(',')}`;
    let identity = this.known.get(key);
    if (!identity) {
      if (this.known.size >= identityLimit) this.known.clear();
      identity = { user, group, groups: status.groups, bypassesReads };
      this.known.set(key, identity);
    }
    return identity;
  }

  /**
   * Real uid and file system uid, groups: the target's. The effective uid stays 0 so that the next switch is
   * possible; setfsuid takes the file capabilities away, so they are raised again (capabilities(7)).
   */
  assume(identity: Identity): number {
    if (this.current === identity) return 0;
    this.current = undefined;
    const { user, group, groups } = identity;
    const result =
      setCapabilities(all, all) ||
      setGroupIds(group, group, group) ||
      setGroups(groups) ||
      setUserIds(user, 0, 0) ||
      setFileSystemUser(user) ||
      setCapabilities(all, all);
    if (result === 0) this.current = identity;
    return result;
  }

  /** Runs a call with root's file system uid, for files of root's own, and without more capabilities. */
  asRoot<T>(call: () => T): T {
    const { current } = this;
    setFileSystemUser(0);
    try {
      return call();
    } finally {
      if (current !== undefined) setFileSystemUser(current.user);
      setCapabilities(all, all);
    }
  }

  /**
   * Makes a call as a process of this user would, without capabilities: the effective uid is what other
   * processes go by. The file system uid follows it, so the next request assumes its identity anew.
   */
  asUser(user: number, call: () => number): number {
    this.current = undefined;
    const became = setUserIds(-1, user, -1);
    if (became < 0) return became;
    try {
      return call();
    } finally {
      setUserIds(-1, 0, -1);
      setCapabilities(all, all);
    }
  }

  /** Runs a call with the identity's own rights to read, that is without CAP_DAC_READ_SEARCH in force. */
  withoutBypass<T>(call: () => T): T {
    setCapabilities(withoutReadSearch, all);
    try {
      return call();
    } finally {
      setCapabilities(all, all);
    }
  }
}
