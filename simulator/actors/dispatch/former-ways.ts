import {
  type CommandStep,
  commandSteps,
  type DispatchStep,
  dispatchSteps,
} from '../../../strategies/dispatcher/index.js';

/**
 * Faults that the dispatcher itself had: each brings the old behaviour back, so that a scenario shows which
 * invariant catches it.
 */
export const formerWays = ['forgotten-before-told'] as const;

export type FormerWay = (typeof formerWays)[number];

/** The steps of `deputy dispatch`, and those of its strategy. */
export interface DispatchTables {
  readonly command: readonly CommandStep[];
  readonly strategy: readonly DispatchStep[];
}

/** Where each step of a command leads instead: by its name, the step that it says, and the one made. */
const otherWays: Readonly<Record<FormerWay, Readonly<Record<string, Readonly<Record<string, string>>>>>> = {
  // The shim forgot an end, and then it was told: nobody knew it who came after a death between the two.
  'forgotten-before-told': {
    follow: { close: 'collect' },
    collect: { done: 'close' },
    close: { collect: 'done' },
    'find-late': { 'settle-late': 'collect-late' },
    'collect-late': { done: 'settle-late' },
    'settle-late': { 'collect-late': 'done' },
    'find-earlier': { 'settle-earlier': 'collect-earlier' },
    'collect-earlier': { 'find-earlier': 'settle-earlier' },
    'settle-earlier': { 'collect-earlier': 'find-earlier' },
  },
};

/** The real tables, or with a former way in them. */
export function formerTables(ways: readonly FormerWay[]): DispatchTables {
  let command = commandSteps;
  for (const way of ways) {
    command = command.map((step) => {
      const others = otherWays[way][step.name] ?? {};
      return {
        ...step,
        act: async (given) => {
          const next = await step.act(given);
          return others[next] ?? next;
        },
      };
    });
  }
  return { command, strategy: dispatchSteps };
}
