import type { KernelAbi } from '../ports/kernel.js';
import type { RequestRecord } from '../request/record.js';
import { offset, recordKind, recoveryKind } from '../request/record-layout.js';
import { takeOverRecord } from '../request/recovered-record.js';
import type { Handler, HandlerOf } from '../steps/handler.js';
import { noteLateness } from './lateness.js';
import type { ServedState } from './served-state.js';

/** Makes a record that RECV has just filled a request at its first step. Returns its handler. */
export function beginRequest(
  record: RequestRecord,
  served: ServedState,
  handlerOf: HandlerOf,
  abi: KernelAbi,
  receivedAtUs: number,
): Handler {
  record.listener = served.listener;
  record.setF64(offset.receivedAtUs, receivedAtUs);
  record.setI32(offset.sourceDescriptor, -1);
  record.setI32(offset.probeDescriptor, -1);
  record.setU32(offset.policyDigest, served.policy.digest);
  if (served.reissued.size > 0 && served.reissued.delete(record.threadId)) {
    record.setU8(offset.recovery, recoveryKind.reissued);
  }
  const handler = handlerOf(record, abi, served.policy);
  record.setU16(offset.step, handler.first);
  // Last: a successor takes a slot without it as received, and no further.
  record.setU32(offset.kind, recordKind.request);
  return handler;
}

/** Makes a free record one in which a request goes on that another process had received. */
export function takeOverRequest(
  record: RequestRecord,
  served: ServedState,
  former: Uint8Array,
  handlerOf: HandlerOf,
  abi: KernelAbi,
  nowUs: number,
): Handler {
  record.listener = served.listener;
  const handler = takeOverRecord(record, former, (one) => handlerOf(one, abi, served.policy));
  if (record.f64(offset.receivedAtUs) === 0) record.setF64(offset.receivedAtUs, nowUs);
  noteLateness(record, served.policy, nowUs);
  return handler;
}
