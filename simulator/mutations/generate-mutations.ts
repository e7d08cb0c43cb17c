import type { Handler } from '../../core/steps/handler.js';
import type { TableFacts } from './observe-tables.js';

/** Where a mutation changes one handler's table. */
export interface MutatedPlace {
  readonly syscall: string;
  readonly number: number;
  /** The step that it changes places with. */
  readonly neighbour?: number;
}

/** One change of the steps: a step is passed over, or made after the one that it leads to. */
export interface Mutation {
  /** `skip open_by_handle_at/open-probe`, `swap recovery/recover-check`. */
  readonly id: string;
  readonly kind: 'skip' | 'swap';
  readonly step: string;
  /** Steps that several handlers share are changed in all of them. */
  readonly places: readonly MutatedPlace[];
}

const endingSteps = 7;
const recoverySteps = 8;

/** Generates every mutation of these handlers: two for each step, but for the last, which has no neighbour. */
export function generateMutations(handlers: readonly Handler[], facts: TableFacts): Mutation[] {
  const groups = new Map<string, { step: string; places: MutatedPlace[] }>();
  for (const handler of handlers) {
    handler.steps.forEach(({ name }, number) => {
      const key = `${groupOf(handler, number)}/${name}`;
      const group = groups.get(key) ?? { step: name, places: [] };
      groups.set(key, group);
      group.places.push({ syscall: handler.syscall, number, ...neighbourOf(handler, number, facts) });
    });
  }
  return [...groups].flatMap(([key, { step, places }]) => {
    const swapped = places.filter(({ neighbour }) => neighbour !== undefined);
    const skip: Mutation = { id: `skip ${key}`, kind: 'skip', step, places };
    return swapped.length === 0
      ? [skip]
      : [skip, { id: `swap ${key}`, kind: 'swap', step, places: swapped } satisfies Mutation];
  });
}

/** Steps that every handler has alike are one group each; all others belong to their call. */
function groupOf({ syscall, recover }: Handler, number: number): string {
  if (number < endingSteps) return 'ending';
  return number >= recover && number < recover + recoverySteps ? 'recovery' : syscall;
}

/** The step that this one leads to when it goes well. */
function neighbourOf({ syscall }: Handler, number: number, facts: TableFacts): { neighbour?: number } {
  const usual = facts.get(syscall)?.[number]?.usual ?? -1;
  return usual < 0 || usual === number ? {} : { neighbour: usual };
}
