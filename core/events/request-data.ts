import { z } from 'zod';
import {
  codeSchema,
  countSchema,
  countsSchema,
  decimalSchema,
  errnoNameSchema,
  identifierSchema,
} from './vocabulary.js';

/** What the target's call returned: a value (a descriptor, say; absent where it is not known) or an errno. */
export const resultSchema = z.union([
  z.object({ errno: errnoNameSchema, number: z.int().min(1).max(4095) }),
  z.object({ value: z.int().optional(), errno: z.never().optional() }),
]);

export const recoverySchema = z.enum(['none', 'redone', 'answered-by-id', 'reissued']);
export const waySchema = z.enum(['send', 'addfd', 'inject', 'continue']);

/** What every event of a request says; what was never learnt of a request is left out. */
const requestShape = {
  requestId: identifierSchema,
  syscall: z.string().min(1).max(64),
  threadId: countSchema,
  notificationId: decimalSchema,
  flags: z.array(z.string().max(32)).max(64).optional(),
  handleBytes: countSchema.optional(),
  handleType: z.int().optional(),
  /** The key that the handle was sealed with, or says it was: eight hexadecimal digits. */
  keyId: z
    .string()
    .regex(/^[0-9a-f]{8}$/)
    .optional(),
  mountId: z.int().optional(),
  fileType: z.string().max(32).optional(),
  opath: z.enum(['fast', 'exact']).optional(),
  recovery: recoverySchema,
  latencyUs: z.number().min(0),
  steps: countSchema.optional(),
};

/** The target got the kernel's answer, be it a value or an error. */
export const answeredSchema = z.object({ ...requestShape, result: resultSchema, way: waySchema });

/** deputy said no; the reason is a code of core/errors/refusals.ts. */
export const refusedSchema = z.object({
  ...requestShape,
  result: resultSchema,
  reason: codeSchema,
  way: waySchema.optional(),
});

/** The target gave up (a signal, or it died) before it was answered. */
export const cancelledSchema = z.object({
  ...requestShape,
  result: resultSchema.optional(),
  reason: codeSchema.optional(),
  way: waySchema.optional(),
});

/** It is not known what became of the request. */
export const lostSchema = cancelledSchema;

/** What became of the requests of one second, where a policy wants no event for each. */
export const summarySchema = z.object({
  startedAt: z.iso.datetime(),
  durationMs: countSchema,
  requests: countsSchema,
  /** `counts[i]` took up to `bounds[i]` microseconds; the last one of `counts` took longer. */
  latencyUs: z.object({ bounds: z.array(z.number()).max(64), counts: z.array(countSchema).max(65) }),
});

export type RequestResult = z.output<typeof resultSchema>;
export type Recovery = z.output<typeof recoverySchema>;
export type Way = z.output<typeof waySchema>;
