import { deputyError } from '../../core/errors/deputy-error.js';

/** Longest name of a stored descriptor (FDNAME_MAX of systemd's fd-util.h). */
export const maximumNameCharacters = 255;

/**
 * May a stored descriptor have this name? Printable ASCII without ':', which separates names in
 * LISTEN_FDNAMES (sd_pid_notify_with_fds(3)). systemd allows an empty name, but nothing could be told by it.
 */
export function isDescriptorName(name: string): boolean {
  return name.length > 0 && name.length <= maximumNameCharacters && /^[ -9;-~]*$/.test(name);
}

/** Throws DEPUTY_E_DESCRIPTOR_NAME_INVALID unless the name may be used. */
export function requireDescriptorName(name: string): void {
  if (isDescriptorName(name)) return;
  const shown = JSON.stringify(name.slice(0, maximumNameCharacters));
  throw deputyError('DEPUTY_E_DESCRIPTOR_NAME_INVALID', { name: shown });
}
