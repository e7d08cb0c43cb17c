import { closeSync } from 'node:fs';
import { deputyError } from '../../core/errors/deputy-error.js';
import { errnoText } from '../../core/errors/errno.js';
import type { TargetFacts } from '../../core/ports/payload.js';
import { isProcessThere, openProcess } from '../linux/pidfd.js';
import { cgroupFoldersOf, isFrozen } from './cgroup-folders.js';
import type { TargetReference } from './find-container.js';
import { readCgroups, readNamespaces, readStartTime, readStatus } from './proc-facts.js';

/** A target that is held: its number is its own for as long as the pidfd is open and it lives. */
export interface HeldTarget {
  readonly pidfd: number;
  readonly facts: TargetFacts;
  /** Folders of its cgroups, for whoever is to join them. */
  readonly cgroupFolders: readonly string[];
}

/**
 * Opens a pidfd first, then reads what /proc says, and asks again whether the process is the one that was
 * meant: still alive, and of the start time that the runtime wrote down. Throws coded errors.
 */
export function holdTarget(reference: TargetReference): HeldTarget {
  const { processId, startTime } = reference;
  const pidfd = openProcess(processId);
  if (pidfd < 0) throw deputyError('DEPUTY_E_TARGET_GONE', { detail: `pidfd_open: ${errnoText(-pidfd)}` });
  try {
    const facts = readFacts(processId);
    if (!isProcessThere(pidfd))
      throw deputyError('DEPUTY_E_TARGET_GONE', { detail: `process ${processId} ended` });
    if (startTime !== undefined && startTime !== facts.facts.startTime) {
      const detail = `process ${processId} is not the one that the runtime started`;
      throw deputyError('DEPUTY_E_TARGET_CHANGED', { detail });
    }
    return { pidfd, ...facts };
  } catch (error) {
    closeSync(pidfd);
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw deputyError('DEPUTY_E_TARGET_GONE', { detail: `process ${processId} ended` }, error);
    }
    throw error;
  }
}

function readFacts(processId: number): Omit<HeldTarget, 'pidfd'> {
  const status = readStatus(processId);
  const namespaces = readNamespaces(processId);
  const cgroups = readCgroups(processId);
  const cgroupFolders = cgroupFoldersOf(cgroups);
  const facts = {
    processId,
    startTime: readStartTime(processId),
    namespaces,
    userNamespaceIsOurs: namespaces['user'] === readNamespaces('self')['user'],
    isInit: status.numbers.length > ownDepth() && status.numbers.at(-1) === 1,
    cgroups,
    frozen: isFrozen(cgroupFolders),
    userIds: [...new Set(status.userIds)],
    permittedCapabilities: status.capabilities[1] ?? 0n,
    boundingCapabilities: status.noNewPrivileges ? 0n : (status.capabilities[3] ?? 0n),
  };
  return { facts, cgroupFolders };
}

/** How deep our own pid namespace is; /proc may be of an outer one. */
function ownDepth(): number {
  return Math.max(1, readStatus('self').numbers.length);
}
