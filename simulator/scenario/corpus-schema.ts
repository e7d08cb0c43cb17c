import { z } from 'zod';
import { scenarioSchema } from './scenario-schema.js';

/** A failure that was found and fixed: what it was, and the run that shows it if it ever comes back. */
export const corpusEntrySchema = z.strictObject({
  sentence: z.string().min(1).max(1024),
  /** What fixed it: the commit's message. */
  fixed: z.string().min(1).max(512),
  /** The invariant that it broke. */
  broke: z.string().min(1),
  seed: z.string().regex(/^[0-9]{1,20}$/),
  scenario: scenarioSchema,
});

export type CorpusEntry = z.output<typeof corpusEntrySchema>;
