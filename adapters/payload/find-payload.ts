import { deputyError } from '../../core/errors/deputy-error.js';
import { findTarget } from './find-container.js';
import { PayloadDirectory } from './payload-directory.js';
import type { SessionOptions } from './payload-session.js';
import { readStartTime } from './proc-facts.js';

/** The folder of a target's payload, before anything is begun. Throws coded errors. */
export function payloadDirectoryOf(options: SessionOptions): PayloadDirectory & {
  readonly containerId: string;
  readonly targetProcess: number;
} {
  const { processId, containerId } = findTarget(options.target, options.runtimeRoots);
  try {
    const key = { containerId, startTime: readStartTime(processId), name: options.name };
    return Object.assign(PayloadDirectory.of(options.stateDirectory, key), {
      containerId,
      targetProcess: processId,
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw deputyError('DEPUTY_E_TARGET_GONE', { detail: `there is no process ${processId}` }, error);
  }
}
