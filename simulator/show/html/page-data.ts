import { escapeText } from '../../../core/events/escape-text.js';
import type { Trace, TraceEntry } from '../../trace/schema.js';
import { entryTypes } from '../../trace/vocabulary.js';
import { escapeValue, valueText } from '../detail-text.js';
import { failingSequence } from '../failing.js';
import { glyphs } from '../glyphs.js';
import { laneOrder } from '../lane-order.js';
import { selectEntries } from '../select.js';
import { type FieldChange, StateChanges } from '../state-changes.js';

/** Browsers can't scroll through more rows than this; the part around the failing step is kept. */
export const htmlEntriesMaximum = 200_000;

/** A change of a state as texts; null where one side has no such field. */
type ChangeTexts = readonly [path: string, before: string | null, after: string | null];
/** An entry in the least room; the client's script names these places again. */
type PackedEntry = readonly [
  timeUs: number,
  actor: number,
  type: number,
  name: string,
  detail: unknown,
  cause: number,
  request: string | null,
  changes: readonly ChangeTexts[] | null,
];

/** All that the page's script reads, every string in it already harmless. */
export interface PageData {
  readonly types: readonly { readonly name: string; readonly glyph: string; readonly meaning: string }[];
  readonly actors: readonly { readonly id: string; readonly kind: string; readonly label: string }[];
  /** The sequence of the first entry, and how many are left out on either side. */
  readonly first: number;
  readonly before: number;
  readonly after: number;
  readonly failing: number;
  readonly violations: readonly {
    readonly invariant: string;
    readonly sentence: string;
    readonly sequence: number;
  }[];
  readonly entries: readonly PackedEntry[];
}

/** Packs a trace for the page. */
export function pageData(trace: Trace): PageData {
  const actors = laneOrder(trace);
  const numbers = new Map(actors.map(({ id }, index) => [id, index]));
  const { entries, before, after } = selectEntries(trace, {}, { limit: htmlEntriesMaximum });
  const states = new StateChanges();
  for (const entry of trace.entries.slice(0, before)) states.follow(entry);
  return {
    types: entryTypes.map((name) => ({ name, glyph: glyphs[name].glyph, meaning: glyphs[name].meaning })),
    actors: actors.map(({ id, kind, label }) => ({
      id: escapeText(id, 256),
      kind,
      label: escapeText(label, 256),
    })),
    first: before,
    before,
    after,
    failing: failingSequence(trace) ?? -1,
    violations: trace.end.violations.map(({ invariant, sentence, sequence }) => ({
      invariant: escapeText(invariant, 256),
      sentence: escapeText(sentence, 4096),
      sequence,
    })),
    entries: entries.map((entry) => pack(entry, numbers.get(entry.actor) ?? 0, states.follow(entry))),
  };
}

function pack(entry: TraceEntry, actor: number, changes: readonly FieldChange[] | undefined): PackedEntry {
  const { timeUs, type, name, detail, cause, request } = entry;
  return [
    timeUs,
    actor,
    entryTypes.indexOf(type),
    escapeText(name, 256),
    escapeValue(detail),
    cause ?? -1,
    request === null ? null : escapeText(request, 256),
    changes === undefined ? null : changes.map(changeTexts),
  ];
}

function changeTexts({ path, before, after }: FieldChange): ChangeTexts {
  const text = (value: unknown): string | null => (value === undefined ? null : valueText(value));
  return [escapeText(path, 256), text(before), text(after)];
}
