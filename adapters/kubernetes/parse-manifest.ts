import { type Document, isScalar, type Tags, visit, type YAMLMap } from 'yaml';
import { escapeText } from '../../core/events/escape-text.js';
import { invalidPod } from '../../core/pod-security/pod.js';
import { composeYaml, maximumYamlDepth, yamlDepthProblem } from '../input/bounded-yaml.js';

// A manifest has use for a few; aliases of aliases make a small file large ('billion laughs').
const maximumAliases = 100;

// More lines help nobody to correct a file.
const maximumProblems = 20;

// No file within the reader's bound has more of them, but for one whose aliases repeat what is large.
const maximumValues = 2_000_000;

/**
 * Parses a manifest as kubectl does: YAML 1.1, in which `yes` is true, or JSON; a value for each document.
 * Keys that are there twice, tags of one's own, aliases without bound and nesting without end are errors
 * (DEPUTY_E_POD_INVALID, with the line).
 */
export function parseManifestText(text: string, source = '(given as text)'): unknown[] {
  // Repeated keys are looked for here: the library compares each key with each, for hours in a hostile file.
  const options = { uniqueKeys: false, version: '1.1', customTags: asKubectl } as const;
  const { documents, problems, place } = guarded(source, () => composeYaml(text, options));
  const repeated = documents.flatMap((document) =>
    repeatedKeys(document).map(({ name, offset }) =>
      place(offset, `the key ${escapeText(name, 80)} is there twice`),
    ),
  );
  const all = [...problems, ...repeated];
  if (all.length > 0) throw invalidPod(source, all.slice(0, maximumProblems));
  return documents.map((document) => toPlain(document, source));
}

/** Keys that a mapping has twice: of the two, one tool would take the first and another the last. */
function repeatedKeys(document: Document): { name: string; offset: number }[] {
  const found: { name: string; offset: number }[] = [];
  const look = (_: unknown, map: YAMLMap): void => {
    const seen = new Set<string>();
    for (const { key } of map.items) {
      const name = isScalar(key) ? String(key.value) : String(key);
      if (seen.has(name)) found.push({ name, offset: isScalar(key) ? (key.range?.[0] ?? 0) : 0 });
      seen.add(name);
    }
  };
  visit(document, { Map: look });
  return found;
}

/** kubectl's parser leaves times, and what YAML 1.1 has for sets and bytes, as they are: text. */
function asKubectl(tags: Tags): Tags {
  const unknown = ['timestamp', 'binary', 'omap', 'pairs', 'set'];
  return tags.filter((tag) => {
    if (typeof tag === 'string') return !unknown.includes(tag);
    const isTime = 'format' in tag && tag.format === 'TIME';
    return !isTime && !unknown.some((word) => tag.tag.endsWith(`:${word}`));
  });
}

function toPlain(document: Document, source: string): unknown {
  const value: unknown = guarded(source, () => document.toJS({ maxAliasCount: maximumAliases }));
  const budget = { values: maximumValues };
  if (isDeeperThan(value, maximumYamlDepth, budget)) throw invalidPod(source, [yamlDepthProblem]);
  if (budget.values < 0) throw invalidPod(source, [`more than ${maximumValues} values, with its aliases`]);
  return value;
}

/** The library throws where an alias leads nowhere, or to too much. */
function guarded<Value>(source: string, action: () => Value): Value {
  try {
    return action();
  } catch (error) {
    throw invalidPod(source, [error instanceof Error ? error.message : String(error)]);
  }
}

/** Aliases make things deeper than they look. It also counts what it passes, and ends out of budget. */
function isDeeperThan(value: unknown, depth: number, budget: { values: number }): boolean {
  budget.values -= 1;
  if (typeof value !== 'object' || value === null || budget.values < 0) return false;
  return depth === 0 || Object.values(value).some((inner) => isDeeperThan(inner, depth - 1, budget));
}
