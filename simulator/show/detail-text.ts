import { escapeText } from '../../core/events/escape-text.js';
import { canonicalJson } from '../trace/canonical-json.js';

const maximumStringLength = 4096;

/** A value of a trace with every string and key in it made harmless, for whoever shows it. */
export function escapeValue(value: unknown): unknown {
  if (typeof value === 'string') return escapeText(value, maximumStringLength);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(escapeValue);
  const fields = Object.entries(value);
  return Object.fromEntries(fields.map(([key, field]) => [escapeText(key, 256), escapeValue(field)]));
}

/** A value in one line: plain words as they are, all else as escaped JSON. */
export function valueText(value: unknown): string {
  if (value === undefined) return '(none)';
  if (typeof value === 'string' && /^[\w./:@+-]{1,256}$/.test(value)) return value;
  return escapeText(canonicalJson(escapeValue(value)), maximumStringLength);
}

/** The fields of a detail in one line: `fd=3 flags="O_RDONLY O_PATH"`. */
export function detailText(detail: Readonly<Record<string, unknown>>): string {
  return Object.entries(detail)
    .map(([key, value]) => `${escapeText(key, 256)}=${valueText(value)}`)
    .join(' ');
}
