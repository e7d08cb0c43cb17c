import { nativeDirectoriesWord } from '../../core/policy/metadata.js';
import { architectureOf } from '../linux/syscall-numbers.js';
import { checkBase } from './check-base.js';
import { namesOf, type ProfileRule, type SeccompProfile } from './profile-format.js';
import { type ProfileMachine, resolveConditions } from './resolve-conditions.js';

export type { SeccompProfile } from './profile-format.js';

/** The calls that deputy answers, and those that would go past the notifier. */
const delegated = ['open_by_handle_at', 'name_to_handle_at'] as const;
const refused = ['io_uring_setup', 'io_uring_enter', 'io_uring_register'] as const;
const EPERM = 1;
const waitKillable = 'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV';

export interface ProfileOptions {
  /** A profile to start from, such as an engine's default; without one everything else is allowed. */
  readonly base?: unknown;
  readonly socketPath: string;
  /** Goes to the agent as `metadata`; `tenant=NAME` in it names the tenant. */
  readonly metadata?: string;
  /** Only a fatal signal interrupts a call that is being answered. runc before 1.5 refuses any flag. */
  readonly waitKillable: boolean;
  /** Capabilities of the container, such as 'CAP_CHOWN': they decide which rules of the base hold. None. */
  readonly capabilities?: readonly string[];
  /** The machine that the container will run on; this one by default. */
  readonly machine?: ProfileMachine;
  /**
   * Opens with O_DIRECTORY go to the kernel, for a container with a user namespace of its own (file-handle
   * strategy). The metadata says so.
   */
  readonly nativeDirectories?: boolean;
}

/**
 * The profile that a container needs so that deputy serves it. io_uring is refused, because the notifier
 * never sees what is asked through it. Conditions of the base are evaluated for the container, since OCI
 * runtimes and containerd ignore them. Throws DEPUTY_E_USAGE when the base can't be extended.
 */
export function containerProfile(options: ProfileOptions): SeccompProfile {
  const machine = options.machine ?? (process.arch === 'arm64' ? 'arm64' : 'x64');
  const base =
    options.base === undefined
      ? { defaultAction: 'SCMP_ACT_ALLOW' }
      : resolveConditions(checkBase(options.base, options.socketPath, new Set(delegated)), {
          machine,
          capabilities: options.capabilities ?? [],
        });
  const taken: ReadonlySet<string> = new Set([...delegated, ...refused]);
  const { listenerMetadata: _metadata, flags = [], syscalls = [], ...rest } = base as SeccompProfile;
  const kept = syscalls.map((rule) => without(rule, taken)).filter((rule) => rule !== undefined);
  const allFlags = [...new Set([...flags, ...(options.waitKillable ? [waitKillable] : [])])];
  const metadata = metadataOf(options);
  return {
    ...rest,
    listenerPath: options.socketPath,
    ...(metadata === undefined ? {} : { listenerMetadata: metadata }),
    ...(allFlags.length === 0 ? {} : { flags: allFlags }),
    syscalls: [
      ...(options.nativeDirectories === true
        ? besideNative(machine, rest.defaultAction)
        : [{ names: [...delegated], action: 'SCMP_ACT_NOTIFY' }]),
      { names: [...refused], action: 'SCMP_ACT_ERRNO', errnoRet: EPERM },
      ...kept,
    ],
  };
}

function metadataOf({ metadata, nativeDirectories }: ProfileOptions): string | undefined {
  if (nativeDirectories !== true) return metadata;
  return metadata === undefined ? nativeDirectoriesWord : `${metadata},${nativeDirectoriesWord}`;
}

/** Only opens without O_DIRECTORY are notified of; others go to the kernel (seccomp_rule_add(3)). */
function besideNative(machine: ProfileMachine, defaultAction: string): ProfileRule[] {
  const bit = architectureOf(machine)?.openFlags.O_DIRECTORY ?? 0;
  const flags = (wanted: number) => [{ index: 2, value: bit, valueTwo: wanted, op: 'SCMP_CMP_MASKED_EQ' }];
  const names = ['open_by_handle_at'];
  return [
    { names: ['name_to_handle_at'], action: 'SCMP_ACT_NOTIFY' },
    { names, action: 'SCMP_ACT_NOTIFY', args: flags(0) },
    // A rule that says what holds anyway is refused by libseccomp.
    ...(defaultAction === 'SCMP_ACT_ALLOW' ? [] : [{ names, action: 'SCMP_ACT_ALLOW', args: flags(bit) }]),
  ];
}

/** The same as a SeccompProfile of the security-profiles-operator, for Kubernetes. */
export function operatorProfile(profile: SeccompProfile, name: string): Record<string, unknown> {
  return {
    apiVersion: 'security-profiles-operator.x-k8s.io/v1beta1',
    kind: 'SeccompProfile',
    metadata: { name },
    spec: profile,
  };
}

/** What a pod says to use the profile, once it lies below the kubelet's seccomp directory. */
export function podSecurityContext(file: string): Record<string, unknown> {
  return { securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: file } } };
}

/** The rule without the names that have rules of their own now; nothing when none is left. */
function without(rule: ProfileRule, taken: ReadonlySet<string>): ProfileRule | undefined {
  const names = namesOf(rule).filter((name) => !taken.has(name));
  if (names.length === 0) return undefined;
  const { name: _name, ...rest } = rule;
  return { ...rest, names };
}
