import { closeSync, readFileSync } from 'node:fs';
import { deputyError, isDeputyError } from '../../core/errors/deputy-error.js';
import type { ResolvedPolicy } from '../../core/policy/match.js';
import type { TargetFacts } from '../../core/ports/payload.js';
import type { ExaminedTarget } from '../../core/preflight/entry.js';
import { assessShares } from '../host/share-obstacles.js';
import { statusFields } from '../linux/thread-status.js';
import { findTarget } from '../payload/find-container.js';
import { holdTarget } from '../payload/identify.js';

/** A target that runs, as /proc shows it; it is looked at from outside and nothing is started in it. */
export interface HeldFacts {
  readonly containerId: string;
  readonly processId: number;
  readonly facts: TargetFacts;
}

/**
 * Finds a target by its process or container id. Throws DEPUTY_E_TARGET_UNKNOWN, also for one that is gone,
 * or DEPUTY_E_TARGET_CHANGED.
 */
export function lookAtTarget(target: string, runtimeRoots?: readonly string[]): HeldFacts {
  const reference = findTarget(target, runtimeRoots);
  const { processId, containerId } = reference;
  try {
    const { pidfd, facts } = holdTarget(reference);
    closeSync(pidfd);
    return { containerId, processId, facts };
  } catch (error) {
    if (!isDeputyError(error, 'DEPUTY_E_TARGET_GONE')) throw error;
    throw deputyError('DEPUTY_E_TARGET_UNKNOWN', { target, detail: error.message }, error);
  }
}

/** What the ranking needs to know of it. `takeOver`: why a payload could be taken over there. */
export function examineTarget(
  { containerId, processId, facts }: HeldFacts,
  policy: ResolvedPolicy,
  takeOver: string | undefined,
): ExaminedTarget {
  return {
    containerId,
    processId,
    userNamespaceIsOurs: facts.userNamespaceIsOurs,
    isInit: facts.isInit,
    isFrozen: facts.frozen,
    ...(takeOver === undefined ? {} : { takeOver }),
    shares: assessShares({ containerId, processId }, policy),
  };
}

/** Has the target a filter already? Without one its calls reach no listener until it starts anew. */
export function hasFilter(processId: number): boolean {
  try {
    return statusFields(readFileSync(`/proc/${processId}/status`, 'latin1')).field('Seccomp') === '2';
  } catch {
    return false;
  }
}
