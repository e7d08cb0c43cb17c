import { z } from 'zod';
import { traceLimits } from './limits.js';
import { actorKinds, entryTypes, outcomes } from './vocabulary.js';

/** The format's name and version, in every header. */
export const traceFormat = 'deputy-trace';
export const traceVersion = 1;

const name = z.string().min(1).max(traceLimits.nameLength);
const count = z.int().nonnegative();
const fields = z.record(z.string(), z.unknown());
const hash = z.string().regex(/^[0-9a-f]{16}$/, 'must be 16 hex digits');

/** Who takes part in a run. Later ones are announced by an entry of type 'actor' with kind and label. */
export const traceActorSchema = z.strictObject({
  id: name,
  kind: z.enum(actorKinds),
  label: z.string().max(traceLimits.nameLength),
});

/** Line 1: all that is needed to run the same again. */
export const traceHeaderSchema = z.strictObject({
  kind: z.literal('header'),
  format: z.literal(traceFormat),
  version: z.literal(traceVersion),
  build: name,
  seed: z.string().regex(/^[0-9]{1,20}$/, 'must be a decimal number of 64 bits'),
  scenario: z.looseObject({ name }),
  options: fields,
  actors: z.array(traceActorSchema).max(traceLimits.actors),
  hash,
});

/** One thing that happened. */
export const traceEntrySchema = z.strictObject({
  kind: z.literal('entry'),
  sequence: count,
  /** Virtual time since the start of the run. */
  timeUs: count,
  actor: name,
  type: z.enum(entryTypes),
  name,
  /** For a 'state': the whole state of what `name` names; readers show what changed. */
  detail: fields,
  /** The sequence of the entry that led to this one. */
  cause: count.nullable(),
  /** The request that it belongs to, renamed by first appearance. */
  request: name.nullable(),
  hash,
});

/** An invariant that did not hold, and the entry at which this showed. */
export const traceViolationSchema = z.strictObject({
  invariant: name,
  sentence: z.string().max(traceLimits.sentenceLength),
  sequence: count,
  detail: fields,
});

/** The last line. */
export const traceEndSchema = z.strictObject({
  kind: z.literal('end'),
  steps: count,
  timeUs: count,
  outcome: z.enum(outcomes),
  violations: z.array(traceViolationSchema).max(traceLimits.violations),
  stateHash: z.string().max(traceLimits.nameLength),
  hash,
});

type Frozen<T> = { readonly [Key in keyof T]: T[Key] };
export type TraceActor = Frozen<z.infer<typeof traceActorSchema>>;
export type TraceHeader = Frozen<z.infer<typeof traceHeaderSchema>>;
export type TraceEntry = Frozen<z.infer<typeof traceEntrySchema>>;
export type TraceViolation = Frozen<z.infer<typeof traceViolationSchema>>;
export type TraceEnd = Frozen<z.infer<typeof traceEndSchema>>;

/** A whole trace, as read. */
export interface Trace {
  readonly header: TraceHeader;
  readonly entries: readonly TraceEntry[];
  readonly end: TraceEnd;
}
