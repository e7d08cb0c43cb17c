import { requestState } from '../machines/request-life.js';
import { type Handler, recoveryStepCount } from '../steps/handler.js';
import type { RequestRecord } from './record.js';
import { offset, recordKind, recoveryKind } from './record-layout.js';

/** Fields that belong to the slot and its writer, not to the request: they are not taken over. */
const kept = [offset.listener, offset.epoch] as const;
const keptAtEnd = offset.ticket;

/**
 * Makes `record`, a free slot, the one in which a successor goes on with a request: all that `former` (the
 * bytes of the predecessor's record) knows, at the first step of the handler's recovery.
 */
export function takeOverRecord(
  record: RequestRecord,
  former: Uint8Array,
  handlerOf: (record: RequestRecord) => Handler,
): Handler {
  const values = kept.map((field) => record.u32(field));
  record.views.u8.set(former.subarray(0, keptAtEnd), record.base);
  kept.forEach((field, index) => {
    record.setU32(field, values[index] as number);
  });
  // Received, and no further: its writer had not even set the first step.
  const begun = record.u32(offset.kind) === recordKind.request;
  record.setU32(offset.kind, recordKind.request);
  const left = record.u16(offset.step);
  const state = record.u16(offset.state);
  record.setU16(offset.state, requestState.received);
  record.setU16(offset.traceCount, 0);
  record.setU16(offset.injectionOutcome, 0);
  record.setU8(offset.recovery, recoveryKind.redone);
  // The descriptors went with the predecessor.
  record.setI32(offset.sourceDescriptor, -1);
  record.setI32(offset.probeDescriptor, -1);
  const handler = handlerOf(record);
  // Who died while it recovered had done nothing itself: what counts is where its own predecessor left off.
  const wasRecovering = left >= handler.recover && left < handler.recover + recoveryStepCount;
  if (!begun || !wasRecovering) {
    record.setU16(offset.formerStep, begun ? left + 1 : 0);
    record.setU16(offset.formerState, state);
  }
  record.setU16(offset.step, handler.recover);
  return handler;
}
