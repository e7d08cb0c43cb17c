import { deputyError } from '../errors/deputy-error.js';
import { defaultFields } from './defaults.js';
import { nearestWord } from './hints.js';
import { mergeFields } from './merge.js';
import { policyProblems } from './problems.js';
import { type Policy, type PolicyInput, policySchema } from './schema.js';

/** What parsePolicy may be told. */
export interface ParsePolicyOptions {
  /** What the policy is called in an error: a path, say. */
  readonly source?: string;
  /** The strategies that exist; without it any name is taken. */
  readonly knownStrategies?: readonly string[];
}

/**
 * Checks a policy, as read from YAML or JSON, and completes its defaults.
 * Throws DEPUTY_E_POLICY_INVALID with one line a problem in its message and as a list in `details.problems`.
 */
export function parsePolicy(input: unknown, options: ParsePolicyOptions = {}): Policy {
  const result = policySchema.safeParse(input);
  const problems = result.success
    ? [...repeatedShares(result.data), ...unknownStrategies(result.data, options.knownStrategies)]
    : policyProblems(result.error.issues, input);
  if (!result.success || problems.length > 0) {
    throw invalid(problems, options.source);
  }
  const { version, defaults, targets } = result.data;
  return { version, defaults: mergeFields(defaultFields, defaults ?? {}), targets: targets ?? [] };
}

function invalid(problems: readonly string[], source = '(given as an object)') {
  const text = problems.map((problem) => `  ${problem}`).join('\n');
  return deputyError('DEPUTY_E_POLICY_INVALID', { source, text, problems });
}

/** The places in a policy that hold fields, with the path that an error shows. */
function sections(policy: PolicyInput) {
  const rules = (policy.targets ?? []).map((rule, index) => ({ path: `targets[${index}]`, fields: rule }));
  return [{ path: 'defaults', fields: policy.defaults ?? {} }, ...rules];
}

/** A seal names its share, so one name for two mounts would let a handle move between them. */
function repeatedShares(policy: PolicyInput): string[] {
  return sections(policy).flatMap(({ path, fields }) => {
    const shares = Array.isArray(fields.shares) ? fields.shares : [];
    const names = shares.map((share) => share.name);
    return names.flatMap((name, index) =>
      names.indexOf(name) < index ? [`${path}.shares[${index}].name: '${name}' is already taken`] : [],
    );
  });
}

function unknownStrategies(policy: PolicyInput, known: readonly string[] | undefined): string[] {
  return sections(policy).flatMap(({ path, fields }) =>
    (fields.strategies ?? []).flatMap((name, index) => {
      if (known === undefined || known.includes(name)) {
        return [];
      }
      const near = nearestWord(name, known);
      const hint = near === undefined ? `known: ${known.join(', ')}` : `did you mean '${near}'?`;
      return [`${path}.strategies[${index}]: unknown strategy '${name}'; ${hint}`];
    }),
  );
}
