import type { Document } from 'yaml';
import { deputyError } from '../../core/errors/deputy-error.js';
import { type ParsePolicyOptions, parsePolicy } from '../../core/policy/parse.js';
import type { Policy } from '../../core/policy/schema.js';
import { readBoundedFile } from '../input/bounded-file.js';
import { composeYaml } from '../input/bounded-yaml.js';

/** A policy file may have this many bytes at most. */
export const maximumPolicyBytes = 1024 * 1024;

// A policy has no use for more; aliases of aliases make a small file large ('billion laughs').
const maximumAliases = 100;

/**
 * Reads a policy file, YAML or JSON (which is YAML), and checks it.
 * Throws DEPUTY_E_POLICY_UNREADABLE if there is no such file, or it is too large or not a regular file, and
 * DEPUTY_E_POLICY_INVALID with a line for each problem.
 */
export function readPolicy(path: string, options: Omit<ParsePolicyOptions, 'source'> = {}): Policy {
  const text = readBoundedFile(path, maximumPolicyBytes, (detail, cause) =>
    deputyError('DEPUTY_E_POLICY_UNREADABLE', { path, ...(detail === undefined ? {} : { detail }) }, cause),
  );
  return parsePolicyText(text, { ...options, source: path });
}

/** Parses the text of a policy (YAML or JSON); errors of syntax name their line and column. */
export function parsePolicyText(text: string, options: ParsePolicyOptions = {}): Policy {
  const { documents, problems } = guarded(options, () => composeYaml(text, { uniqueKeys: true }));
  const more = documents.length > 1 ? ['there is more than one document in it'] : [];
  if (problems.length + more.length > 0) {
    throw invalidSyntax([...problems, ...more], options);
  }
  return parsePolicy(toPlain(documents[0], options), options);
}

function toPlain(document: Document | undefined, options: ParsePolicyOptions): unknown {
  return guarded(options, () => document?.toJS({ maxAliasCount: maximumAliases }) ?? null);
}

/** The library throws where an alias leads nowhere or to too much, or what it reads is nested too deep. */
function guarded<Value>(options: ParsePolicyOptions, action: () => Value): Value {
  try {
    return action();
  } catch (error) {
    throw invalidSyntax([error instanceof Error ? error.message : String(error)], options);
  }
}

function invalidSyntax(problems: readonly string[], { source = '(given as text)' }: ParsePolicyOptions) {
  const text = problems.map((problem) => `  ${problem}`).join('\n');
  return deputyError('DEPUTY_E_POLICY_INVALID', { source, text, problems });
}
