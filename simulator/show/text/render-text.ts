import type { Trace } from '../../trace/schema.js';
import { brokenInvariants } from '../broken-invariants.js';
import { reproduceCommand, timeText, traceFacts } from '../facts.js';
import { failingSequence } from '../failing.js';
import { laneOrder } from '../lane-order.js';
import { type EntryFilter, type EntryWindow, type Selection, selectEntries } from '../select.js';
import { StateChanges } from '../state-changes.js';
import { cutToWidth } from './display-width.js';
import { createLanes, laneLooks } from './lanes.js';
import { legendLines } from './legend.js';
import { createPaint, type Paint, type Style } from './palette.js';
import { createRows } from './rows.js';
import { violationLines } from './violations.js';

/** How and how much is drawn. */
export interface TextOptions {
  /** Columns of the terminal; no line is longer. */
  readonly width: number;
  readonly color: boolean;
  /** False where the terminal has no UTF-8. */
  readonly unicode: boolean;
  readonly filter: EntryFilter;
  readonly window: EntryWindow;
}

/** The narrowest picture: below, names and times would be cut to nothing. */
export const minimumWidth = 40;
const lanePart = 0.4;

/** A trace as lines for a terminal: facts, lanes, rows, what broke, legend, the command that repeats it. */
export function* renderText(trace: Trace, options: TextOptions): Generator<string> {
  const width = Math.max(minimumWidth, options.width);
  const paint = createPaint(options.color);
  const selection = selectEntries(trace, options.filter, options.window);
  for (const [label, text] of traceFacts(trace)) {
    const style: Style = label === 'outcome' ? outcomeStyle(trace) : 'plain';
    yield `${paint('dim', label.padEnd(9))} ${paint(style, cutToWidth(text, width - 10))}`;
  }
  yield '';
  yield* picture(trace, selection, options, paint, width);
  if (trace.end.violations.length > 0) {
    yield '';
    yield* violationLines(brokenInvariants(trace), paint, width);
  }
  if (selection.entries.length > 0) {
    yield '';
    const types = new Set(selection.entries.map(({ type }) => type));
    yield* legendLines(types, options.unicode, paint, width);
  }
  yield '';
  // A command that is cut is no command, so this line alone may be wider than the terminal.
  yield `${paint('dim', 'again')}     ${reproduceCommand(trace.header)}`;
}

function* picture(
  trace: Trace,
  selection: Selection,
  { unicode }: TextOptions,
  paint: Paint,
  width: number,
): Generator<string> {
  const { entries, before, after, matching } = selection;
  if (entries.length === 0) {
    yield paint('dim', `none of ${trace.entries.length} entries matches`);
    return;
  }
  const look = unicode ? laneLooks.unicode : laneLooks.ascii;
  const lanes = createLanes(laneOrder(trace), entries, Math.floor((width * lanePart) / 2), look);
  const states = new StateChanges();
  const rows = createRows({
    lanes,
    paint,
    width,
    unicode,
    failing: failingSequence(trace),
    sequenceWidth: String(entries.at(-1)?.sequence ?? 0).length,
    timeWidth: timeText(entries.at(-1)?.timeUs ?? 0).length,
  });
  if (before > 0)
    yield paint('dim', cutToWidth(`… ${before} of ${matching} before (--limit 0 shows all)`, width));
  yield* lanes.head(rows.indent, width, paint);
  let next = 0;
  // Every state counts for what changed, also those that are not shown.
  for (const entry of trace.entries) {
    const changes = states.follow(entry);
    if (entry !== entries[next]) continue;
    yield rows.row(entry, changes);
    next += 1;
  }
  if (after > 0)
    yield paint('dim', cutToWidth(`… ${after} of ${matching} after (--limit 0 shows all)`, width));
}

function outcomeStyle({ end }: Trace): Style {
  if (end.outcome === 'held') return 'good';
  return end.outcome === 'broken' ? 'bad' : 'warn';
}
