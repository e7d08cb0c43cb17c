import { escapeText } from '../../../core/events/escape-text.js';
import type { TraceViolation } from '../../trace/schema.js';
import { detailText } from '../detail-text.js';
import type { Paint } from './palette.js';
import { wrapText } from './wrap-text.js';

/** How many are told; one cause often breaks the same invariant again and again. */
const maximumShown = 10;

/** What broke: the invariant, where, its sentence, and what was found. */
export function violationLines(
  violations: readonly TraceViolation[],
  paint: Paint,
  width: number,
): readonly string[] {
  const lines = violations.slice(0, maximumShown).flatMap(({ invariant, sentence, sequence, detail }) => {
    const where = `broken at ${sequence}: `;
    const first = wrapText(`${where}${escapeText(invariant, 256)}`, width);
    const told = wrapText(escapeText(sentence, 4096), width - 2);
    const found = Object.keys(detail).length === 0 ? [] : wrapText(detailText(detail), width - 2);
    return [
      ...first.map((line) => paint('bad', line)),
      ...told.map((line) => `  ${line}`),
      ...found.map((line) => `  ${paint('dim', line)}`),
    ];
  });
  const more = violations.length - maximumShown;
  return more > 0 ? [...lines, paint('dim', `… and ${more} more`)] : lines;
}
