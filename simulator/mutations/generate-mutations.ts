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
  /** Names of the steps that it is about. */
  readonly steps: readonly string[];
  /** Steps that several handlers share are changed in all of them. */
  readonly places: readonly MutatedPlace[];
}

const endingSteps = 7;
const recoverySteps = 8;

/** Generates every mutation of these handlers: two for each step; the last has no neighbour. */
export function generateMutations(handlers: readonly Handler[], facts: TableFacts): Mutation[] {
  const groups = new Map<string, Group>();
  for (const handler of handlers) {
    handler.steps.forEach(({ name }, number) => {
      const key = `${groupOf(handler, number)}/${name}`;
      const group = groups.get(key) ?? { step: name, places: [], isReached: false };
      groups.set(key, group);
      const isReached = (facts.get(handler.syscall)?.[number]?.reached ?? 0) > 0;
      const neighbour = neighbourOf(handler, number, facts);
      group.places.push({ syscall: handler.syscall, number, ...neighbour, isReached });
      group.isReached ||= isReached;
    });
  }
  return [...groups].flatMap(([key, group]) => {
    // Where a table never comes to a step that it shares, nothing is known of its neighbour there.
    const swapped = group.places.filter(
      ({ neighbour, isReached }) => neighbour !== undefined && (isReached || !group.isReached),
    );
    const neighbours = swapped.map(({ syscall, neighbour = 0 }) => nameAt(handlers, syscall, neighbour));
    const { step, places } = group;
    const skip: Mutation = { id: `skip ${key}`, kind: 'skip', steps: [step], places };
    const steps = [...new Set([step, ...neighbours])];
    return swapped.length === 0
      ? [skip]
      : [skip, { id: `swap ${key}`, kind: 'swap', steps, places: swapped }];
  });
}

interface Group {
  readonly step: string;
  readonly places: (MutatedPlace & { readonly isReached: boolean })[];
  isReached: boolean;
}

function nameAt(handlers: readonly Handler[], syscall: string, number: number): string {
  return handlers.find((handler) => handler.syscall === syscall)?.steps[number]?.name ?? '';
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
