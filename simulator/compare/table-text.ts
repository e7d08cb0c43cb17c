import { cutToWidth, padToWidth } from '../show/text/display-width.js';
import type { Paint } from '../show/text/palette.js';
import { wrapText } from '../show/text/wrap-text.js';
import { type Comparison, rows } from './table.js';

export interface TableLook {
  readonly width: number;
  readonly unicode: boolean;
  readonly paint: Paint;
}

const gap = 2;

/** A comparison as lines for a terminal; columns that do not fit beside each other follow below. */
export function comparisonText({ scenario, sentence, columns }: Comparison, look: TableLook): string[] {
  const { paint, width } = look;
  const labelWidth = Math.max(...rows.map(({ label }) => label.length));
  const widths = columns.map(({ variant, measures }) =>
    Math.max(
      ...variant.heading.map(({ length }) => length),
      ...rows.map(({ cell }) => cell(measures, variant).text.length + 2),
    ),
  );
  const lines = [paint('bold', scenario), ...wrapText(sentence, Math.max(40, Math.min(width, 110)))];
  for (const part of parts(widths, width - labelWidth)) {
    lines.push('', ...partLines(columns, part, widths, labelWidth, look));
  }
  return lines;
}

/** Columns, in groups that fit into a width. */
function parts(widths: readonly number[], room: number): number[][] {
  const groups: number[][] = [[]];
  let left = room;
  widths.forEach((width, index) => {
    if (left < width + gap && (groups.at(-1)?.length ?? 0) > 0) {
      groups.push([]);
      left = room;
    }
    groups.at(-1)?.push(index);
    left -= width + gap;
  });
  return groups;
}

function partLines(
  columns: Comparison['columns'],
  part: readonly number[],
  widths: readonly number[],
  labelWidth: number,
  { paint, unicode, width }: TableLook,
): string[] {
  const shown = part.map((index) => ({ ...columns[index], room: widths[index] as number }));
  const space = ' '.repeat(gap);
  const headings = Math.max(...shown.map(({ variant }) => variant?.heading.length ?? 0));
  const head = Array.from({ length: headings }, (_, at) => {
    const cells = shown.map(({ variant, room }) => padToWidth(variant?.heading[at] ?? '', room));
    return paint(
      'accent',
      cutToWidth(`${' '.repeat(labelWidth)}${space}${cells.join(space)}`.trimEnd(), width),
    );
  });
  const body = rows.map(({ label, cell }) => {
    const cells = shown.map(({ variant, measures, room }) => {
      if (measures === undefined || variant === undefined) return '';
      const { text, isWell } = cell(measures, variant);
      const mark = isWell ? ' ' : unicode ? '✗' : 'x';
      return paint(isWell ? 'good' : 'bad', padToWidth(`${mark} ${text}`, room));
    });
    return `${label.padEnd(labelWidth)}${space}${cells.join(space)}`.trimEnd();
  });
  return [...head, ...body];
}
