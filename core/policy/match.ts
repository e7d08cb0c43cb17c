import { digestOf } from './digest.js';
import { globMatches } from './glob.js';
import { mergeFields } from './merge.js';
import { metadataMatches, metadataTenant } from './metadata.js';
import type { Policy, PolicyFields, PolicyRule } from './schema.js';

/** What is known of a target when its policy is looked up. */
export interface PolicyTarget {
  readonly containerId: string;
  /** The runtime's `listenerMetadata`; empty if there is none. */
  readonly metadata: string;
  /** The container's annotations; carried for rules to come, none reads them today. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Where a target's tenant comes from; 'container' does not outlive the container. */
export type TenantSource = 'policy' | 'metadata' | 'container';

/** The policy of one target: plain and frozen, so that it can be sent to a worker and put into an event. */
export interface ResolvedPolicy extends PolicyFields {
  readonly tenant: string;
  readonly tenantSource: TenantSource;
  /** The index of the rule in `targets` that matched; null: the defaults alone. */
  readonly rule: number | null;
  /** 16 hexadecimal digits over everything a decision depends on. */
  readonly digest: string;
}

/** Finds the policy of a target: the first rule that matches, its fields put over the defaults. */
export function resolvePolicy(policy: Policy, target: PolicyTarget): ResolvedPolicy {
  const index = policy.targets.findIndex((rule) => ruleMatches(rule, target));
  const rule = policy.targets[index];
  const fields = rule === undefined ? policy.defaults : mergeFields(policy.defaults, rule);
  const effective = { ...tenantOf(rule, target), ...fields };
  // No request is decided by what is told of a target.
  const { tenantSource, degradation, ...decisive } = effective;
  return deepFreeze(
    structuredCopy({ ...effective, rule: rule === undefined ? null : index, digest: digestOf(decisive) }),
  );
}

function ruleMatches({ match }: PolicyRule, target: PolicyTarget): boolean {
  return (
    (match.container === undefined || globMatches(match.container, target.containerId)) &&
    (match.metadata === undefined || metadataMatches(match.metadata, target.metadata))
  );
}

function tenantOf(rule: PolicyRule | undefined, target: PolicyTarget) {
  if (rule?.tenant !== undefined) {
    return { tenant: rule.tenant, tenantSource: 'policy' as const };
  }
  const tenant = metadataTenant(target.metadata);
  return tenant === undefined
    ? { tenant: target.containerId, tenantSource: 'container' as const }
    : { tenant, tenantSource: 'metadata' as const };
}

/** A copy, so that freezing never reaches the policy that the caller goes on using. */
function structuredCopy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}
