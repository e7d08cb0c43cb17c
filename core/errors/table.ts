import { brokerErrors } from './tables/broker.js';
import { delegationErrors } from './tables/delegation.js';
import type { ErrorEntry } from './tables/entry.js';
import { inputErrors } from './tables/input.js';
import { machineErrors } from './tables/machine.js';
import { notifierErrors } from './tables/notifier.js';
import { payloadErrors } from './tables/payload.js';
import { simulationErrors } from './tables/simulation.js';
import { storageErrors } from './tables/storage.js';
import { streamErrors } from './tables/stream.js';
import { traceErrors } from './tables/trace.js';

export type { ErrorEntry } from './tables/entry.js';

/** Every coded error there is; docs/errors.md is generated from it. */
export const errorTable = {
  ...inputErrors,
  ...machineErrors,
  ...storageErrors,
  ...streamErrors,
  ...delegationErrors,
  ...payloadErrors,
  ...brokerErrors,
  ...notifierErrors,
  ...simulationErrors,
  ...traceErrors,
} as const satisfies Record<`DEPUTY_E_${string}`, ErrorEntry>;

/** The code of a DeputyError. */
export type ErrorCode = keyof typeof errorTable;

/** Is this string the code of a known error? */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorTable, code);
}
