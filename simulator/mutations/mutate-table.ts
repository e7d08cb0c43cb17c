import type { Handler } from '../../core/steps/handler.js';
import type { Step, StepTable } from '../../core/steps/step.js';
import type { MutatedPlace, Mutation } from './generate-mutations.js';
import { isFailure, type StepFacts, type TableFacts } from './observe-tables.js';

/** Makes the tables that a mutation makes of handlers', for RunOptions.mutateTable. */
export function mutateTable(mutation: Mutation, facts: TableFacts): (handler: Handler) => StepTable {
  return (handler) => {
    const place = mutation.places.find(({ syscall }) => syscall === handler.syscall);
    const known = facts.get(handler.syscall);
    if (place === undefined || known === undefined) return handler.steps;
    return mutation.kind === 'skip'
      ? skipped(handler.steps, place.number, known)
      : swapped(handler.steps, place, known);
  };
}

/**
 * A step that calls a port: the call is not made, and it goes on as though it had gone well. One that only
 * decides, or only says what happened: it is passed over.
 */
function skipped(steps: StepTable, number: number, facts: readonly StepFacts[]): StepTable {
  const { success, usual } = facts[number] as StepFacts;
  return steps.map((step, at) => {
    if (at !== number) return step;
    const { name, event, act } = step;
    if (act === undefined) return { name, next: () => usual };
    return {
      name,
      ...(event === undefined ? {} : { event }),
      next: (context) => step.next(context, success),
    };
  });
}

/** The two change places: the first is made where the second was, and leads to where that one led. */
function swapped(
  steps: StepTable,
  { number, neighbour = number }: MutatedPlace,
  facts: readonly StepFacts[],
) {
  const first = steps[number] as Step;
  const second = steps[neighbour] as Step;
  const secondFacts = facts[neighbour] as StepFacts;
  const table = [...steps];
  /** By slot: where the second step would have led its request. */
  const behind = new Map<number, number>();
  table[number] = {
    ...second,
    next: (context, result) => {
      const next = second.next(context, result);
      if (next < 0 && next !== secondFacts.usual) return next;
      if (isFailure(next, secondFacts)) return next;
      behind.set(context.record.slot, next);
      return neighbour;
    },
  };
  table[neighbour] = {
    ...first,
    next: (context, result) => {
      const next = first.next(context, result);
      return next === neighbour ? (behind.get(context.record.slot) ?? secondFacts.usual) : next;
    },
  };
  return table;
}
