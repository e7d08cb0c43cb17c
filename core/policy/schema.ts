import { z } from 'zod';
import { type ErrnoName, errnoNumbers } from '../errors/errno.js';

const errnoNames = Object.keys(errnoNumbers) as [ErrnoName, ...ErrnoName[]];

// Bounds keep one policy from using up memory or time; the file as a whole is bounded where it is read.
const pattern = z.string().min(1).max(256);
const name = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[^\p{Cc}]*$/u, 'expected no control characters');
const word = z
  .string()
  .max(64)
  .regex(/^[a-z0-9][a-z0-9_.-]*$/, 'expected lower-case letters, digits, _ . -');
const absolutePath = z
  .string()
  .max(4095)
  .regex(
    /^\/(?!.*\/\/)(?!.*\/\.\.?(\/|$))[^\p{Cc}]*$/u,
    "expected an absolute path without '//', '.' or '..' in it",
  );

export const syscallSchema = z.enum(['open_by_handle_at', 'name_to_handle_at']);

/** One mount that a target may use; `path` is where the target sees it. */
export const shareSchema = z.strictObject({ name, path: absolutePath, id: name.optional() });

export const limitsSchema = z.strictObject({
  inFlightPerTarget: z.int().min(1).max(65536).optional(),
  deadlineMs: z.int().min(0).max(3_600_000).optional(),
  deadlineErrno: z.enum(errnoNames).optional(),
});

/** Bounds keep a look each second from telling of what is no more than a pause. */
export const degradationSchema = z.strictObject({
  afterMs: z.union([z.literal(0), z.int().min(1_000).max(3_600_000)]).optional(),
  silentMs: z.union([z.literal(0), z.int().min(1_000).max(604_800_000)]).optional(),
});

const fieldShape = {
  syscalls: z.array(syscallSchema).max(64).optional(),
  shares: z.union([z.literal('all'), z.array(shareSchema).max(1024)]).optional(),
  filesystems: z.array(word).max(128).optional(),
  confinement: z.enum(['sealed', 'filesystem', 'none']).optional(),
  dac: z.enum(['enforce', 'capability']).optional(),
  opath: z.enum(['fast', 'exact']).optional(),
  placement: z.enum(['none', 'follow', 'pin']).optional(),
  strategies: z.array(word).min(1).max(16).optional(),
  record: z.enum(['each', 'failures', 'summary']).optional(),
  limits: limitsSchema.optional(),
  degradation: degradationSchema.optional(),
};

export const fieldsSchema = z.strictObject(fieldShape);

export const matchSchema = z.strictObject({ metadata: pattern.optional(), container: pattern.optional() });

export const ruleSchema = z.strictObject({ match: matchSchema, tenant: name.optional(), ...fieldShape });

/** A policy file as it is written; what it leaves out is filled in by parsePolicy. */
export const policySchema = z.strictObject({
  version: z.literal(1),
  defaults: fieldsSchema.optional(),
  targets: z.array(ruleSchema).max(4096).optional(),
});

/** A policy file's content, as written. */
export type PolicyInput = z.input<typeof policySchema>;
export type PolicyRule = z.output<typeof ruleSchema>;
export type Share = z.output<typeof shareSchema>;
export type Syscall = z.output<typeof syscallSchema>;
type Written = z.output<typeof fieldsSchema>;
export type Placement = NonNullable<Written['placement']>;

/** Bounds of one target. `deadlineMs` 0 means none. */
export interface Limits {
  readonly inFlightPerTarget: number;
  readonly deadlineMs: number;
  readonly deadlineErrno: ErrnoName;
}

/**
 * When it is told that a target does not use handles: so long after the last sign that it would, and so long
 * after its last call of any kind. 0: never.
 */
export interface Degradation {
  readonly afterMs: number;
  readonly silentMs: number;
}

/** The fields of a policy, each with a value. */
export interface PolicyFields {
  readonly syscalls: readonly Syscall[];
  readonly shares: 'all' | readonly Share[];
  readonly filesystems: readonly string[];
  readonly confinement: NonNullable<Written['confinement']>;
  readonly dac: NonNullable<Written['dac']>;
  readonly opath: NonNullable<Written['opath']>;
  readonly placement: Placement;
  readonly strategies: readonly string[];
  readonly record: NonNullable<Written['record']>;
  readonly limits: Limits;
  readonly degradation: Degradation;
}

/** A policy that has been checked, its defaults complete. */
export interface Policy {
  readonly version: 1;
  readonly defaults: PolicyFields;
  readonly targets: readonly PolicyRule[];
}

/** The JSON Schema of a policy file, for editors and other tools. */
export function policyJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(policySchema, { io: 'input' }) as Record<string, unknown>;
}
