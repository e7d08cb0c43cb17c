import type { ResolvedPolicy } from '../../../core/policy/match.js';

/**
 * What a strategy can hold a target to, as docs/how-to/choose-a-strategy.md has it; written down here once
 * more, since what the strategies say of themselves is what is judged.
 */
const holds: Readonly<Record<string, readonly string[]>> = {
  'seccomp-notify': ['syscalls', 'shares', 'filesystems', 'confinement', 'dac', 'opath', 'limits'],
  'file-handle': ['syscalls', 'shares', 'filesystems', 'confinement', 'dac', 'opath', 'limits'],
  'sidecar-caps': ['syscalls', 'shares', 'filesystems', 'confinement', 'dac', 'opath'],
  dispatcher: ['opath'],
};
const usualFileSystems = ['ext4', 'xfs', 'btrfs', 'tmpfs', 'overlay'];
const usualInFlight = 64;

/** Why 'auto' may not serve a target with this strategy under this policy; undefined when it may. */
export function forbidden(strategy: string, policy: ResolvedPolicy): string | undefined {
  if (!policy.strategies.includes(strategy)) return 'it is not listed';
  const unheld = asked(policy).filter((field) => holds[strategy]?.includes(field) !== true);
  if (unheld.length > 0) return `it does not hold ${unheld.join(', ')}`;
  const needsSeals = strategy === 'file-handle' || strategy === 'sidecar-caps';
  return needsSeals && policy.confinement !== 'sealed' ? 'its handles are sealed' : undefined;
}

/** Fields by which a policy keeps a target from something. */
function asked(policy: ResolvedPolicy): string[] {
  const { syscalls, shares, filesystems, confinement, dac, opath, limits } = policy;
  const asks: Record<string, boolean> = {
    syscalls: syscalls.length < 2,
    shares: shares !== 'all',
    filesystems: usualFileSystems.some((type) => !filesystems.includes(type)),
    confinement: confinement !== 'none',
    dac: dac === 'enforce',
    opath: opath === 'exact',
    limits: limits.deadlineMs > 0 || limits.inFlightPerTarget < usualInFlight,
  };
  return Object.keys(asks).filter((field) => asks[field]);
}
