import { describe, expect, test } from 'vitest';
import { laneOrder } from '../../../simulator/show/lane-order.js';
import type { EntryFilter, EntryWindow } from '../../../simulator/show/select.js';
import { displayWidth } from '../../../simulator/show/text/display-width.js';
import { renderText, type TextOptions } from '../../../simulator/show/text/render-text.js';
import type { Trace } from '../../../simulator/trace/schema.js';
import { syntheticTrace } from '../../support/synthetic-trace.js';

interface Wish extends Partial<Omit<TextOptions, 'filter' | 'window'>> {
  readonly filter?: EntryFilter;
  readonly window?: EntryWindow;
}

function draw(trace: Trace, wish: Wish = {}): string[] {
  const plain = { width: 120, color: false, unicode: true, filter: {}, window: { limit: 0 } };
  return [...renderText(trace, { ...plain, ...wish })];
}

/** The rows of the picture: those with a number and a time. */
function rowsOf(lines: readonly string[]): string[] {
  return lines.filter((line) => /^(▶|>| ) +\d+ +\d+\.\d{3} ms/.test(line));
}

const broken = syntheticTrace({ entries: 120, broken: true });

describe('a trace as text', () => {
  test('has its facts first, its command last, and a lane for each actor that does something', () => {
    const lines = draw(broken);
    expect(lines.slice(0, 4)).toEqual([
      'scenario  supervisor-restart-in-flight',
      'seed      1',
      'build     deputy 0.1.0 (0123456789ab)',
      'outcome   broken',
    ]);
    expect(lines.at(-1)).toBe('again     deputy-sim run supervisor-restart-in-flight --seed 1');
    const heads = lines.flatMap((line) => /┌ (\S+)/.exec(line)?.[1] ?? []);
    expect(new Set(heads)).toEqual(new Set(broken.entries.map(({ actor }) => actor)));
    expect(rowsOf(lines)).toHaveLength(broken.entries.length);
  });

  test('draws every glyph in the column of its actor, lines in the others', () => {
    const lines = draw(broken);
    const columns = new Map(
      lines.flatMap((line) => {
        const name = /┌ (\S+)/.exec(line)?.[1];
        return name === undefined ? [] : [[name, line.indexOf('┌')] as const];
      }),
    );
    for (const [index, row] of rowsOf(lines).entries()) {
      for (const [name, column] of columns) {
        const here = name === broken.entries[index]?.actor;
        expect(row[column] === '│', `${row} at ${name}`).toBe(!here);
      }
    }
  });

  test('marks the failing step alone, and tells what broke', () => {
    const lines = draw(broken);
    const failing = broken.end.violations[0]?.sequence ?? -1;
    const marked = lines.filter((line) => line.startsWith('▶'));
    expect(marked).toHaveLength(1);
    expect(marked[0]).toMatch(new RegExp(`^▶ +${failing} `));
    expect(lines).toContain(`broken at ${failing}: answered-at-most-once`);
    expect(lines).toContain('  A call is answered at most once.');
  });

  test('shows of a state only what changed, also when the state before is not shown', () => {
    const states = rowsOf(draw(broken, { filter: { types: ['state'] } }));
    expect(states[0]).toMatch(/listener {2}answered: 1 {2}fds: /);
    expect(states[1]).toMatch(/listener {2}answered: 1→2$/);
    const crashed = states.find((line) => line.includes('owner: supervisor-1→supervisor-2'));
    expect(crashed).toMatch(/fds\.listener: 3→4 {2}inFlight: 0→1/);
    const second = broken.entries.filter(({ type }) => type === 'state')[1]?.sequence ?? 0;
    const alone = draw(broken, { window: { limit: 1, around: second } });
    expect(rowsOf(alone)[0]).toMatch(/answered: 1→2$/);
  });

  test.each([40, 60, 80, 100, 200])('fits into %i columns, whatever the names', (width) => {
    for (const hostile of [false, true]) {
      const trace = syntheticTrace({ entries: 200, broken: true, hostile, targets: 30 });
      const lines = draw(trace, { width });
      // The command alone is never cut.
      for (const line of lines.slice(0, -1)) expect(displayWidth(line), line).toBeLessThanOrEqual(width);
      expect(rowsOf(lines)).toHaveLength(trace.entries.length);
    }
  });

  test('has as many columns as wide letters take', () => {
    expect(displayWidth('ab')).toBe(2);
    expect(displayWidth('日本')).toBe(4);
    expect(displayWidth('e\u0301')).toBe(1);
    expect(displayWidth('🙂')).toBe(2);
  });

  test('has colours only when asked, and the same text then', () => {
    const plain = draw(broken).join('\n');
    const colored = draw(broken, { color: true }).join('\n');
    expect(plain).not.toContain('\u001b');
    expect(colored).toContain('\u001b[');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours of a terminal are control characters
    expect(colored.replace(/\u001b\[[0-9;]*m/g, '')).toBe(plain);
  });

  test('is ASCII for a terminal that has no more, but for the mark of what is cut', () => {
    const lines = draw(broken, { unicode: false });
    expect(lines.join('\n').replaceAll('…', '')).toMatch(/^[\n -~]*$/);
    expect(lines.some((line) => line.startsWith('> '))).toBe(true);
  });

  test('lets nothing of a hostile name reach the terminal as a command', () => {
    const trace = syntheticTrace({ entries: 300, broken: true, hostile: true });
    const text = draw(trace, { width: 400 }).join('');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e]/);
    expect(text).toContain('\\u{1b}[2J');
  });

  test('is filtered by actor, type and request', () => {
    const count = (filter: EntryFilter): number => rowsOf(draw(broken, { filter })).length;
    const where = (keep: (entry: Trace['entries'][number]) => boolean): number =>
      broken.entries.filter(keep).length;
    expect(count({ actors: ['kernel'] })).toBe(where(({ actor }) => actor === 'kernel'));
    expect(count({ actors: ['target-1'] })).toBe(where(({ actor }) => actor.startsWith('target-1/')));
    expect(count({ actors: ['target'] })).toBe(0);
    expect(count({ types: ['fault', 'signal'] })).toBe(
      where(({ type }) => type === 'fault' || type === 'signal'),
    );
    expect(count({ request: 'r2' })).toBe(where(({ request }) => request === 'r2'));
    expect(draw(broken, { filter: { request: 'none' } }).join('\n')).toContain('none of');
  });

  test('that is long is shown around its failing step, or from its start', () => {
    const long = syntheticTrace({ entries: 3000, broken: true });
    const lines = draw(long, { window: { limit: 50 } });
    expect(rowsOf(lines)).toHaveLength(50);
    expect(lines.filter((line) => line.startsWith('▶'))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith('…'))).toHaveLength(2);
    const held = draw(syntheticTrace({ entries: 3000 }), { window: { limit: 50 } });
    expect(rowsOf(held)[0]).toMatch(/^ +0 /);
    const end = rowsOf(draw(long, { window: { limit: 50, around: long.entries.length - 1 } }));
    expect(end.at(-1)).toMatch(new RegExp(`^ +${long.entries.length - 1} `));
  });
});

