import { canonicalJson } from './canonical-json.js';
import { TextHash } from './hash.js';

/** What the first line's hash is made from instead of a line before it. */
export const chainStart = '';

/** The hash of a line: over the hash of the line before and its own canonical JSON without `hash`. */
export function lineHash(previousHash: string, canonicalText: string): string {
  return new TextHash().update(previousHash).update(canonicalText).digest();
}

/** A line as it is written, its hash last. */
export function sealLine(previousHash: string, content: object): { line: string; hash: string } {
  const text = canonicalJson(content);
  const hash = lineHash(previousHash, text);
  return { line: `${text.slice(0, -1)},"hash":"${hash}"}`, hash };
}

/** The hash that a line should have, however its JSON is laid out. */
export function expectedHash(previousHash: string, parsed: Readonly<Record<string, unknown>>): string {
  return lineHash(previousHash, canonicalJson({ ...parsed, hash: undefined }));
}
