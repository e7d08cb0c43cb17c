import { escapeText } from '../../core/events/escape-text.js';

/** Texts are cut there: names that a target gives, and stacks, are far shorter. */
const textLimit = 8_192;
const depthLimit = 5;
const entryLimit = 256;

/** One line without anything that a terminal or a reader of the log would take for more than text. */
export function harmlessText(text: string): string {
  return escapeText(text, textLimit);
}

/** The same of all texts in what is logged; targets have a hand in names, paths and errors. */
export function harmlessBindings(bindings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return harmlessObject(bindings, depthLimit, {});
}

function harmless(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return harmlessText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return '…';
  if (value instanceof Error) return harmlessError(value, depth);
  if (Array.isArray(value)) return value.slice(0, entryLimit).map((one) => harmless(one, depth - 1));
  return harmlessObject(value, depth, {});
}

function harmlessObject(
  value: object,
  depth: number,
  into: Record<string, unknown>,
): Record<string, unknown> {
  for (const [key, one] of Object.entries(value).slice(0, entryLimit)) {
    into[harmlessText(key)] = harmless(one, depth - 1);
  }
  return into;
}

/** Not an Error any more, but what pino takes for one; a stack keeps its lines. */
function harmlessError(error: Error, depth: number): Record<string, unknown> {
  const into = Object.create(null) as Record<string, unknown>;
  into['name'] = harmlessText(error.name);
  into['message'] = harmlessText(error.message);
  // The message stands in front of the stack, with its own line ends, if it has any.
  const [, frames = ''] = /^.*?(\n {4}at .*)$/s.exec(error.stack ?? '') ?? [];
  const stack = `${error.name}: ${error.message}`;
  into['stack'] = harmlessText(stack) + frames.split('\n').map(harmlessText).join('\n');
  if (error.cause !== undefined) into['cause'] = harmless(error.cause, depth - 1);
  return harmlessObject(error, depth, into);
}
