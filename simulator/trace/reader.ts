import type { z } from 'zod';
import { deputyError } from '../../core/errors/deputy-error.js';
import { escapeText } from '../../core/events/escape-text.js';
import { chainStart, expectedHash } from './chain.js';
import { traceLimits } from './limits.js';
import {
  type Trace,
  type TraceEnd,
  type TraceEntry,
  type TraceHeader,
  traceEndSchema,
  traceEntrySchema,
  traceFormat,
  traceHeaderSchema,
  traceVersion,
} from './schema.js';
import { splitLines } from './split-lines.js';

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads a whole trace, from its text or from its lines without newlines, and checks every line: hash chain,
 * schema, order. Errors (all DeputyError): DEPUTY_E_TRACE_FOREIGN, _VERSION, _CHAIN_BROKEN, _LINE_INVALID,
 * _TRUNCATED, _TOO_LARGE.
 */
export function readTrace(source: string | Iterable<string>): Trace {
  const reader = new Reader();
  for (const line of typeof source === 'string' ? splitLines(source) : source) reader.add(line);
  return reader.finish();
}

class Reader {
  #line = 0;
  #hash = chainStart;
  #header: TraceHeader | undefined;
  readonly #entries: TraceEntry[] = [];
  #end: TraceEnd | undefined;
  /** A line that is no JSON is an end cut short if nothing follows, and damage if something does. */
  #cut = false;

  add(text: string): void {
    if (this.#cut) throw this.#invalid('not JSON');
    this.#line += 1;
    if (text.length > traceLimits.lineLength) throw tooLarge(`line ${this.#line} is too long`);
    const fields = parseFields(text);
    if (this.#header === undefined) {
      checkFormat(fields);
    } else if (fields === undefined) {
      if (this.#end !== undefined) throw this.#invalid('it stands after the end');
      this.#cut = true;
      return;
    }
    if (fields === undefined) return;
    this.#checkHash(fields);
    this.#take(fields);
  }

  finish(): Trace {
    if (this.#header === undefined) throw deputyError('DEPUTY_E_TRACE_FOREIGN', { detail: 'it is empty' });
    if (this.#end === undefined || this.#cut) {
      throw deputyError('DEPUTY_E_TRACE_TRUNCATED', { line: this.#cut ? this.#line - 1 : this.#line });
    }
    return { header: this.#header, entries: this.#entries, end: this.#end };
  }

  #checkHash(fields: Fields): void {
    const expected = hashOf(this.#hash, fields);
    if (expected === undefined) throw tooLarge(`line ${this.#line} is nested too deeply`);
    if (fields['hash'] !== expected) {
      const found = escapeText(String(fields['hash']), 32);
      throw deputyError('DEPUTY_E_TRACE_CHAIN_BROKEN', { line: this.#line, found, expected });
    }
    this.#hash = expected;
  }

  #take(fields: Fields): void {
    if (this.#end !== undefined) throw this.#invalid('it stands after the end');
    if (this.#header === undefined) this.#header = this.#parse(traceHeaderSchema, fields);
    else if (fields['kind'] === 'end') this.#takeEnd(this.#parse(traceEndSchema, fields));
    else this.#takeEntry(this.#parse(traceEntrySchema, fields));
  }

  #takeEntry(entry: TraceEntry): void {
    const sequence = this.#entries.length;
    if (sequence >= traceLimits.entries) throw tooLarge(`it has more than ${traceLimits.entries} entries`);
    if (entry.sequence !== sequence) throw this.#invalid(`its sequence is not ${sequence}`);
    if (entry.timeUs < (this.#entries.at(-1)?.timeUs ?? 0)) throw this.#invalid('its time runs backwards');
    if (entry.cause !== null && entry.cause >= sequence) throw this.#invalid('its cause comes after it');
    this.#entries.push(entry);
  }

  #takeEnd(end: TraceEnd): void {
    const wrong = end.violations.find(({ sequence }) => sequence >= this.#entries.length);
    if (wrong !== undefined) throw this.#invalid(`a violation names the missing entry ${wrong.sequence}`);
    this.#end = end;
  }

  #parse<T>(schema: z.ZodType<T>, fields: Fields): T {
    const parsed = schema.safeParse(fields);
    if (parsed.success) return parsed.data;
    const problems = parsed.error.issues.slice(0, 3);
    throw this.#invalid(problems.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
  }

  #invalid(problems: string) {
    return deputyError('DEPUTY_E_TRACE_LINE_INVALID', {
      line: this.#line,
      problems: escapeText(problems, 500),
    });
  }
}

function checkFormat(fields: Fields | undefined): void {
  if (fields === undefined || fields['format'] !== traceFormat) {
    throw deputyError('DEPUTY_E_TRACE_FOREIGN', { detail: 'its first line is no header' });
  }
  if (fields['version'] !== traceVersion) {
    const version = escapeText(String(fields['version']), 32);
    throw deputyError('DEPUTY_E_TRACE_VERSION', { version, known: traceVersion });
  }
}

function hashOf(previous: string, fields: Fields): string | undefined {
  try {
    return expectedHash(previous, fields);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The object that a line holds; undefined when it is none. */
function parseFields(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Fields)
      : undefined;
  } catch {
    return undefined;
  }
}

function tooLarge(detail: string) {
  return deputyError('DEPUTY_E_TRACE_TOO_LARGE', { detail });
}
