import { describe, expect, test } from 'vitest';
import { diffJson } from '../../../simulator/show/diff/diff-json.js';
import { renderDiff } from '../../../simulator/show/diff/diff-text.js';
import { diffTraces } from '../../../simulator/show/diff/diff-traces.js';
import { fieldChanges } from '../../../simulator/show/state-changes.js';
import { displayWidth } from '../../../simulator/show/text/display-width.js';
import type { Trace } from '../../../simulator/trace/schema.js';
import { hostileNames, syntheticTrace } from '../../support/synthetic-trace.js';

const trace = syntheticTrace({ entries: 200 });

function changed(sequence: number, change: Partial<Trace['entries'][number]>): Trace {
  const entries = trace.entries.map((entry) =>
    entry.sequence === sequence ? { ...entry, hash: 'changed', ...change } : entry,
  );
  return { ...trace, entries };
}

function draw(a: Trace, b: Trace, width = 120): string[] {
  return [...renderDiff(diffTraces(a, b, 3), { width, color: false, unicode: true })];
}

describe('a diff of traces', () => {
  test('says so when they are the same', () => {
    const diff = diffTraces(trace, syntheticTrace({ entries: 200 }), 3);
    expect(diff).toMatchObject({ same: true, sameRun: true, parting: undefined });
    expect(draw(trace, trace)).toEqual([
      `the traces are the same: ${trace.entries.length} entries, and the same end`,
    ]);
    expect(diffJson(diff)).toMatchObject({ same: true, parting: null, end: [], header: [] });
  });

  test('finds the first entry where they part, and which fields', () => {
    const before = trace.entries[57]?.detail ?? {};
    const diff = diffTraces(trace, changed(57, { detail: { ...before, result: 38 }, name: 'other' }), 3);
    expect(diff.same).toBe(false);
    expect(diff.sameRun).toBe(true);
    expect(diff.parting?.sequence).toBe(57);
    expect(diff.parting?.before.map(({ sequence }) => sequence)).toEqual([54, 55, 56]);
    expect(diff.parting?.sides[1].map(({ sequence }) => sequence)).toEqual([57, 58, 59, 60]);
    expect(diff.parting?.changes.map(({ path }) => path).sort()).toEqual(['detail.result', 'name']);
  });

  test('draws both sides beside each other, bars aligned, within the width', () => {
    for (const width of [60, 90, 140]) {
      const lines = draw(trace, changed(57, { name: hostileNames[2] }), width);
      expect(lines[0]).toMatch(/^the traces part at entry 57/);
      for (const line of lines) expect(displayWidth(line), line).toBeLessThanOrEqual(width);
      const bars = lines.filter((line) => line.includes(' │')).map((line) => line.indexOf('│'));
      expect(bars).toHaveLength(5);
      expect(new Set(bars).size).toBe(1);
      expect(lines.filter((line) => line.startsWith('▶'))).toHaveLength(1);
      expect(lines.join('')).toContain('\\u{1b}');
    }
  });

  test('tells when one has ended, and when only their ends differ', () => {
    const shorter = { ...trace, entries: trace.entries.slice(0, 100) };
    expect(diffTraces(trace, shorter, 3).parting).toMatchObject({ sequence: 100, changes: [] });
    expect(draw(trace, shorter).filter((line) => line.includes('(ended)'))).toHaveLength(1);
    const other = { ...trace, end: { ...trace.end, stateHash: 'other' } };
    const diff = diffTraces(trace, other, 3);
    expect(diff.same).toBe(false);
    expect(diff.end).toEqual([{ path: 'stateHash', before: trace.end.stateHash, after: 'other' }]);
    expect(draw(trace, other).join('\n')).toContain('stateHash: a 00ff00ff00ff00ff, b other');
  });

  test('knows another run from nondeterminism', () => {
    const diff = diffTraces(trace, syntheticTrace({ entries: 200, seed: 2 }), 3);
    expect(diff.sameRun).toBe(false);
    expect(diff.header).toEqual([{ path: 'seed', before: '1', after: '2' }]);
  });
});

test('a field may be called like something that every object has', () => {
  expect(fieldChanges({}, { toString: 'x', constructor: 1 })).toEqual([
    { path: 'toString', before: undefined, after: 'x' },
    { path: 'constructor', before: undefined, after: 1 },
  ]);
});
