// Control characters, what turns the direction of text, line separators, and what cannot be seen at all.
const unsafeRanges = [
  '\\p{Cc}\\p{Cs}\\u{ad}\\u{61c}\\u{180e}\\u{200b}-\\u{200f}\\u{2028}-\\u{202e}',
  '\\u{2060}-\\u{206f}\\u{feff}\\u{fff9}-\\u{fffb}\\u{e0000}-\\u{e007f}',
];
const unsafe = new RegExp(`[${unsafeRanges.join('')}]`, 'gu');

/**
 * Makes a string that a target controls harmless in logs, events and terminals: control, invisible and
 * direction-changing characters and lone surrogates become `\u{hex}`, and at most `maximumLength` UTF-16
 * units are left, the last one a `…` if something was cut. Applying it twice changes nothing. HTML needs
 * its own escaping.
 */
export function escapeText(text: string, maximumLength: number): string {
  // An escape is never shorter than what it stands for, so nothing beyond the bound can be shown anyway.
  const escaped = text.slice(0, maximumLength + 1).replace(unsafe, escapeCharacter);
  if (escaped.length <= maximumLength) {
    return escaped;
  }
  const kept = escaped.slice(0, Math.max(0, maximumLength - 1));
  return `${kept.replace(/\\(u(\{[0-9a-f]*)?)?$/, '').replace(/[\ud800-\udbff]$/, '')}…`.slice(
    0,
    maximumLength,
  );
}

function escapeCharacter(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

const tenantLimit = 256;

/** A tenant as events, subjects and logs name it: harmless, and never empty. */
export function eventTenant(tenant: string): string {
  const safe = escapeText(tenant, tenantLimit);
  return safe === '' ? 'none' : safe;
}
