import { deputyError } from '../../core/errors/deputy-error.js';

/** The calls that deputy answers, and those that would go past the notifier. */
const delegated = ['open_by_handle_at', 'name_to_handle_at'] as const;
const refused = ['io_uring_setup', 'io_uring_enter', 'io_uring_register'] as const;
const EPERM = 1;
const waitKillable = 'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV';

/** A rule of an OCI seccomp profile; container engines add `includes`, `excludes` and `comment`. */
interface ProfileRule {
  readonly names?: readonly string[];
  readonly name?: string;
  readonly action: string;
  readonly [key: string]: unknown;
}

/** A seccomp profile as the OCI runtime specification has it (config-linux.md, 'Seccomp'). */
export interface SeccompProfile {
  readonly defaultAction: string;
  readonly listenerPath?: string;
  readonly listenerMetadata?: string;
  readonly flags?: readonly string[];
  readonly syscalls?: readonly ProfileRule[];
  readonly [key: string]: unknown;
}

export interface ProfileOptions {
  /** A profile to start from, such as an engine's default; without one everything else is allowed. */
  readonly base?: unknown;
  readonly socketPath: string;
  /** Goes to the agent as `metadata`; `tenant=NAME` in it names the tenant. */
  readonly metadata?: string;
  /** Only a fatal signal interrupts a call that is being answered. runc before 1.5 refuses any flag. */
  readonly waitKillable: boolean;
}

/**
 * The profile that a container needs so that deputy serves it. Pure. io_uring is refused, because the
 * notifier never sees what is asked through it. Throws DEPUTY_E_USAGE when the base can't be extended.
 */
export function containerProfile(options: ProfileOptions): SeccompProfile {
  const base = options.base === undefined ? { defaultAction: 'SCMP_ACT_ALLOW' } : checkBase(options);
  const taken: ReadonlySet<string> = new Set([...delegated, ...refused]);
  const { listenerMetadata: _metadata, flags = [], syscalls = [], ...rest } = base;
  const kept = syscalls.map((rule) => without(rule, taken)).filter((rule) => rule !== undefined);
  const allFlags = [...new Set([...flags, ...(options.waitKillable ? [waitKillable] : [])])];
  return {
    ...rest,
    defaultAction: base.defaultAction,
    listenerPath: options.socketPath,
    ...(options.metadata === undefined ? {} : { listenerMetadata: options.metadata }),
    ...(allFlags.length === 0 ? {} : { flags: allFlags }),
    syscalls: [
      { names: [...delegated], action: 'SCMP_ACT_NOTIFY' },
      { names: [...refused], action: 'SCMP_ACT_ERRNO', errnoRet: EPERM },
      ...kept,
    ],
  };
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

function checkBase({ base, socketPath }: ProfileOptions): SeccompProfile {
  if (typeof base !== 'object' || base === null || !('defaultAction' in base)) {
    throw deputyError('DEPUTY_E_USAGE', {
      detail: "--base is no seccomp profile: it has no 'defaultAction'",
    });
  }
  const profile = base as SeccompProfile;
  if (profile.listenerPath !== undefined && profile.listenerPath !== socketPath) {
    const detail = `--base has a listenerPath of its own, ${profile.listenerPath}; a filter has one listener`;
    throw deputyError('DEPUTY_E_USAGE', { detail });
  }
  const foreign = (profile.syscalls ?? [])
    .filter((rule) => rule.action === 'SCMP_ACT_NOTIFY')
    .flatMap((rule) => namesOf(rule))
    .filter((name) => !delegated.some((ours) => ours === name));
  if (foreign.length > 0) {
    const detail = `--base already notifies of ${foreign.join(', ')}; a filter has one listener`;
    throw deputyError('DEPUTY_E_USAGE', { detail });
  }
  return profile;
}

function namesOf(rule: ProfileRule): readonly string[] {
  return rule.names ?? (rule.name === undefined ? [] : [rule.name]);
}

/** The rule without the names that have rules of their own now; nothing when none is left. */
function without(rule: ProfileRule, taken: ReadonlySet<string>): ProfileRule | undefined {
  const names = namesOf(rule).filter((name) => !taken.has(name));
  if (names.length === 0) return undefined;
  const { name: _name, ...rest } = rule;
  return { ...rest, names };
}
