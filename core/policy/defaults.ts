import type { Degradation, Limits, Placement, Policy, PolicyFields } from './schema.js';

/** Where the hot loop runs in relation to its targets, unless a policy says otherwise. */
export const DEFAULT_PLACEMENT: Placement = 'follow';

/** The limits that hold where a policy says nothing. */
export const defaultLimits: Limits = Object.freeze<Limits>({
  inFlightPerTarget: 64,
  deadlineMs: 0,
  deadlineErrno: 'EIO',
});

/** An idle target makes no calls either, so silence alone is told of only where a policy asks for it. */
export const defaultDegradation: Degradation = Object.freeze<Degradation>({ afterMs: 10_000, silentMs: 0 });

/** What holds where a policy says nothing, and without a policy file. */
export const defaultFields: PolicyFields = Object.freeze<PolicyFields>({
  syscalls: ['open_by_handle_at', 'name_to_handle_at'],
  shares: 'all',
  filesystems: ['ext4', 'xfs', 'btrfs', 'tmpfs', 'overlay'],
  confinement: 'sealed',
  dac: 'enforce',
  opath: 'fast',
  placement: DEFAULT_PLACEMENT,
  strategies: ['seccomp-notify', 'sidecar-caps', 'file-handle', 'dispatcher'],
  record: 'each',
  limits: defaultLimits,
  degradation: defaultDegradation,
});

/** The policy that holds without a file. */
export function defaultPolicy(): Policy {
  return { version: 1, defaults: defaultFields, targets: [] };
}
