import { describe, expect, test } from 'vitest';
import { isDeputyError } from '../../../core/errors/deputy-error.js';
import { actorsOf } from '../../../simulator/trace/actors.js';
import { canonicalJson } from '../../../simulator/trace/canonical-json.js';
import { hashText, TextHash } from '../../../simulator/trace/hash.js';
import { traceLimits } from '../../../simulator/trace/limits.js';
import { readTrace } from '../../../simulator/trace/reader.js';
import { TraceWriter } from '../../../simulator/trace/writer.js';

function write(change: (writer: TraceWriter) => void = () => {}): string[] {
  const lines: string[] = [];
  const writer = new TraceWriter(
    {
      build: 'deputy 0.1.0',
      seed: '18446744073709551615',
      scenario: { name: 'restart', steps: [{ crash: 'supervisor' }] },
      options: { settleUs: 5000 },
      actors: [{ id: 'kernel', kind: 'kernel', label: 'kernel' }],
    },
    (line) => lines.push(line),
  );
  const actor = { detail: { kind: 'supervisor', label: 'the first' }, name: 'starts' };
  const start = writer.entry({ timeUs: 0, actor: 'supervisor-1', type: 'actor', ...actor });
  const call = { actor: 'target-1/thread-1', type: 'call', name: 'open_by_handle_at' } as const;
  const cause = writer.entry({ timeUs: 5, ...call, detail: { fd: 3, cookie: 2n ** 63n }, request: 'r1' });
  writer.entry({
    timeUs: 7,
    actor: 'kernel',
    type: 'notification',
    name: 'SENT',
    detail: { start },
    cause,
    request: 'r1',
  });
  change(writer);
  const violation = {
    invariant: 'answered-once',
    sentence: 'A call is answered once.',
    sequence: 2,
    detail: {},
  };
  writer.end({ steps: 3, timeUs: 9, outcome: 'broken', violations: [violation], stateHash: 'abc' });
  return lines;
}

function codeOf(source: string | Iterable<string>): string {
  try {
    readTrace(source);
  } catch (error) {
    if (isDeputyError(error)) return `${error.code} ${error.details['line'] ?? ''}`.trim();
    throw error;
  }
  return 'none';
}

