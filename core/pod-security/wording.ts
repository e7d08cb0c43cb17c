import type { FieldProblem } from './check.js';

/** `"a", "b"`: Kubernetes puts names into quotes and escapes nothing in them. */
export function quoted(items: Iterable<string>): string {
  return [...items].map((item) => `"${item}"`).join(', ');
}

/** The word in the number that fits the count. */
export function numbered(count: number, singular: string, plural = `${singular}s`): string {
  return count === 1 ? singular : plural;
}

/** `container "a"`, or `containers "a", "b"`. */
export function namedContainers(names: readonly string[]): string {
  return `${numbered(names.length, 'container')} ${quoted(names)}`;
}

/** The items without repetition, in the order of their bytes (for all that Kubernetes lets into a name). */
export function sortedSet(items: Iterable<string>): string[] {
  return [...new Set(items)].sort();
}

/** A field that may not be there, or not with that value. */
export function forbidden(path: string, value?: NonNullable<FieldProblem['value']>): FieldProblem {
  return { path, problem: 'forbidden', ...(value === undefined ? {} : { value }) };
}

/** A field that must have a value and has none. */
export function required(path: string): FieldProblem {
  return { path, problem: 'required' };
}

const shortEscapes: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
};

/** The text in quotes and escaped as Go's %q does it, which messages about annotations use. */
export function goQuoted(text: string): string {
  return `"${text.replace(/["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, goEscape)}"`;
}

function goEscape(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 0x80) return shortEscapes[character] ?? `\\x${hex.padStart(2, '0')}`;
  return code > 0xffff ? `\\U${hex.padStart(8, '0')}` : `\\u${hex.padStart(4, '0')}`;
}
