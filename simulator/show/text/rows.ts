import { escapeText } from '../../../core/events/escape-text.js';
import type { TraceEntry } from '../../trace/schema.js';
import { detailText, valueText } from '../detail-text.js';
import { timeText } from '../facts.js';
import { glyphs } from '../glyphs.js';
import type { FieldChange } from '../state-changes.js';
import { cutToWidth, displayWidth } from './display-width.js';
import { type Lanes, laneLooks } from './lanes.js';
import { type Paint, typeStyles } from './palette.js';

/** What every row needs to know of its page. */
export interface Page {
  readonly lanes: Lanes;
  readonly paint: Paint;
  readonly width: number;
  readonly unicode: boolean;
  readonly failing: number | undefined;
  readonly sequenceWidth: number;
  readonly timeWidth: number;
}

/** Draws entries as rows: mark, number, time, lanes, and what happened. */
export function createRows(page: Page): {
  readonly indent: number;
  readonly row: (entry: TraceEntry, changes: readonly FieldChange[] | undefined) => string;
} {
  const indent = 2 + page.sequenceWidth + 2 + page.timeWidth + 2;
  const room = page.width - indent - (page.lanes.count * 2 - 1) - 2;
  return { indent, row: (entry, changes) => rowOf(page, room, entry, changes) };
}

function rowOf(
  page: Page,
  room: number,
  entry: TraceEntry,
  changes: readonly FieldChange[] | undefined,
): string {
  const { paint, unicode } = page;
  const failed = entry.sequence === page.failing;
  const style = failed ? 'alarm' : typeStyles[entry.type];
  const mark = failed ? `${paint('alarm', unicode ? '▶' : '>')} ` : '  ';
  const number = String(entry.sequence).padStart(page.sequenceWidth);
  const time = timeText(entry.timeUs).padStart(page.timeWidth);
  const { glyph, ascii } = glyphs[entry.type];
  const { line } = unicode ? laneLooks.unicode : laneLooks.ascii;
  const column = page.lanes.of(entry.actor);
  const left = `${line} `.repeat(column);
  const right = ` ${line}`.repeat(page.lanes.count - column - 1);
  const lanes = paint('dim', left) + paint(style, unicode ? glyph : ascii) + paint('dim', right);
  const head = `${mark}${paint('dim', `${number}  ${time}`)}  ${lanes}  `;
  return (head + what(page, room, entry, changes)).trimEnd();
}

function what(
  { paint, unicode, failing }: Page,
  room: number,
  entry: TraceEntry,
  changes: readonly FieldChange[] | undefined,
): string {
  const name = cutToWidth(escapeText(entry.name, 256), room);
  const style = entry.sequence === failing ? 'alarm' : typeStyles[entry.type];
  const request = entry.request === null ? '' : ` [${escapeText(entry.request, 64)}]`;
  const detail = changes === undefined ? detailText(entry.detail) : changesText(changes, unicode);
  const rest = cutToWidth(`${request}${detail === '' ? '' : `  ${detail}`}`, room - displayWidth(name));
  return paint(style, name) + (entry.type === 'state' ? rest : paint('dim', rest));
}

/** Only what changed: `fds: 3→4`, and `fds: 3` for what is new. */
export function changesText(changes: readonly FieldChange[], unicode: boolean): string {
  if (changes.length === 0) return '(nothing changed)';
  return changes
    .map(({ path, before, after }) => {
      const arrow = before === undefined ? '' : `${valueText(before)}${unicode ? '→' : '->'}`;
      return `${escapeText(path, 256)}: ${arrow}${valueText(after)}`;
    })
    .join('  ');
}
