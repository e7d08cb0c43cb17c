import type { Trace, TraceEntry } from '../trace/schema.js';
import type { EntryType } from '../trace/vocabulary.js';
import { failingSequence } from './failing.js';

/** Which entries are shown; all of the given must match, any of a list's values does. */
export interface EntryFilter {
  /** Ids; one without a slash stands for all that is below it too ('target-1' for 'target-1/thread-3'). */
  readonly actors?: readonly string[];
  readonly types?: readonly EntryType[];
  readonly request?: string;
}

/** Which part of what matches is shown. */
export interface EntryWindow {
  /** The entry with this sequence, or the one next to it, is in the middle. */
  readonly around?: number;
  /** At most so many; 0 for all. */
  readonly limit: number;
}

/** What is shown, and how much is not. */
export interface Selection {
  readonly entries: readonly TraceEntry[];
  readonly matching: number;
  readonly before: number;
  readonly after: number;
}

/**
 * Selects entries. Where not all fit, and no middle is asked for, the failing step is the middle; a trace
 * that held is shown from its start.
 */
export function selectEntries(trace: Trace, filter: EntryFilter, window: EntryWindow): Selection {
  const matching = trace.entries.filter((entry) => matches(entry, filter));
  const limit = window.limit === 0 ? matching.length : window.limit;
  const middle = window.around ?? (matching.length > limit ? failingSequence(trace) : undefined);
  let before = 0;
  if (middle !== undefined) {
    const place = matching.findIndex(({ sequence }) => sequence >= middle);
    const index = place === -1 ? matching.length : place;
    before = Math.max(0, Math.min(index - Math.floor(limit / 2), matching.length - limit));
  }
  const entries = matching.slice(before, before + limit);
  return { entries, matching: matching.length, before, after: matching.length - before - entries.length };
}

function matches({ actor, type, request }: TraceEntry, filter: EntryFilter): boolean {
  const { actors = [], types = [] } = filter;
  if (filter.request !== undefined && request !== filter.request) return false;
  if (types.length > 0 && !types.includes(type)) return false;
  return actors.length === 0 || actors.some((id) => actor === id || actor.startsWith(`${id}/`));
}
