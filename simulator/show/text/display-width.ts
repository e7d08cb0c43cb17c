// The scripts and pictures that terminals draw two columns wide (UAX #11, classes W and F), coarsely.
const wideRanges = [
  '\\u{1100}-\\u{115f}\\u{2e80}-\\u{303e}\\u{3041}-\\u{a4cf}\\u{a960}-\\u{a97f}\\u{ac00}-\\u{d7a3}',
  '\\u{f900}-\\u{faff}\\u{fe30}-\\u{fe6f}\\u{ff00}-\\u{ff60}\\u{ffe0}-\\u{ffe6}\\u{20000}-\\u{3fffd}',
];
const wide = new RegExp(`[${wideRanges.join('')}\\p{Emoji_Presentation}]`, 'u');
const zero = /\p{Mn}|\p{Me}/u;

/** How many columns of a terminal a character takes. */
function characterWidth(character: string): number {
  if (character <= '~') return 1;
  if (zero.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}

/** How many columns a text takes that holds no control characters. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** The text in at most so many columns, its last one a `…` if something was cut. */
export function cutToWidth(text: string, width: number): string {
  if (text.length <= width && displayWidth(text) <= width) return text;
  let used = 0;
  let kept = '';
  for (const character of text) {
    const next = characterWidth(character);
    if (used + next > width - 1) {
      // What is left may still fit exactly.
      if (displayWidth(text) <= width) return text;
      return width <= 0 ? '' : `${kept}…`;
    }
    used += next;
    kept += character;
  }
  return kept;
}

/** The text filled up with spaces to so many columns. */
export function padToWidth(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}
