/** When a rule of an engine's profile holds: container engines evaluate it, OCI runtimes don't know it. */
export interface RuleCondition {
  readonly caps?: readonly string[];
  readonly arches?: readonly string[];
  readonly minKernel?: string;
}

/** A rule of a seccomp profile: the OCI form, and what container engines (moby, containers/common) add. */
export interface ProfileRule {
  readonly names?: readonly string[];
  readonly name?: string;
  readonly action: string;
  readonly includes?: RuleCondition;
  readonly excludes?: RuleCondition;
  readonly comment?: string;
  readonly [key: string]: unknown;
}

/** An architecture of an engine's profile, and those that it runs beside it. */
export interface ProfileArchitecture {
  readonly architecture: string;
  readonly subArchitectures?: readonly string[] | null;
}

/** A seccomp profile as the OCI runtime specification has it (config-linux.md, 'Seccomp'). */
export interface SeccompProfile {
  readonly defaultAction: string;
  readonly architectures?: readonly string[];
  readonly archMap?: readonly ProfileArchitecture[];
  readonly listenerPath?: string;
  readonly listenerMetadata?: string;
  readonly flags?: readonly string[];
  readonly syscalls?: readonly ProfileRule[];
  readonly [key: string]: unknown;
}

/** The calls that a rule is about, in its new form or in the old one. */
export function namesOf(rule: ProfileRule): readonly string[] {
  return rule.names ?? (rule.name === undefined ? [] : [rule.name]);
}
