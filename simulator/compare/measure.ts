import type { Invariant } from '../invariants/invariant.js';
import { no } from '../kernel/numbers.js';
import type { ModelThread } from '../kernel/process.js';
import { runScenario } from '../runner/run-scenario.js';
import type { Scenario, Setup } from '../scenario/scenario-schema.js';

/** What the targets of one run, or of several, went through. */
export interface Measures {
  runs: number;
  calls: number;
  /** Calls that failed with ENOSYS: nobody held their listener. */
  enosys: number;
  /** Calls that never returned although their target lived on. */
  lost: number;
  /** The longest wait of a call that returned, in microseconds, without the agent's own start. */
  stallUs: number;
  /** Listeners of living targets that nobody holds any more. */
  listenersLost: number;
  listeners: number;
  /** Calls for which a successor finished what another had begun. */
  recovered: number;
  /** Runs in which no target saw anything of it: all calls returned, and as the kernel would answer. */
  unharmed: number;
  /** Invariants that broke. */
  readonly broken: Set<string>;
}

/** Runs a scenario with a setup, for each seed, and adds up what its targets saw. */
export async function measure(
  scenario: Scenario,
  setup: Setup,
  seeds: readonly string[],
  invariants: readonly Invariant[],
): Promise<Measures> {
  const total: Measures = {
    runs: 0,
    calls: 0,
    enosys: 0,
    lost: 0,
    stallUs: 0,
    listenersLost: 0,
    listeners: 0,
    recovered: 0,
    unharmed: 0,
    broken: new Set(),
  };
  for (const seed of seeds) {
    const harmBefore = total.enosys + total.lost + total.listenersLost;
    const options = { seed, setup, invariants: [...invariants, observer(total)] };
    const { violations } = await runScenario(scenario, options);
    total.runs++;
    for (const { invariant } of violations) total.broken.add(invariant);
    const harm = total.enosys + total.lost + total.listenersLost - harmBefore;
    if (harm === 0 && violations.length === 0) total.unharmed++;
  }
  return total;
}

function observer(total: Measures): Invariant {
  return {
    id: 'observer',
    sentence: 'Counts what targets go through; judges nothing.',
    begin: (stage) => {
      const begun = new Map<ModelThread, number>();
      // Before anybody serves for the first time all have to wait, with whatever setup.
      let servedFromUs = 0;
      return {
        stepped: ({ name }) => {
          if (servedFromUs === 0 && name === 'receive') servedFromUs = stage().world.nowUs;
        },
        called: (thread) => {
          total.calls++;
          begun.set(thread, stage().world.nowUs);
        },
        returned: (thread, _, result) => {
          const sinceUs = Math.max(servedFromUs, begun.get(thread) ?? 0);
          total.stallUs = Math.max(total.stallUs, stage().world.nowUs - sinceUs);
          begun.delete(thread);
          if (result === no('ENOSYS')) total.enosys++;
        },
        stored: ({ type, data }) => {
          if (!type.startsWith('request.')) return;
          if ((data as { readonly recovery?: string }).recovery !== 'none') total.recovered++;
        },
        finished: () => {
          for (const { process } of stage().targets) {
            // A payload makes its calls itself, and has none.
            if (!process.alive || process.filter === undefined) continue;
            total.listeners++;
            if (process.filter.listener === undefined) total.listenersLost++;
          }
          total.lost += [...begun.keys()].filter(({ process }) => process.alive).length;
        },
      };
    },
  };
}
