import { escapeText } from '../../../core/events/escape-text.js';
import type { TraceActor, TraceEntry } from '../../trace/schema.js';
import { cutToWidth } from './display-width.js';
import type { Paint } from './palette.js';

/** The columns of the actors that have something to show. */
export interface Lanes {
  readonly count: number;
  /** The column of an actor's id. */
  readonly of: (actor: string) => number;
  /** A line for each lane above the first row: its name, led down to its column. */
  readonly head: (indent: number, width: number, paint: Paint) => string[];
}

/** How the lines between glyphs are drawn. */
export interface LaneLook {
  readonly line: string;
  readonly corner: string;
}
export const laneLooks = {
  unicode: { line: '│', corner: '┌' },
  ascii: { line: '|', corner: '+' },
} as const satisfies Record<string, LaneLook>;

/** Gives each actor of the entries a lane, in the actors' order; those beyond the maximum share the last. */
export function createLanes(
  actors: readonly TraceActor[],
  entries: readonly TraceEntry[],
  maximum: number,
  look: LaneLook,
): Lanes {
  const present = new Set(entries.map(({ actor }) => actor));
  const shown = actors.filter(({ id }) => present.has(id));
  const count = Math.min(shown.length, Math.max(1, maximum));
  const columns = new Map(shown.map(({ id }, index) => [id, Math.min(index, count - 1)]));
  const names = shown.slice(0, count).map(nameOf);
  if (shown.length > count) names[count - 1] = `${shown.length - count + 1} others`;
  return {
    count,
    of: (actor) => columns.get(actor) ?? 0,
    head: (indent, width, paint) =>
      names.map((name, index) => {
        const before = `${' '.repeat(indent)}${`${look.line} `.repeat(index)}${look.corner} `;
        return paint('dim', before) + paint('bold', cutToWidth(name, width - before.length));
      }),
  };
}

function nameOf({ id, label }: TraceActor): string {
  const name = escapeText(id, 128);
  return label === id || label === '' ? name : `${name} (${escapeText(label, 128)})`;
}
