import type { DispatchTables } from '../../actors/dispatch/former-ways.js';

/** How a step is made, and where it leads: what both tables of the dispatcher have in common. */
export interface PlainStep {
  readonly name: string;
  readonly act: (given: object) => Promise<string>;
}

export type TableName = keyof DispatchTables;
export type ChangeSteps = (steps: readonly PlainStep[]) => readonly PlainStep[];

/** The tables with one of them changed. What a step saw is told all the same, where it was made. */
export function changeTable(tables: DispatchTables, table: TableName, change: ChangeSteps): DispatchTables {
  if (table === 'command') return { ...tables, command: change(tables.command as readonly PlainStep[]) };
  /** What a step saw, by the dispatch that it was made for. */
  const seen = new WeakMap<object, Readonly<Record<string, string>>>();
  const plain = tables.strategy.map(({ name, act }): PlainStep => {
    const made = act as (given: object) => ReturnType<typeof act>;
    return {
      name,
      act: async (given) => {
        const { evidence, next } = await made(given);
        seen.set(given, evidence);
        return next;
      },
    };
  });
  const strategy = change(plain).map(({ name, act }) => ({
    name,
    act: async (given: object) => {
      seen.delete(given);
      const next = await act(given);
      return { evidence: seen.get(given) ?? {}, next };
    },
  }));
  return { ...tables, strategy };
}