describe('a trace', () => {
  test('is read as it was written, from text and from lines', () => {
    const lines = write();
    const trace = readTrace(lines);
    expect(readTrace(`${lines.join('\n')}\n`)).toEqual(trace);
    expect(readTrace(lines.join('\n'))).toEqual(trace);
    expect(trace.header).toMatchObject({ seed: '18446744073709551615', scenario: { name: 'restart' } });
    expect(trace.entries.map(({ sequence, cause, request }) => [sequence, cause, request])).toEqual([
      [0, null, null],
      [1, null, 'r1'],
      [2, 1, 'r1'],
    ]);
    expect(trace.entries[1]?.detail).toEqual({ fd: 3, cookie: '9223372036854775808' });
    expect(trace.end.violations[0]?.invariant).toBe('answered-once');
    expect(actorsOf(trace).map(({ id, kind, label }) => `${id} ${kind} ${label}`)).toEqual([
      'kernel kernel kernel',
      'supervisor-1 supervisor the first',
      'target-1/thread-1 thread target-1/thread-1',
    ]);
  });

  test('is the same, byte for byte, when the same is written again, whatever the order of keys', () => {
    expect(write()).toEqual(write());
    expect(canonicalJson({ b: [1, { d: null, c: undefined }], a: 'x' })).toBe('{"a":"x","b":[1,{"d":null}]}');
  });

  test('may be laid out anew: the chain is over what it says', () => {
    const spaced = write().map((line) => {
      const { kind, ...rest } = JSON.parse(line) as Record<string, unknown>;
      return JSON.stringify({ kind, ...rest }).replaceAll('":', '": ');
    });
    expect(codeOf(spaced)).toBe('none');
  });

  test('tells which line was changed, lost, added or moved', () => {
    const lines = write();
    for (let index = 0; index < lines.length; index++) {
      const changed = lines.with(index, (lines[index] ?? '').replace('{', '{"added":1,'));
      expect(codeOf(changed)).toBe(`DEPUTY_E_TRACE_CHAIN_BROKEN ${index + 1}`);
    }
    expect(codeOf(lines.toSpliced(2, 1))).toBe('DEPUTY_E_TRACE_CHAIN_BROKEN 3');
    expect(codeOf(lines.toSpliced(2, 0, lines[1] ?? ''))).toBe('DEPUTY_E_TRACE_CHAIN_BROKEN 3');
    expect(codeOf([...lines.slice(0, 2), ...lines.slice(2, 4).reverse(), ...lines.slice(4)])).toBe(
      'DEPUTY_E_TRACE_CHAIN_BROKEN 3',
    );
    expect(codeOf([...lines, lines.at(-1) ?? ''])).toBe('DEPUTY_E_TRACE_CHAIN_BROKEN 6');
  });

  test('is not whole wherever it is cut', () => {
    const text = write().join('\n');
    const first = text.indexOf('\n');
    for (let length = 0; length < text.length; length++) {
      const expected = length < first ? 'DEPUTY_E_TRACE_FOREIGN' : 'DEPUTY_E_TRACE_TRUNCATED';
      expect(codeOf(text.slice(0, length)).split(' ')[0]).toBe(expected);
    }
  });

  test('is told from other files and other versions', () => {
    const lines = write();
    expect(codeOf('')).toBe('DEPUTY_E_TRACE_FOREIGN');
    expect(codeOf('\u0000\u0001binary')).toBe('DEPUTY_E_TRACE_FOREIGN');
    expect(codeOf('{"kind":"header"}')).toBe('DEPUTY_E_TRACE_FOREIGN');
    expect(codeOf(['[1]', ...lines])).toBe('DEPUTY_E_TRACE_FOREIGN');
    const newer = lines.with(0, (lines[0] ?? '').replace('"version":1', '"version":2'));
    expect(codeOf(newer)).toBe('DEPUTY_E_TRACE_VERSION');
  });

  test('has valid lines in order', () => {
    const entry = { timeUs: 8, actor: 'kernel', type: 'note', name: 'n', detail: {} } as const;
    expect(codeOf(write((writer) => writer.entry({ ...entry, cause: 3 })))).toBe(
      'DEPUTY_E_TRACE_LINE_INVALID 5',
    );
    expect(codeOf(write((writer) => writer.entry({ ...entry, timeUs: 6 })))).toBe(
      'DEPUTY_E_TRACE_LINE_INVALID 5',
    );
    expect(codeOf(write((writer) => writer.entry({ ...entry, name: '' })))).toBe(
      'DEPUTY_E_TRACE_LINE_INVALID 5',
    );
    expect(codeOf(write().toSpliced(1, 0, 'not json'))).toBe('DEPUTY_E_TRACE_LINE_INVALID 2');
  });

  test('is bounded', () => {
    const long = 'x'.repeat(traceLimits.lineLength + 1);
    const entry = { timeUs: 8, actor: 'kernel', type: 'note', name: 'n', detail: { long } } as const;
    expect(() => write((writer) => writer.entry(entry))).toThrow(/too large/);
    expect(codeOf(write().toSpliced(1, 0, long))).toBe('DEPUTY_E_TRACE_TOO_LARGE');
    const deep = `{"kind":"entry","detail":${'['.repeat(200)}${']'.repeat(200)}}`;
    expect(codeOf(write().toSpliced(1, 0, deep))).toBe('DEPUTY_E_TRACE_TOO_LARGE');
  });
});

describe('the hash', () => {
  test('is of the text, however it is split, and differs for close texts', () => {
    expect(hashText('deputy')).toBe(new TextHash().update('dep').update('uty').digest());
    const texts = Array.from({ length: 20_000 }, (_, index) => `${index}`);
    expect(new Set(texts.map(hashText)).size).toBe(texts.length);
    const flipped = Array.from(
      { length: 300 },
      (_, index) => `${'a'.repeat(index)}b${'a'.repeat(300 - index)}`,
    );
    expect(new Set(flipped.map(hashText)).size).toBe(flipped.length);
    expect(hashText('')).toMatch(/^[0-9a-f]{16}$/);
  });
});
