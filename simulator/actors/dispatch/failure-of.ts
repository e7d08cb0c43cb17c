import { deputyError } from '../../../core/errors/deputy-error.js';
import { errnoName } from '../../../core/errors/errno.js';

/** The error for a step of shim or joiner that failed. */
export function failureOf(step: string, errno: number): Error {
  if (step === 'target') return deputyError('DEPUTY_E_TARGET_GONE', { detail: 'it ended' });
  if (step === 'execute') return deputyError('DEPUTY_E_COMMAND_NOT_FOUND', { command: 'payload' });
  return deputyError('DEPUTY_E_PAYLOAD_NOT_JOINED', { step, errno: errnoName(errno) ?? `${errno}` });
}
