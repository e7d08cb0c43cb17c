import { actorsOf } from '../trace/actors.js';
import type { Trace } from '../trace/schema.js';
import { reproduceCommand } from './facts.js';
import { failingSequence } from './failing.js';
import { type EntryFilter, type EntryWindow, selectEntries } from './select.js';
import { StateChanges } from './state-changes.js';

/** The JSON of `show`: the trace's own header, end and selected entries, states with what they changed. */
export function showJson(trace: Trace, filter: EntryFilter, window: EntryWindow): object {
  const { entries, matching, before, after } = selectEntries(trace, filter, window);
  const states = new StateChanges();
  const changes = new Map(trace.entries.map((entry) => [entry.sequence, states.follow(entry)]));
  return {
    header: trace.header,
    actors: actorsOf(trace),
    end: trace.end,
    failingSequence: failingSequence(trace) ?? null,
    reproduce: reproduceCommand(trace.header),
    shown: { matching, before, after },
    entries: entries.map((entry) => {
      const changed = changes.get(entry.sequence);
      return changed === undefined ? entry : { ...entry, changes: changed };
    }),
  };
}
