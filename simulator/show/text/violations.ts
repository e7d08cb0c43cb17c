import { escapeText } from '../../../core/events/escape-text.js';
import type { BrokenInvariant } from '../broken-invariants.js';
import { detailText } from '../detail-text.js';
import type { Paint } from './palette.js';
import { wrapText } from './wrap-text.js';

const maximumShown = 20;
const maximumAgain = 5;

/** What broke: the invariant, where, its sentence, what was found first, and where it broke again. */
export function violationLines(
  invariants: readonly BrokenInvariant[],
  paint: Paint,
  width: number,
): readonly string[] {
  const lines = invariants
    .slice(0, maximumShown)
    .flatMap(({ invariant, sentence, sequence, detail, again }) => {
      const first = wrapText(`broken at ${sequence}: ${escapeText(invariant, 256)}`, width);
      const told = wrapText(escapeText(sentence, 4096), width - 2);
      const found = Object.keys(detail).length === 0 ? [] : wrapText(detailText(detail), width - 2);
      const later = again.length === 0 ? [] : wrapText(againText(again), width - 2);
      return [
        ...first.map((line) => paint('bad', line)),
        ...told.map((line) => `  ${line}`),
        ...[...found, ...later].map((line) => `  ${paint('dim', line)}`),
      ];
    });
  const more = invariants.length - maximumShown;
  return more > 0 ? [...lines, paint('dim', `… and ${more} more invariants`)] : lines;
}

/** Where it broke later, for the terminal and the page. */
export function againText(again: readonly number[]): string {
  const more = again.length - maximumAgain;
  const named = again.slice(0, maximumAgain).join(', ');
  return `again at ${named}${more > 0 ? ` and ${more} more` : ''}`;
}
