import type { ProfileRule, RuleCondition, SeccompProfile } from './profile-format.js';

/** Machines as engines' profiles name them: Go's name in conditions, libseccomp's in lists. */
const libraryNames = { x64: 'SCMP_ARCH_X86_64', arm64: 'SCMP_ARCH_AARCH64' } as const;
const goNames = { x64: 'amd64', arm64: 'arm64' } as const;
export type ProfileMachine = keyof typeof libraryNames;

/** What the container will be: it decides which rules of an engine's profile hold. */
export interface ProfileSubject {
  readonly machine: ProfileMachine;
  /** Names such as 'CAP_SYS_ADMIN'; an unprivileged container has none. */
  readonly capabilities: readonly string[];
}

/**
 * Turns an engine's profile into the plain OCI form: rules whose `includes` don't hold or whose `excludes` do
 * are left out, and `archMap` becomes `architectures`. A runtime ignores these fields, and would allow
 * mount(2) to everybody because of a rule meant for CAP_SYS_ADMIN. Pure.
 */
export function resolveConditions(profile: SeccompProfile, subject: ProfileSubject): SeccompProfile {
  const { archMap, syscalls, ...rest } = profile;
  const architectures = profile.architectures ?? architecturesOf(archMap, subject.machine);
  return {
    ...rest,
    ...(architectures === undefined ? {} : { architectures }),
    syscalls: (syscalls ?? []).filter((rule) => holds(rule, subject)).map(plainRule),
  };
}

function architecturesOf(
  map: SeccompProfile['archMap'],
  machine: ProfileMachine,
): readonly string[] | undefined {
  if (map === undefined) return undefined;
  const name = libraryNames[machine];
  const found = map.find(({ architecture }) => architecture === name);
  return [name, ...(found?.subArchitectures ?? [])];
}

/** As engines do it: every capability of `includes` must be held, and none of `excludes`. */
function holds({ includes = {}, excludes = {} }: ProfileRule, subject: ProfileSubject): boolean {
  const machine = goNames[subject.machine];
  const has = (capability: string): boolean => subject.capabilities.includes(capability);
  const isIncluded =
    (includes.caps ?? []).every(has) &&
    (isEmpty(includes.arches) || includes.arches?.includes(machine) === true);
  const isExcluded = (excludes.caps ?? []).some(has) || excludes.arches?.includes(machine) === true;
  return isIncluded && !isExcluded && !isForOlderKernels(excludes);
}

function isEmpty(list: readonly string[] | undefined): boolean {
  return list === undefined || list.length === 0;
}

/**
 * Every kernel that deputy runs on (5.14) has what a `minKernel` of the known profiles (4.8) asks for, so
 * that such a condition always holds.
 */
function isForOlderKernels({ minKernel }: RuleCondition): boolean {
  return minKernel !== undefined && minKernel !== '';
}

function plainRule({ includes: _i, excludes: _e, comment: _c, ...rule }: ProfileRule): ProfileRule {
  return rule;
}
