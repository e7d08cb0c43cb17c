import type { EntryType } from '../../trace/vocabulary.js';

/** What a piece of text is; how that looks is the palette's. */
export type Style = 'plain' | 'dim' | 'bold' | 'good' | 'bad' | 'alarm' | 'warn' | 'accent' | 'quiet';

const codes: Readonly<Record<Style, string>> = {
  plain: '',
  dim: '2',
  bold: '1',
  good: '32',
  bad: '31',
  alarm: '1;37;41',
  warn: '33',
  accent: '36',
  quiet: '34',
};

/** Dresses text for a terminal. */
export type Paint = (style: Style, text: string) => string;

/** A palette of the 16 colours that every terminal's user has chosen; without colour it adds nothing. */
export function createPaint(color: boolean): Paint {
  if (!color) return (_, text) => text;
  return (style, text) =>
    codes[style] === '' || text === '' ? text : `\u001b[${codes[style]}m${text}\u001b[0m`;
}

/** The look of each type of entry. */
export const typeStyles: Readonly<Record<EntryType, Style>> = {
  actor: 'bold',
  step: 'plain',
  call: 'plain',
  completion: 'plain',
  notification: 'accent',
  answer: 'good',
  signal: 'warn',
  fault: 'bad',
  event: 'quiet',
  state: 'dim',
  assumed: 'warn',
  violation: 'alarm',
  note: 'dim',
};
