/** What newer kernels have and deputy can do without. Debian 12's Linux 6.1 has only the fourth and fifth. */
export const optionalFeatures = [
  'SYNC_WAKE_UP',
  'PIDFD_THREAD',
  'UNIQUE_MOUNT_ID',
  'PROCESS_VM_READV',
  'WAIT_KILLABLE_RECV',
  'PROCMAP_QUERY',
] as const;
export type OptionalFeature = (typeof optionalFeatures)[number];

/**
 * Is this feature to be treated as missing? DEPUTY_WITHOUT, a list of names with commas, says so: a test of
 * what happens on a kernel that lacks it.
 */
export function isSwitchedOff(feature: OptionalFeature): boolean {
  switchedOff ??= new Set((process.env['DEPUTY_WITHOUT'] ?? '').split(','));
  return switchedOff.has(feature);
}

let switchedOff: ReadonlySet<string> | undefined;
