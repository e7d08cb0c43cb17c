import { canonicalJson } from '../../trace/canonical-json.js';
import type { Trace, TraceEntry } from '../../trace/schema.js';
import { type FieldChange, fieldChanges } from '../state-changes.js';

/** Two traces held against each other. */
export interface TraceDiff {
  /** Every entry and the end are equal; headers may still name different builds or seeds. */
  readonly same: boolean;
  /** Build, seed, scenario and options are equal: then the traces should be too. */
  readonly sameRun: boolean;
  readonly header: readonly FieldChange[];
  readonly end: readonly FieldChange[];
  readonly lengths: readonly [number, number];
  /** The first entry where they part; undefined when they have the same entries. */
  readonly parting: TraceParting | undefined;
}

export interface TraceParting {
  readonly sequence: number;
  /** What both have before. */
  readonly before: readonly TraceEntry[];
  /** The parting entries of either side and what follows; a side that has ended has none. */
  readonly sides: readonly [readonly TraceEntry[], readonly TraceEntry[]];
  /** Where the two parting entries differ. */
  readonly changes: readonly FieldChange[];
}

/** Finds where two traces part, with so many entries around it. */
export function diffTraces(a: Trace, b: Trace, context: number): TraceDiff {
  const header = fieldChanges(bare(a.header), bare(b.header));
  const end = fieldChanges(bare(a.end), bare(b.end));
  const parting = findParting(a.entries, b.entries, context);
  return {
    same: parting === undefined && end.length === 0,
    sameRun: header.length === 0,
    header,
    end,
    lengths: [a.entries.length, b.entries.length],
    parting,
  };
}

function findParting(
  a: readonly TraceEntry[],
  b: readonly TraceEntry[],
  context: number,
): TraceParting | undefined {
  const length = Math.max(a.length, b.length);
  for (let sequence = 0; sequence < length; sequence++) {
    const [left, right] = [a[sequence], b[sequence]];
    if (left !== undefined && right !== undefined) {
      // The chain makes later hashes differ as well, so entries are compared by what they say.
      if (left.hash === right.hash || canonicalJson(bare(left)) === canonicalJson(bare(right))) continue;
    }
    const stop = sequence + 1 + context;
    return {
      sequence,
      before: a.slice(Math.max(0, sequence - context), sequence),
      sides: [a.slice(sequence, stop), b.slice(sequence, stop)],
      changes: left === undefined || right === undefined ? [] : fieldChanges(bare(left), bare(right)),
    };
  }
  return undefined;
}

function bare(line: object): object {
  return { ...line, hash: undefined };
}
