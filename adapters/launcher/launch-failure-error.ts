import { type DeputyError, deputyError } from '../../core/errors/deputy-error.js';
import { errnoNumbers, errnoText } from '../../core/errors/errno.js';
import type { FailureMessage, LauncherSetup } from './protocol.js';

/** The coded error for what a launcher said of its failure. */
export function launchFailureError(message: FailureMessage, setup: LauncherSetup): DeputyError {
  const { step, errno } = message;
  const reason = message.detail === '' ? errnoText(errno) : message.detail;
  const command = setup.argv[0] ?? '';
  switch (step) {
    case 'execute':
      return errno === errnoNumbers.ENOENT
        ? deputyError('DEPUTY_E_COMMAND_NOT_FOUND', { command })
        : deputyError('DEPUTY_E_COMMAND_NOT_EXECUTABLE', { command, detail: reason });
    case 'filter':
      return deputyError('DEPUTY_E_NOTIFIER_UNAVAILABLE', { detail: filterReason(errno) });
    case 'privileges':
      return errno === errnoNumbers.EPERM
        ? deputyError('DEPUTY_E_NOT_ROOT', {
            action: `running a target as uid ${setup.uid}, gid ${setup.gid}`,
          })
        : deputyError('DEPUTY_E_LAUNCH_FAILED', { detail: `dropping privileges: ${reason}` });
    case 'directory':
      return deputyError('DEPUTY_E_LAUNCH_FAILED', {
        detail: `uid ${setup.uid} cannot enter the directory ${setup.workingDirectory}: ${reason}`,
      });
    default:
      return deputyError('DEPUTY_E_LAUNCH_FAILED', { detail: `${step}: ${reason}` });
  }
}

/** What the errnos of seccomp(2) with NEW_LISTENER mean. */
function filterReason(errno: number): string {
  if (errno === errnoNumbers.EBUSY) {
    return 'a filter with a listener is on this process already, and the kernel allows one (EBUSY)';
  }
  if (errno === errnoNumbers.EINVAL) return 'the kernel does not know NEW_LISTENER (EINVAL; Linux 5.0)';
  return `seccomp(2) gave ${errnoText(errno)}`;
}
