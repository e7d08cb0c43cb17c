import type { Policy, PolicyRule } from './schema.js';

/** What is valid in a policy, but probably not what its author wants: a sentence each. */
export function policyWarnings(policy: Policy): string[] {
  return [...sealingWarnings(policy), ...unreachableWarnings(policy.targets)];
}

function sealingWarnings({ defaults, targets }: Policy): string[] {
  const places = [
    ...(defaults.confinement === 'sealed' ? ['defaults'] : []),
    ...targets.flatMap((rule, index) => (rule.confinement === 'sealed' ? [`targets[${index}]`] : [])),
  ];
  if (places.length === 0) {
    return [];
  }
  return [
    `${places.join(', ')}: 'confinement: sealed' is accepted, but this version does not seal handles yet; ` +
      'targets are confined to the listed file systems and shares.',
  ];
}

/** A rule that an earlier one shadows wholly: the same match, or one after a match-all. */
function unreachableWarnings(rules: readonly PolicyRule[]): string[] {
  const first = new Map<string, number>();
  const warnings: string[] = [];
  let matchAll: number | undefined;
  for (const [index, rule] of rules.entries()) {
    const key = matchKey(rule);
    const same = first.get(key);
    if (matchAll !== undefined) {
      warnings.push(`targets[${index}]: never reached, since targets[${matchAll}] matches every target.`);
    } else if (same !== undefined) {
      warnings.push(`targets[${index}]: never reached, since targets[${same}] has the same match.`);
    }
    if (same === undefined) {
      first.set(key, index);
    }
    matchAll ??= key === matchAllKey ? index : undefined;
  }
  return warnings;
}

const matchAllKey = JSON.stringify(['*', '*']);

function matchKey({ match }: PolicyRule): string {
  return JSON.stringify([match.container ?? '*', match.metadata ?? '*'].map(simplified));
}

function simplified(pattern: string): string {
  return pattern.replace(/\*+/g, '*');
}
