import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeText } from '../../../../core/events/escape-text.js';

describe('escapeText', () => {
  it.each([
    ['plain ümläut 漢字 😀 \\ "', 'plain ümläut 漢字 😀 \\ "'],
    ['\u001b[31mred\u0007\n\t\u0000\u007f\u009b', '\\u{1b}[31mred\\u{7}\\u{a}\\u{9}\\u{0}\\u{7f}\\u{9b}'],
    ['a\u202eb\u2066c\u200bd\ufeff\u2028', 'a\\u{202e}b\\u{2066}c\\u{200b}d\\u{feff}\\u{2028}'],
    ['\ud800x\udc00', '\\u{d800}x\\u{dc00}'],
    ['\u{e0041}', '\\u{e0041}'],
  ])('%j', (text, escaped) => {
    expect(escapeText(text, 200)).toBe(escaped);
  });

  it('cuts, never within an escape or a pair', () => {
    expect(escapeText('abcdef', 6)).toBe('abcdef');
    expect(escapeText('abcdefg', 6)).toBe('abcde…');
    expect(escapeText('ab\u0000cd', 6)).toBe('ab…');
    expect(escapeText('abcd😀😀', 6)).toBe('abcd…');
    expect(escapeText('abc', 0)).toBe('');
  });

  it('is bounded, harmless and stable for any text', () => {
    const text = fc.string({
      unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    });
    fc.assert(
      fc.property(text, fc.nat(60), (input, maximumLength) => {
        const escaped = escapeText(input, maximumLength);
        expect(escaped.length).toBeLessThanOrEqual(maximumLength);
        expect(escaped).not.toMatch(/\p{Cc}|\p{Cs}|[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]/u);
        expect(escapeText(escaped, maximumLength)).toBe(escaped);
      }),
      { numRuns: 2000 },
    );
  });
});
