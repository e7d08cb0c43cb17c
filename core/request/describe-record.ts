import { errnoText } from '../errors/errno.js';
import { type RefusalCode, refusalCodeById } from '../errors/refusals.js';
import type { ErrorCode } from '../errors/table.js';
import { JsonBytes } from '../events/json-bytes.js';
import { requestState } from '../machines/request-life.js';
import { fileTypeNames } from '../ports/kernel.js';
import { openFlagsText } from './open-flag-names.js';
import type { RequestRecord } from './record.js';
import {
  answerWayNames,
  injectionOutcome,
  offset,
  openMode,
  openModeNames,
  recoveryNames,
} from './record-layout.js';

const windowKilled: ErrorCode = 'DEPUTY_E_INJECTION_WINDOW_KILLED';
const handlerFailed: RefusalCode = 'DEPUTY_E_REFUSED_HANDLER_FAILED';

/** The types of event that a finished request can become. */
export type RequestEventType = 'request.answered' | 'request.refused' | 'request.cancelled' | 'request.lost';

/** The event that a finished request becomes: its type and its data. */
export interface RequestEventParts {
  readonly type: RequestEventType;
  readonly data: Record<string, unknown>;
}

/** Names of the calls that deputy answers, by number, on the machine that wrote the record. */
export type SyscallNames = (number: number) => string;

/** Turns a committed record into its one event. Pure. */
export function describeRecord(record: RequestRecord, syscallName: SyscallNames): RequestEventParts {
  const json = new JsonBytes();
  writeRecord(json, record, syscallName);
  const text = new TextDecoder().decode(json.bytes.subarray(0, json.length));
  return { type: recordType(record), data: JSON.parse(text) as Record<string, unknown> };
}

/** The type of the event that a committed record becomes. Pure. */
export function recordType(record: RequestRecord): RequestEventType {
  const state = record.u16(offset.state);
  if (state === requestState.answered) return 'request.answered';
  if (state === requestState.refused) return 'request.refused';
  return state === requestState.cancelled ? 'request.cancelled' : 'request.lost';
}

/** Appends the data of that event. Every text in it is a name of ours, so nothing needs escaping. */
export function writeRecord(json: JsonBytes, record: RequestRecord, syscallName: SyscallNames): void {
  const syscall = syscallName(record.syscallNumber);
  json.ascii('{"requestId":"').integer(record.u32(offset.epoch)).ascii('-').integer(record.slot);
  json.ascii('","syscall":').name(syscall);
  json.ascii(',"threadId":').integer(record.threadId);
  const { notificationId } = offset;
  json.ascii(',"notificationId":"').unsigned64(record.u32(notificationId), record.u32(notificationId + 4));
  json.ascii('","recovery":').name(recoveryNames[record.u8(offset.recovery)] ?? 'none');
  writeLatency(json, record);
  json.ascii(',"steps":').integer(record.u16(offset.traceCount));
  const handleBytes = record.u32(offset.handleBytes);
  if (handleBytes > 0) {
    json.ascii(',"handleBytes":').integer(handleBytes);
    json.ascii(',"handleType":').integer(record.i32(offset.handleType));
  }
  const keyId = record.u32(offset.keyId);
  if (keyId > 0) json.ascii(',"keyId":').name(keyId.toString(16).padStart(8, '0'));
  const mountId = record.f64(offset.mountId);
  if (mountId > 0) json.ascii(',"mountId":').integer(mountId);
  if (syscall === 'open_by_handle_at') writeOpen(json, record);
  writeResult(json, record);
  json.ascii('}');
}

/** Microseconds with one decimal. */
function writeLatency(json: JsonBytes, record: RequestRecord): void {
  const tenths = Math.round((record.f64(offset.answeredAtUs) - record.f64(offset.receivedAtUs)) * 10);
  const known = Math.max(tenths, 0);
  const decimal = known % 10;
  json.ascii(',"latencyUs":').integer((known - decimal) / 10);
  if (decimal > 0) json.ascii('.').integer(decimal);
}

function writeOpen(json: JsonBytes, record: RequestRecord): void {
  json.ascii(',"flags":').ascii(openFlagsText(record.argumentInt(2)));
  const type = fileTypeNames[record.u8(offset.fileType)];
  if (type !== undefined) json.ascii(',"fileType":').name(type);
  const mode = record.u8(offset.openMode);
  if (mode === openMode.fast || mode === openMode.exact) {
    json.ascii(',"opath":').name(openModeNames[mode] as string);
  }
}

function writeResult(json: JsonBytes, record: RequestRecord): void {
  const state = record.u16(offset.state);
  if (state === requestState.cancelled && record.u16(offset.injectionOutcome) === injectionOutcome.killed) {
    // Not the target's own doing: deputy ended it rather than let it go on with wrong registers.
    json.ascii(',"reason":').name(windowKilled);
  }
  if (state !== requestState.answered && state !== requestState.refused) return;
  const way = record.u8(offset.way);
  const wayName = way === 0 ? 'send' : (answerWayNames[way] ?? 'send');
  const result = record.i32(offset.result);
  json.ascii(',"result":{');
  if (result < 0) json.ascii('"errno":').name(errnoText(-result)).ascii(',"number":').integer(-result);
  else if (wayName !== 'continue') json.ascii('"value":').integer(result);
  json.ascii('}');
  if (state === requestState.answered) json.ascii(',"way":').name(wayName);
  else json.ascii(',"reason":').name(refusalCodeById(record.u16(offset.reason)) ?? handlerFailed);
}
