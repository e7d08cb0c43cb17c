import { traceLimits } from './limits.js';

/**
 * The one JSON text of a value: keys sorted by code unit, no spaces, `undefined` left out as JSON does.
 * A bigint becomes a decimal string, as 64-bit numbers are everywhere on the wire.
 * Throws a RangeError for what is nested too deeply, a cycle included.
 */
export function canonicalJson(value: unknown, depth = 0): string {
  if (typeof value === 'bigint') return `"${value}"`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (depth > traceLimits.depth) throw new RangeError(`deeper than ${traceLimits.depth} levels`);
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item, depth + 1)).join(',')}]`;
  const fields = value as Readonly<Record<string, unknown>>;
  let text = '';
  for (const key of Object.keys(fields).sort()) {
    const field = fields[key];
    if (field === undefined || typeof field === 'function') continue;
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(field, depth + 1)}`;
  }
  return `{${text}}`;
}
