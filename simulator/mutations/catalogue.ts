import { z } from 'zod';
import { faultSchema } from '../faults/fault-schema.js';
import type { Mutation } from './generate-mutations.js';

/** A mutation and the run that catches it; or, where nothing can, the proof that it changes nothing. */
export const catalogueSchema = z.strictObject({
  /** Recorded by the hunt, and tried first by the next one. */
  caught: z.array(
    z.strictObject({
      id: z.string(),
      scenario: z.string(),
      seed: z.string(),
      fault: faultSchema.nullable(),
      invariant: z.string(),
    }),
  ),
  /** Written by hand; `because` is the proof. */
  unchanged: z.array(z.strictObject({ id: z.string(), because: z.string().min(20) })),
  /** Not proved and not caught: no scenario comes to what it changes yet. */
  open: z.array(z.strictObject({ id: z.string(), because: z.string().min(20) })).default([]),
});

export type Catalogue = z.output<typeof catalogueSchema>;

/** What a catalogue lacks, or has too much of, for the mutations that there are. */
export function catalogueProblems(
  mutations: readonly Pick<Mutation, 'id'>[],
  { caught, unchanged, open }: Catalogue,
): string[] {
  const known = new Set(mutations.map(({ id }) => id));
  const listed = [...caught, ...unchanged, ...open].map(({ id }) => id);
  return [
    ...mutations.filter(({ id }) => !listed.includes(id)).map(({ id }) => `${id}: it is not listed`),
    ...listed.filter((id) => !known.has(id)).map((id) => `${id}: there is no such mutation any more`),
    ...listed.filter((id, at) => listed.indexOf(id) < at).map((id) => `${id}: it is listed twice`),
  ];
}
