import { deputyError } from '../../core/errors/deputy-error.js';
import { errnoName } from '../../core/errors/errno.js';
import type { PayloadSpec } from '../../core/ports/payload.js';

/** The error for a step of shim or joiner that failed. */
export function failureOf(step: string, errno: number, spec: PayloadSpec): Error {
  const name = errnoName(errno) ?? `${errno}`;
  const [command = ''] = spec.argv;
  if (step === 'target')
    return deputyError('DEPUTY_E_TARGET_GONE', { detail: 'it ended while the payload was started' });
  if (step === 'execute' && name === 'ENOENT') return deputyError('DEPUTY_E_COMMAND_NOT_FOUND', { command });
  if (step === 'execute') return deputyError('DEPUTY_E_COMMAND_NOT_EXECUTABLE', { command, detail: name });
  return deputyError('DEPUTY_E_PAYLOAD_NOT_JOINED', { step, errno: name });
}
