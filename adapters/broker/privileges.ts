import { readdirSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { deputyError } from '../../core/errors/deputy-error.js';
import { errnoText } from '../../core/errors/errno.js';
import type { BrokerPrivileges, BrokerThread } from '../../core/ports/broker.js';
import {
  capability,
  capabilityWords,
  dropBoundingSet,
  getCapabilities,
  hasCapability,
  isDumpable,
  setCapabilities,
  setKeepCapabilities,
  setNoNewPrivileges,
  setNotDumpable,
} from '../linux/credentials.js';
import { parseMounts } from '../linux/mount-information.js';
import { systemCall } from '../linux/native.js';
import { parseThreadStatus, statusFields } from '../linux/thread-status.js';

/** Whom a broker serves, and becomes. */
export interface TargetUser {
  readonly user: number;
  readonly group: number;
  readonly groups: readonly number[];
}

const only = [capability.DAC_READ_SEARCH];

function failed(detail: string): never {
  throw deputyError('DEPUTY_E_BROKER_PRIVILEGES', { detail });
}

/**
 * Becomes the target's user with CAP_DAC_READ_SEARCH alone, from root with SETUID and SETGID (Kubernetes
 * gives no ambient capabilities), or as what it was started as. Called before anything of the target's is
 * touched. Throws DEPUTY_E_BROKER_PRIVILEGES.
 */
export async function becomeTarget({ user, group, groups }: TargetUser): Promise<void> {
  // A thread has what its maker had: libuv's pool, which starts all at once, has to be there before.
  await stat('/');
  const held = getCapabilities();
  if (typeof held === 'number' || !hasCapability(held.permitted, capability.DAC_READ_SEARCH)) {
    failed('it was started without CAP_DAC_READ_SEARCH');
  }
  // Closes what the bounding set leaves open where it can't be cut: without CAP_SETPCAP that fails, and may.
  const result = setNoNewPrivileges();
  if (result < 0) failed(`no_new_privs: ${errnoText(-result)}`);
  dropBoundingSet(only);
  if (!isAlready({ user, group, groups })) changeUser({ user, group, groups });
  const words = capabilityWords(only);
  const cut = setCapabilities(words, words);
  if (cut < 0) failed(`capset: ${errnoText(-cut)}`);
  setNotDumpable();
}

function isAlready({ user, group, groups }: TargetUser): boolean {
  const status = parseThreadStatus(readFileSync('/proc/self/status', 'latin1'));
  const wanted = [...groups].sort().join();
  const has = status.groups.filter((one) => one !== group || groups.includes(one));
  return (
    status.userIds.every((id) => id === user) &&
    status.groupIds.every((id) => id === group) &&
    [...has].sort().join() === wanted
  );
}

/**
 * By libc, which has every thread of the process do it: those that Node started before our code ran lose all
 * capabilities, since only this thread says that it keeps them (PR_SET_KEEPCAPS is a thread's own).
 */
function changeUser({ user, group, groups }: TargetUser): void {
  setKeepCapabilities(true);
  try {
    process.setgroups?.([...groups]);
    process.setgid?.(group);
    process.setuid?.(user);
  } catch (error) {
    failed(`it can not become ${user}:${group}: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    setKeepCapabilities(false);
  }
}

/** What /proc shows of this process: each thread, and what others may do to it. */
export function readPrivileges(): BrokerPrivileges {
  const serving = String(systemCall('gettid'));
  return {
    threads: readdirSync('/proc/self/task').flatMap((task) => threadOf(task, task === serving)),
    isDumpable: isDumpable(),
    rootIsReadOnly: isRootReadOnly(),
  };
}

function threadOf(task: string, serves: boolean): BrokerThread[] {
  let text: string;
  try {
    text = readFileSync(`/proc/self/task/${task}/status`, 'latin1');
  } catch {
    // It ended since the directory was read.
    return [];
  }
  const status = parseThreadStatus(text);
  const { effectiveCapabilities: effective, permittedCapabilities: permitted } = status;
  const { userIds, noNewPrivileges } = status;
  const filters = Number(statusFields(text).field('Seccomp_filters') || '0');
  return [{ userIds, effective, permitted, noNewPrivileges, filters, serves }];
}

function isRootReadOnly(): boolean {
  const text = readFileSync('/proc/self/mountinfo', 'utf8');
  const root = parseMounts(text).findLast(({ mountPoint }) => mountPoint === '/');
  const line = text.split('\n').find((one) => one.startsWith(`${root?.mountId ?? 0} `)) ?? '';
  return (line.split(' ')[5] ?? '').split(',').includes('ro');
}
