import type { z } from 'zod';
import { escapeText } from '../events/escape-text.js';
import { nearestWord } from './hints.js';
import { fieldsSchema, limitsSchema, matchSchema, policySchema, ruleSchema, shareSchema } from './schema.js';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

// Which keys an object has follows from the last name in its path.
const keysByParent: Readonly<Record<string, readonly string[]>> = {
  '': Object.keys(policySchema.shape),
  defaults: Object.keys(fieldsSchema.shape),
  targets: Object.keys(ruleSchema.shape),
  match: Object.keys(matchSchema.shape),
  shares: Object.keys(shareSchema.shape),
  limits: Object.keys(limitsSchema.shape),
};

/** One line for each problem that the schema found: the path of the wrong field, and what is wrong. */
export function policyProblems(issues: readonly Issue[], input: unknown): string[] {
  return issues.flatMap((issue) => issueLines(issue, [], input));
}

function issueLines(issue: Issue, prefix: Path, input: unknown): string[] {
  const path = [...prefix, ...issue.path];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKeyLine([...path, key]));
    case 'invalid_union':
      return unionLines(issue, path, input);
    case 'invalid_value':
      return [expectedLine(path, alternatives(issue.values), input)];
    case 'invalid_type':
      return [expectedLine(path, article(issue.expected), input)];
    case 'too_small':
    case 'too_big':
      return [expectedLine(path, sizeText(issue), input)];
    case 'invalid_format':
      return [expectedLine(path, issue.message.replace(/^expected /, ''), input)];
    default:
      return [`${pathText(path)}: ${issue.message}`];
  }
}

/** Of a union's branches, the one that got furthest into the value is the one that was meant. */
function unionLines(issue: Issue & { code: 'invalid_union' }, path: Path, input: unknown): string[] {
  const meant = issue.errors.find((branch) => branch.some((inner) => inner.path.length > 0));
  if (meant !== undefined) {
    return meant.flatMap((inner) => issueLines(inner, path, input));
  }
  return [expectedLine(path, "'all' or a list of { name, path }", input)];
}

function unknownKeyLine(path: Path): string {
  const key = String(path.at(-1));
  const parent = path.slice(0, -1).findLast((part) => typeof part === 'string') ?? '';
  const hint = nearestWord(key, keysByParent[String(parent)] ?? []);
  return `${pathText(path)}: unknown key${hint === undefined ? '' : `; did you mean '${hint}'?`}`;
}

function expectedLine(path: Path, expected: string, input: unknown): string {
  const value = valueAt(input, path);
  const where = pathText(path);
  return value === undefined
    ? `${where}: missing; expected ${expected}`
    : `${where}: expected ${expected}, got ${valueText(value)}`;
}

function alternatives(values: readonly unknown[]): string {
  const texts = values.map(valueText);
  if (texts.length > 8) {
    return `one of ${texts.slice(0, 4).join(', ')} and ${texts.length - 4} more`;
  }
  return texts.length < 2 ? texts.join('') : `${texts.slice(0, -1).join(', ')} or ${texts.at(-1)}`;
}

function sizeText(issue: Issue & { code: 'too_small' | 'too_big' }): string {
  const bound = issue.code === 'too_small' ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
  const units: Record<string, string> = { string: ' characters', array: ' entries' };
  return `${bound}${units[issue.origin] ?? ''}`;
}

function article(type: string): string {
  const names: Record<string, string> = { array: 'a list', object: 'a mapping', int: 'a whole number' };
  return names[type] ?? `a ${type}`;
}

function pathText(path: Path): string {
  const parts = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${keyText(String(part))}`));
  return parts.join('').replace(/^\./, '') || 'policy';
}

function keyText(key: string): string {
  return escapeText(key, 80);
}

function valueAt(input: unknown, path: Path): unknown {
  let value = input;
  for (const part of path) {
    value = (value as Record<PropertyKey, unknown> | null | undefined)?.[part];
  }
  return value;
}

function valueText(value: unknown): string {
  if (typeof value === 'string') {
    return `'${escapeText(value, 80)}'`;
  }
  if (Array.isArray(value)) {
    return 'a list';
  }
  return typeof value === 'object' && value !== null ? 'a mapping' : String(value);
}
