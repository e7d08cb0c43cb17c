import { mergeFields } from './merge.js';
import type { Policy, PolicyRule } from './schema.js';

/** What is valid in a policy, but probably not what its author wants: a sentence each. */
export function policyWarnings(policy: Policy): string[] {
  return [
    ...unconfinedWarnings(policy),
    ...unsealableWarnings(policy),
    ...unreachableWarnings(policy.targets),
  ];
}

/** The defaults and each rule, with the fields that then hold, and what an error calls the place. */
function places({ defaults, targets }: Policy) {
  const rules = targets.map((rule, index) => ({
    path: `targets[${index}]`,
    written: rule,
    fields: mergeFields(defaults, rule),
  }));
  return [{ path: 'defaults', written: defaults, fields: defaults }, ...rules];
}

function unconfinedWarnings(policy: Policy): string[] {
  const paths = places(policy).flatMap(({ path, written }) => (written.confinement === 'none' ? [path] : []));
  return paths.length === 0
    ? []
    : [
        `${paths.join(', ')}: 'confinement: none' lets a target open every file of a share's file system, ` +
          'also those outside of the share.',
      ];
}

/** Seals come from name_to_handle_at alone. */
function unsealableWarnings(policy: Policy): string[] {
  const paths = places(policy).flatMap(({ path, fields: { confinement, syscalls } }) => {
    const isServed = syscalls.includes('open_by_handle_at') && !syscalls.includes('name_to_handle_at');
    return confinement === 'sealed' && isServed ? [path] : [];
  });
  return paths.length === 0
    ? []
    : [
        `${paths.join(', ')}: without name_to_handle_at in 'syscalls' no handle is ever sealed, so that ` +
          "with 'confinement: sealed' none can be opened.",
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
