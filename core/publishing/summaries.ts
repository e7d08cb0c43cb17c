import type { Counts } from '../events/vocabulary.js';

/** Latencies up to each of these, in microseconds, and beyond the last. */
export const latencyBoundsUs = [10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000, 1_000_000];

/** What became of a delegation's requests within one second. */
export interface Summary {
  readonly delegationId: string;
  readonly tenant: string;
  /** Seconds since 1970. */
  readonly second: number;
  readonly requests: { -readonly [Kind in keyof Counts]: number };
  /** How many took up to each bound, and longer than the last. */
  readonly latencies: number[];
}

/**
 * Counts requests second by second, for policies that don't want an event for each. Goes by the records' own
 * times, so that whoever reads the same journal makes the same of it.
 */
export class Summaries {
  private readonly open = new Map<string, Summary>();

  /** Counts one request: the summary of an earlier second, if that is over by it. */
  add(
    delegationId: string,
    tenant: string,
    kind: keyof Counts,
    timeMs: number,
    latencyUs: number,
  ): Summary | undefined {
    const second = Math.floor(timeMs / 1_000);
    let summary = this.open.get(delegationId);
    // Records of several threads come a little out of the order of their times.
    const finished = summary !== undefined && summary.second < second ? summary : undefined;
    if (summary === undefined || finished !== undefined) {
      summary = { delegationId, tenant, second, requests: noRequests(), latencies: noLatencies() };
      this.open.set(delegationId, summary);
    }
    summary.requests[kind]++;
    const at = latencyBoundsUs.findIndex((bound) => latencyUs <= bound);
    const place = at < 0 ? latencyBoundsUs.length : at;
    summary.latencies[place] = (summary.latencies[place] ?? 0) + 1;
    return finished;
  }

  /** Ends a delegation's summary: its next event is about to come. */
  take(delegationId: string): Summary | undefined {
    const summary = this.open.get(delegationId);
    this.open.delete(delegationId);
    return summary;
  }

  /** Ends those of seconds that are over. */
  takeBefore(timeMs: number): Summary[] {
    const over = this.list().filter(({ second }) => (second + 1) * 1_000 <= timeMs);
    for (const { delegationId } of over) this.open.delete(delegationId);
    return over;
  }

  get isEmpty(): boolean {
    return this.open.size === 0;
  }

  list(): Summary[] {
    return [...this.open.values()];
  }

  restore(summaries: readonly Summary[]): void {
    for (const summary of summaries) {
      const { requests, latencies, delegationId } = summary;
      this.open.set(delegationId, { ...summary, requests: { ...requests }, latencies: [...latencies] });
    }
  }
}

function noRequests(): Summary['requests'] {
  return { answered: 0, refused: 0, cancelled: 0, lost: 0 };
}

function noLatencies(): number[] {
  return new Array<number>(latencyBoundsUs.length + 1).fill(0);
}
