import { deputyError, isDeputyError } from '../../core/errors/deputy-error.js';
import type { Target } from '../../core/ports/strategy.js';
import { findTarget } from './find-container.js';
import { PayloadDirectory, payloadFolders } from './payload-directory.js';
import type { SessionOptions } from './payload-session.js';
import { readStartTime } from './proc-facts.js';

/** A target as it runs now, and the folder of its payload. */
export interface PayloadPlace {
  readonly directory: PayloadDirectory;
  readonly target: Target & { readonly processId: number; readonly restartCount: number };
}

/** The folder of a target's payload, before anything is begun. Throws coded errors. */
export function payloadPlaceOf(options: SessionOptions): PayloadPlace {
  const { stateDirectory, name } = options;
  const { processId, containerId, ...reference } = findTarget(options.target, options.runtimeRoots);
  const startTime = startTimeOf(processId);
  if (startTime === undefined || startTime !== (reference.startTime ?? startTime)) {
    throw deputyError('DEPUTY_E_TARGET_GONE', { detail: `there is no process ${processId} of it` });
  }
  const earlier = payloadFolders(stateDirectory, { containerId }, name);
  const directory = PayloadDirectory.of(stateDirectory, { containerId, startTime, name });
  const restartCount = directory.restartCount(earlier, reference.restartCount);
  return { directory, target: { containerId, processId, restartCount } };
}

/** The same; undefined while it does not run. */
export function findPayloadPlace(options: SessionOptions): PayloadPlace | undefined {
  try {
    return payloadPlaceOf(options);
  } catch (error) {
    if (isDeputyError(error, 'DEPUTY_E_TARGET_UNKNOWN')) return undefined;
    if (isDeputyError(error, 'DEPUTY_E_TARGET_GONE')) return undefined;
    throw error;
  }
}

/** A container as it runs now, with the number of its life: what `findTarget` of a delegation is to give. */
export async function findLife(options: SessionOptions): Promise<Target | undefined> {
  return findPayloadPlace(options)?.target;
}

function startTimeOf(processId: number): string | undefined {
  try {
    return readStartTime(processId);
  } catch {
    return undefined;
  }
}
