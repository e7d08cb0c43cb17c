import { deputyError } from '../../core/errors/deputy-error.js';

/** Longest name that systemd takes or gives (FDNAME_MAX of its fd-util.h). */
const longestName = 255;

/**
 * Longest name to store under. All names come back in one variable, and a program can't be executed with
 * one of more than 131072 bytes (MAX_ARG_STRLEN, execve(2)): with 2048 such names, the bound of
 * deputy.service, it still can. See docs/adr/0006.
 */
export const longestStoredName = 62;

/**
 * Is this a descriptor's name? Printable ASCII without ':', which separates names in LISTEN_FDNAMES
 * (sd_pid_notify_with_fds(3)).
 */
export function isDescriptorName(name: string): boolean {
  return name.length <= longestName && /^[ -9;-~]*$/.test(name);
}

/** Throws DEPUTY_E_DESCRIPTOR_NAME_INVALID unless the name may be stored; an empty one would tell nothing. */
export function requireStoredName(name: string): void {
  if (name.length > 0 && name.length <= longestStoredName && isDescriptorName(name)) return;
  const shown = JSON.stringify(name.slice(0, longestName));
  throw deputyError('DEPUTY_E_DESCRIPTOR_NAME_INVALID', { name: shown, limit: longestStoredName });
}
