import { cutToWidth, displayWidth } from './display-width.js';

/** Breaks text at spaces into lines of at most so many columns; a longer word is cut. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (displayWidth(longer) <= width) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    line = cutToWidth(word, width);
  }
  if (line !== '') lines.push(line);
  return lines;
}
