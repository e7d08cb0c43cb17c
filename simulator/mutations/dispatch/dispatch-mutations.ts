import type { DispatchTables } from '../../actors/dispatch/former-ways.js';
import { runScenario } from '../../runner/run-scenario.js';
import type { Scenario } from '../../scenario/scenario-schema.js';
import { type ChangeSteps, changeTable, type PlainStep, type TableName } from './step-table.js';

/** One change of the steps of a dispatch. */
export interface DispatchMutation {
  /** `skip command/close`, `swap dispatch/lock`, `ignore dispatch/verify`. */
  readonly id: string;
  /** Names of the steps that it is about. */
  readonly steps: readonly string[];
  readonly mutate: (tables: DispatchTables) => DispatchTables;
}

/** Where the steps of a table led, by their names: how often to which. */
type Ways = Map<string, Map<string, number>>;

const tableNames = { command: 'command', strategy: 'dispatch' } as const;

/** Where each step usually leads, and whether it was seen to lead anywhere else, or to fail. */
interface StepWays {
  readonly usual: string;
  readonly hasOthers: boolean;
}

/** With these every step is come to. */
const observedSeeds = ['1', '2', '3', '4'];

/** Learns from runs where the steps of both tables lead. */
async function observe(scenarios: readonly Scenario[]): Promise<Record<TableName, Map<string, StepWays>>> {
  const ways: Record<TableName, Ways> = { command: new Map(), strategy: new Map() };
  const watched =
    (table: TableName): ChangeSteps =>
    (steps) =>
      steps.map(({ name, act }) => ({
        name,
        act: async (given) => {
          const next = await act(given).catch((error: unknown) => {
            count(ways[table], name, '');
            throw error;
          });
          count(ways[table], name, next);
          return next;
        },
      }));
  const mutateDispatch = (tables: DispatchTables): DispatchTables =>
    changeTable(changeTable(tables, 'command', watched('command')), 'strategy', watched('strategy'));
  for (const scenario of scenarios) {
    for (const seed of observedSeeds) await runScenario(scenario, { seed, mutateDispatch });
  }
  return { command: usualWays(ways.command), strategy: usualWays(ways.strategy) };
}

function count(ways: Ways, from: string, to: string): void {
  const led = ways.get(from) ?? new Map<string, number>();
  led.set(to, (led.get(to) ?? 0) + 1);
  ways.set(from, led);
}

function usualWays(ways: Ways): Map<string, StepWays> {
  return new Map(
    [...ways].map(([name, led]) => {
      const [usual = ''] = [...led].filter(([to]) => to !== '').sort((a, b) => b[1] - a[1])[0] ?? [];
      return [name, { usual, hasOthers: led.size > 1 }] as const;
    }),
  );
}

/**
 * Each step of a dispatch is passed over once, made once behind the one that it leads to, and, where it can
 * lead elsewhere or fail, once made without a look at what it says.
 */
export async function dispatchMutations(
  tables: DispatchTables,
  scenarios: readonly Scenario[],
): Promise<DispatchMutation[]> {
  const ways = await observe(scenarios);
  return (['command', 'strategy'] as const).flatMap((table) =>
    tables[table].flatMap(({ name }) => {
      const known = ways[table].get(name);
      if (known === undefined) return [];
      const { usual, hasOthers } = known;
      const make = (kind: string, change: ChangeSteps, steps = [name]): DispatchMutation => ({
        id: `${kind} ${tableNames[table]}/${name}`,
        steps,
        mutate: (given) => changeTable(given, table, change),
      });
      const made = [make('skip', passedOver(name, usual))];
      // A step that leads back to one before it has no neighbour that could be made first.
      if (ways[table].has(usual)) made.push(make('swap', swapped(name, usual), [name, usual]));
      if (hasOthers) made.push(make('ignore', ignored(name, usual)));
      return made;
    }),
  );
}

function replaced(name: string, act: (step: PlainStep) => PlainStep['act']): ChangeSteps {
  return (steps) => steps.map((step) => (step.name === name ? { name, act: act(step) } : step));
}

function passedOver(name: string, usual: string): ChangeSteps {
  return replaced(name, () => async () => usual);
}

function ignored(name: string, usual: string): ChangeSteps {
  return replaced(
    name,
    ({ act }) =>
      (given) =>
        act(given).then(
          () => usual,
          () => usual,
        ),
  );
}

/** The second is made in the place of the first, then the first; then it goes where the second led. */
function swapped(first: string, second: string): ChangeSteps {
  return (steps) => {
    const act = (name: string): PlainStep['act'] =>
      steps.find((step) => step.name === name)?.act ?? (() => Promise.resolve('done'));
    const behind = new WeakMap<object, string>();
    return steps.map((step) => {
      if (step.name === first) {
        return {
          ...step,
          act: async (given) => {
            behind.set(given, await act(second)(given));
            return second;
          },
        };
      }
      if (step.name !== second) return step;
      return {
        ...step,
        act: async (given) => {
          const next = behind.get(given);
          behind.delete(given);
          if (next === undefined) return step.act(given);
          const own = await act(first)(given);
          return own === second ? next : own;
        },
      };
    });
  };
}
