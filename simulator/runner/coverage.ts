import type { WorldWatch } from '../world/world-watch.js';

/** How often each step was made, and each kind of fault happened. */
export interface CoverageCounts {
  readonly steps: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  readonly events: Readonly<Record<string, number>>;
}

/** Counts what a run has reached. */
export class Coverage {
  private readonly steps = new Map<string, number>();
  private readonly faults = new Map<string, number>();
  private readonly events = new Map<string, number>();

  watch(): WorldWatch {
    return {
      stepped: ({ name }) => count(this.steps, name),
      faulted: ({ kind }) => count(this.faults, kind),
      stored: ({ type }) => count(this.events, type),
    };
  }

  counts(): CoverageCounts {
    return { steps: sorted(this.steps), faults: sorted(this.faults), events: sorted(this.events) };
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
