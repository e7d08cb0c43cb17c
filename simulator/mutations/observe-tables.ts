import type { Handler } from '../../core/steps/handler.js';
import { type StepTable, stepPark } from '../../core/steps/step.js';
import type { Fault } from '../faults/fault-schema.js';
import { runScenario } from '../runner/run-scenario.js';
import type { Scenario } from '../scenario/scenario-schema.js';

/** A run by which tables are observed, or a mutation is hunted. */
export interface Trial {
  readonly scenario: Scenario;
  readonly seed: string;
  readonly faults: readonly Fault[];
}

/** What a step usually does. */
export interface StepFacts {
  readonly reached: number;
  /** What its port gives when it goes well. */
  readonly success: number;
  /** The step that it then leads to; stepEnd for the last one. */
  readonly usual: number;
}

/** By the handler's call: facts by a step's number. */
export type TableFacts = ReadonlyMap<string, readonly StepFacts[]>;

interface Seen {
  reached: number;
  /** By the next step: how often, and the first result that led there. */
  readonly nexts: Map<number, { count: number; readonly result: number }>;
}

/** Steps at which a request ends because something went wrong: answer-errno, answer-refusal, cancelled. */
const failures: ReadonlySet<number> = new Set([0, 1, 4]);

/** Does a step that led here fail? */
export function isFailure(next: number, { usual }: Pick<StepFacts, 'usual'>): boolean {
  return failures.has(next) && next !== usual;
}

/** Learns from runs of the tables as they are where each step leads when it goes well. */
export async function observeTables(handlers: readonly Handler[], trials: readonly Trial[]) {
  const seen = new Map<string, Seen[]>(
    handlers.map(({ syscall, steps }) => [
      syscall,
      steps.map((): Seen => ({ reached: 0, nexts: new Map() })),
    ]),
  );
  for (const { scenario, seed, faults } of trials) {
    const mutateTable = (handler: Handler): StepTable => watched(handler, seen.get(handler.syscall) ?? []);
    await runScenario(scenario, { seed, faults, mutateTable });
  }
  const facts = new Map<string, readonly StepFacts[]>();
  for (const { syscall, steps } of handlers) {
    const own = seen.get(syscall) ?? [];
    facts.set(
      syscall,
      own.map((one, number) => factsOf(one, number, steps.length)),
    );
  }
  return facts as TableFacts;
}

function watched({ steps }: Handler, seen: readonly Seen[]): StepTable {
  return steps.map((step, number) => ({
    ...step,
    next: (context, result) => {
      const next = step.next(context, result);
      const one = seen[number];
      if (one !== undefined) note(one, next === stepPark ? number + 1 : next, result);
      return next;
    },
  }));
}

function note(seen: Seen, next: number, result: number): void {
  seen.reached++;
  const known = seen.nexts.get(next);
  if (known === undefined) seen.nexts.set(next, { count: 1, result });
  else known.count++;
}

/** The next step that is seen most often; a failure only where there is nothing else. */
function factsOf({ reached, nexts }: Seen, number: number, count: number): StepFacts {
  const isBad = (next: number, { result }: { readonly result: number }): number =>
    (failures.has(next) ? 2 : 0) + (result < 0 ? 1 : 0);
  const ranked = [...nexts].sort(
    ([a, one], [b, other]) => isBad(a, one) - isBad(b, other) || other.count - one.count || a - b,
  );
  const [first] = ranked;
  // One that nothing leads to: its neighbour is the one behind it.
  if (first === undefined) return { reached, success: 0, usual: number + 1 < count ? number + 1 : -1 };
  return { reached, success: first[1].result, usual: first[0] };
}