test('lanes lie along the way of a call, threads beside their target', () => {
  const actors = [
    ['keeper-1', 'keeper'],
    ['vm-b', 'target'],
    ['kernel', 'kernel'],
    ['supervisor-1', 'supervisor'],
    ['vm-a/thread-1', 'thread'],
    ['vm-b/thread-1', 'thread'],
    ['event-store', 'event-store'],
    ['supervisor-2', 'supervisor'],
  ] as const;
  const named = actors.map(([id, kind]) => ({ id, kind, label: id }));
  const trace = { ...broken, entries: [], header: { ...broken.header, actors: named } };
  expect(laneOrder(trace).map(({ id }) => id)).toEqual([
    'vm-b',
    'vm-b/thread-1',
    'vm-a/thread-1',
    'kernel',
    'supervisor-1',
    'supervisor-2',
    'keeper-1',
    'event-store',
  ]);
});

test('an invariant that breaks again and again is told once', () => {
  const [first] = broken.end.violations;
  const many = Array.from({ length: 9 }, (_, index) => ({ ...first, sequence: 20 - index }));
  const end = { ...broken.end, violations: many as (typeof broken.end)['violations'] };
  const lines = draw({ ...broken, end });
  expect(lines.filter((line) => line.startsWith('broken at'))).toEqual([
    'broken at 12: answered-at-most-once',
  ]);
  expect(lines).toContain('  again at 13, 14, 15, 16, 17 and 3 more');
});
