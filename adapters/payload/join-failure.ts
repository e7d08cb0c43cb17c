import { deputyError } from '../../core/errors/deputy-error.js';
import { errnoName } from '../../core/errors/errno.js';
import type { PayloadSpec } from '../../core/ports/payload.js';
import { isFrozen } from './cgroup-folders.js';

/** The error for a step of shim or joiner that failed; `cgroupFolders` are the target's. */
export function failureOf(
  step: string,
  errno: number,
  spec: PayloadSpec,
  cgroupFolders: readonly string[] = [],
): Error {
  const name = errnoName(errno) ?? `${errno}`;
  const [command = ''] = spec.argv;
  if (step === 'target')
    return deputyError('DEPUTY_E_TARGET_GONE', { detail: 'it ended while the payload was started' });
  if (step === 'execute' && name === 'ENOENT') return deputyError('DEPUTY_E_COMMAND_NOT_FOUND', { command });
  if (step === 'execute') return deputyError('DEPUTY_E_COMMAND_NOT_EXECUTABLE', { command, detail: name });
  // One that is paused behind our look at it holds the joiner as well.
  if (step === 'deadline' && isFrozen(cgroupFolders)) {
    return deputyError('DEPUTY_E_TARGET_PAUSED', { what: 'its cgroup was frozen meanwhile' });
  }
  if (step === 'cgroup' && (name === 'EBUSY' || name === 'EOPNOTSUPP')) {
    return deputyError('DEPUTY_E_TARGET_CGROUP_BUSY', { errno: name });
  }
  if (step === 'cgroup' && name === 'ENODEV') {
    return deputyError('DEPUTY_E_TARGET_CHANGED', { detail: 'its cgroup was removed' });
  }
  return deputyError('DEPUTY_E_PAYLOAD_NOT_JOINED', { step, errno: name });
}
