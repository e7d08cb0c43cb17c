import { closeSync, fstatSync, readlinkSync } from 'node:fs';
import { deputyError } from '../../core/errors/deputy-error.js';
import { errnoText } from '../../core/errors/errno.js';
import { takeDescriptor } from '../linux/pidfd.js';

/** Major numbers of pseudo-terminals (Documentation/admin-guide/devices.txt). */
const terminals = [136, 143] as const;

/**
 * Copies of the target's own stdout and stderr, taken from it (pidfd_getfd(2)) and never opened by a path: a
 * file that its user may only read stays so. Only pipes and terminals. Throws DEPUTY_E_LOG_INVALID.
 */
export function takeContainerLog(pidfd: number): [stdout: number, stderr: number] {
  const taken: number[] = [];
  try {
    for (const [number, stream] of [
      [1, 'stdout'],
      [2, 'stderr'],
    ] as const) {
      const descriptor = takeDescriptor(pidfd, number);
      if (descriptor < 0) throw invalid(stream, errnoText(-descriptor));
      taken.push(descriptor);
      if (!isStream(descriptor)) throw invalid(stream, 'it is no pipe and no terminal');
    }
    return taken as [number, number];
  } catch (error) {
    for (const descriptor of taken) closeSync(descriptor);
    throw error;
  }
}

/** A pipe without a name, or a terminal; a named one could be anybody's, and stop whoever writes to it. */
function isStream(descriptor: number): boolean {
  const status = fstatSync(descriptor);
  if (status.isFIFO()) return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith('pipe:[');
  const major = Number(BigInt(status.rdev) >> 8n) & 0xfff;
  return status.isCharacterDevice() && major >= terminals[0] && major <= terminals[1];
}

function invalid(stream: string, detail: string): Error {
  return deputyError('DEPUTY_E_LOG_INVALID', { stream, detail });
}
