import type { FieldChange } from '../state-changes.js';
import type { TraceDiff } from './diff-traces.js';

/** The JSON of `diff`: null stands where one side has nothing. */
export function diffJson(diff: TraceDiff): object {
  const { parting } = diff;
  return {
    same: diff.same,
    sameRun: diff.sameRun,
    lengths: diff.lengths,
    header: diff.header.map(change),
    parting:
      parting === undefined
        ? null
        : {
            sequence: parting.sequence,
            changes: parting.changes.map(change),
            before: parting.before,
            a: parting.sides[0],
            b: parting.sides[1],
          },
    end: diff.end.map(change),
  };
}

function change({ path, before, after }: FieldChange): object {
  return { path, a: before ?? null, b: after ?? null };
}
