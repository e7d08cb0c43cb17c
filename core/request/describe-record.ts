import { errnoText } from '../errors/errno.js';
import { refusalCodeById } from '../errors/refusals.js';
import { requestState } from '../machines/request.js';
import { fileTypeNames } from '../ports/kernel.js';
import { openFlagNames } from './open-flag-names.js';
import type { RequestRecord } from './record.js';
import { answerWayNames, offset, openMode, openModeNames, recoveryNames } from './record-layout.js';

/** The event that a finished request becomes: its type and its data. */
export interface RequestEventParts {
  readonly type: 'request.answered' | 'request.refused' | 'request.cancelled' | 'request.lost';
  readonly data: Record<string, unknown>;
}

/** Names of the calls that deputy answers, by number, on the machine that wrote the record. */
export type SyscallNames = (number: number) => string;

/** Turns a committed record into its one event. Pure. */
export function describeRecord(record: RequestRecord, syscallName: SyscallNames): RequestEventParts {
  const state = record.u16(offset.state);
  const data = commonData(record, syscallName);
  const result = record.i32(offset.result);
  if (state === requestState.answered) {
    return {
      type: 'request.answered',
      data: { ...data, result: resultOf(record, result), way: wayOf(record) },
    };
  }
  if (state === requestState.refused) {
    const reason = refusalCodeById(record.u16(offset.reason)) ?? 'DEPUTY_E_REFUSED_HANDLER_FAILED';
    return { type: 'request.refused', data: { ...data, result: resultOf(record, result), reason } };
  }
  return { type: state === requestState.cancelled ? 'request.cancelled' : 'request.lost', data };
}

function commonData(record: RequestRecord, syscallName: SyscallNames): Record<string, unknown> {
  const syscall = syscallName(record.syscallNumber);
  const latencyUs = record.f64(offset.answeredAtUs) - record.f64(offset.receivedAtUs);
  const data: Record<string, unknown> = {
    requestId: `${record.u32(offset.epoch)}-${record.slot}`,
    syscall,
    threadId: record.threadId,
    notificationId: record.notificationId.toString(),
    recovery: recoveryNames[record.u8(offset.recovery)] ?? 'none',
    latencyUs: latencyUs > 0 ? Math.round(latencyUs * 10) / 10 : 0,
    steps: record.u16(offset.traceCount),
  };
  const handleBytes = record.u32(offset.handleBytes);
  if (handleBytes > 0) {
    data['handleBytes'] = handleBytes;
    data['handleType'] = record.i32(offset.handleType);
  }
  if (record.f64(offset.mountId) > 0) data['mountId'] = record.f64(offset.mountId);
  if (syscall === 'open_by_handle_at') describeOpen(record, data);
  return data;
}

function describeOpen(record: RequestRecord, data: Record<string, unknown>): void {
  data['flags'] = openFlagNames(record.argumentInt(2));
  const type = fileTypeNames[record.u8(offset.fileType)];
  if (type !== undefined) data['fileType'] = type;
  const mode = record.u8(offset.openMode);
  if (mode === openMode.fast || mode === openMode.exact) data['opath'] = openModeNames[mode];
}

function wayOf(record: RequestRecord): string {
  const way = record.u8(offset.way);
  return way === 0 ? 'send' : (answerWayNames[way] ?? 'send');
}

function resultOf(record: RequestRecord, result: number): Record<string, unknown> {
  if (result < 0) return { errno: errnoText(-result), number: -result };
  return wayOf(record) === 'continue' ? {} : { value: result };
}
