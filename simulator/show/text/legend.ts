import { type EntryType, entryTypes } from '../../trace/vocabulary.js';
import { glyphs } from '../glyphs.js';
import { type Paint, typeStyles } from './palette.js';

/** What the glyphs mean that were drawn, as many in a line as fit. */
export function legendLines(
  types: ReadonlySet<EntryType>,
  unicode: boolean,
  paint: Paint,
  width: number,
): string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const type of entryTypes.filter((one) => types.has(one))) {
    const { glyph, ascii, meaning } = glyphs[type];
    const length = 2 + meaning.length + 3;
    if (used > 0 && used + length - 3 > width) {
      lines.push(line.trimEnd());
      line = '';
      used = 0;
    }
    line += `${paint(typeStyles[type], unicode ? glyph : ascii)} ${paint('dim', meaning)}   `;
    used += length;
  }
  if (line !== '') lines.push(line.trimEnd());
  return lines;
}
