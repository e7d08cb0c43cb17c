import { escapeText } from '../../../core/events/escape-text.js';
import type { TraceEntry } from '../../trace/schema.js';
import { detailText, valueText } from '../detail-text.js';
import { timeText } from '../facts.js';
import { glyphs } from '../glyphs.js';
import type { FieldChange } from '../state-changes.js';
import { cutToWidth, padToWidth } from '../text/display-width.js';
import { createPaint, type Paint, typeStyles } from '../text/palette.js';
import type { TraceDiff, TraceParting } from './diff-traces.js';

/** How it is drawn. */
export interface DiffLook {
  readonly width: number;
  readonly color: boolean;
  readonly unicode: boolean;
}

const minimumWidth = 60;
const maximumChanges = 20;

/** A diff as lines for a terminal: what was run, where they part, both sides beside each other. */
export function* renderDiff(diff: TraceDiff, look: DiffLook): Generator<string> {
  const width = Math.max(minimumWidth, look.width);
  const paint = createPaint(look.color);
  const [a, b] = diff.lengths;
  if (diff.header.length > 0) {
    yield paint('bold', 'not the same run:');
    yield* changeLines(diff.header, width, paint);
    yield '';
  }
  if (diff.parting === undefined) {
    yield diff.same
      ? paint('good', `the traces are the same: ${a} entries, and the same end`)
      : paint('bad', `the same ${a} entries, but another end:`);
  } else {
    const { sequence } = diff.parting;
    yield paint('bad', `the traces part at entry ${sequence} (a has ${a}, b has ${b})`);
    yield '';
    yield* sideBySide(diff.parting, { ...look, width }, paint);
  }
  if (diff.end.length > 0) {
    if (diff.parting !== undefined) {
      yield '';
      yield paint('bold', 'their ends:');
    }
    yield* changeLines(diff.end, width, paint);
  }
}

function* sideBySide(parting: TraceParting, { width, unicode }: DiffLook, paint: Paint): Generator<string> {
  const bar = unicode ? '│' : '|';
  const half = Math.floor((width - 3) / 2);
  const [left, right] = parting.sides;
  const cell = (entry: TraceEntry | undefined, room: number): string =>
    entry === undefined ? '(ended)' : cutToWidth(entryText(entry, unicode), room);
  for (const entry of parting.before) yield paint('dim', `  ${cell(entry, width - 2)}`);
  yield `  ${paint('bold', padToWidth('a', half - 2))} ${paint('dim', bar)} ${paint('bold', 'b')}`;
  const rows = Math.max(left.length, right.length);
  for (let row = 0; row < rows; row++) {
    const [a, b] = [left[row], right[row]];
    const mark = row === 0 ? paint('alarm', unicode ? '▶' : '>') : ' ';
    // A side that has ended says so once.
    const texts = [a, b].map((entry) => (entry === undefined && row > 0 ? '' : cell(entry, half - 2)));
    const [first = '', second = ''] = texts;
    const style = (entry: TraceEntry | undefined) =>
      entry === undefined ? 'warn' : row === 0 ? 'bold' : typeStyles[entry.type];
    const start = `${mark} ${paint(style(a), padToWidth(first, half - 2))} ${paint('dim', bar)} `;
    yield (start + paint(style(b), second)).trimEnd();
    if (row === 0 && parting.changes.length > 0) yield* changeLines(parting.changes, width, paint);
  }
}

function entryText(entry: TraceEntry, unicode: boolean): string {
  const { glyph, ascii } = glyphs[entry.type];
  const request = entry.request === null ? '' : ` [${escapeText(entry.request, 64)}]`;
  const start = `${entry.sequence} ${timeText(entry.timeUs)} ${escapeText(entry.actor, 128)}`;
  const what = `${unicode ? glyph : ascii} ${escapeText(entry.name, 256)}${request}`;
  return `${start} ${what} ${detailText(entry.detail)}`.trimEnd();
}

function* changeLines(changes: readonly FieldChange[], width: number, paint: Paint): Generator<string> {
  for (const { path, before, after } of changes.slice(0, maximumChanges)) {
    const name = escapeText(path, 128);
    const half = Math.max(8, Math.floor((width - name.length - 14) / 2));
    const a = cutToWidth(valueText(before), half);
    const b = cutToWidth(valueText(after), half);
    yield cutToWidthPainted(`    ${name}: a ${a}, b ${b}`, width, paint);
  }
  const more = changes.length - maximumChanges;
  if (more > 0) yield paint('dim', `    … and ${more} more`);
}

function cutToWidthPainted(text: string, width: number, paint: Paint): string {
  return paint('warn', cutToWidth(text, width));
}
