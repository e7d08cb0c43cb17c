import { z } from 'zod';

/** A 64-bit unsigned number as a decimal string: JSON numbers lose digits above 2^53. */
export const decimalSchema = z.string().regex(/^(0|[1-9][0-9]{0,19})$/);

/** A text that a target may have had a hand in: escaped and bounded by whoever makes the event. */
export const escapedTextSchema = z.string().max(4096);

export const identifierSchema = z.string().min(1).max(256);
export const countSchema = z.int().min(0);

/** What became of the requests so far. */
export const countsSchema = z.object({
  answered: countSchema,
  refused: countSchema,
  cancelled: countSchema,
  lost: countSchema,
});

// Codes are checked by their form only, so that a reader takes events of a newer writer.
export const codeSchema = z.string().regex(/^DEPUTY_E_[A-Z0-9_]+$/);
export const errnoNameSchema = z.string().regex(/^(E[A-Z0-9]+|errno [0-9]+)$/);

/** An error as it stands in an event. */
export const errorSchema = z.object({
  code: codeSchema,
  message: escapedTextSchema,
  remedy: escapedTextSchema,
});

export type Counts = z.output<typeof countsSchema>;
export type EventError = z.output<typeof errorSchema>;
