import { errnoText } from '../../core/errors/errno.js';
import { escapeText } from '../../core/events/escape-text.js';
import { requestStates } from '../../core/machines/request-life.js';
import { describeRecord } from '../../core/request/describe-record.js';
import type { RequestRecord } from '../../core/request/record.js';
import { answerWay, offset, traceCapacity, traceEntryBytes } from '../../core/request/record-layout.js';
import type { Handler } from '../../core/steps/handler.js';
import type { HandlersOfRecord, ShownRecord } from '../journal/index.js';
import { syscallName } from './journal-handlers.js';

/** One step of a request, as it is shown. */
interface ShownStep {
  readonly step: string;
  readonly state: string;
  readonly elapsedUs: number;
  readonly result: number;
  readonly errno?: string;
}

interface EventPayload {
  readonly kind: string;
  readonly timeMs?: number;
  readonly draft?: { readonly type: string; readonly delegationId: string; readonly tenant: string };
  readonly identity?: { readonly key: number; readonly delegationId: string; readonly tenant: string };
  /** Of a listener that is gone. */
  readonly key?: number;
}

/** What `--json` prints of a record: one object. */
export function recordObject(shown: ShownRecord, handlersOf: HandlersOfRecord): Record<string, unknown> {
  const { segment, slot, ticket, record, text } = shown;
  const epoch = record.u32(offset.epoch);
  const place = { segment: segment.segment, slot, epoch, ...(ticket === undefined ? {} : { ticket }) };
  if (text !== undefined) {
    const payload = JSON.parse(text) as EventPayload;
    const time = payload.timeMs === undefined ? {} : { time: new Date(payload.timeMs).toISOString() };
    return { ...place, ...time, ...payload };
  }
  const receivedAtUs = record.f64(offset.receivedAtUs);
  return {
    ...place,
    kind: 'request',
    time: timeOf(shown, receivedAtUs),
    state: requestStates[record.u16(offset.state)] ?? `state ${record.u16(offset.state)}`,
    committed: ticket !== undefined,
    ...(shown.isSuperseded ? { superseded: true } : {}),
    listener: record.u32(offset.listener),
    policyDigest: record.u32(offset.policyDigest).toString(16).padStart(8, '0'),
    ...describeRecord(record, syscallName).data,
    ...(ticket === undefined ? { latencyUs: undefined } : {}),
    trace: stepsOf(record, handlersOf),
  };
}

/** ISO time with microseconds, or undefined before the request was begun. */
function timeOf({ segment }: ShownRecord, monotonicUs: number): string | undefined {
  const base = segment.truth.wallClockBaseMs;
  if (base === undefined || monotonicUs <= 0) return undefined;
  const us = Math.floor(base * 1_000 + monotonicUs);
  const ms = Math.floor(us / 1_000);
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return undefined;
  return `${new Date(ms).toISOString().slice(0, -1)}${String(us - ms * 1_000).padStart(3, '0')}Z`;
}

function stepsOf(record: RequestRecord, handlersOf: HandlersOfRecord): ShownStep[] {
  const handler = handlerOf(record, handlersOf(record));
  const count = Math.min(record.u16(offset.traceCount), traceCapacity);
  return Array.from({ length: count }, (_, index) => {
    const at = record.base + offset.trace + index * traceEntryBytes;
    const { u8, u16, i32 } = record.views;
    const number = u8[at] as number;
    const result = i32[(at + 4) >> 2] as number;
    return {
      step: handler?.steps[number]?.name ?? `step ${number}`,
      state: requestStates[u8[at + 1] as number] ?? `state ${u8[at + 1]}`,
      elapsedUs: u16[(at + 2) >> 1] as number,
      result,
      ...(result < 0 ? { errno: errnoText(-result) } : {}),
    };
  });
}

/** Only the last handler there is lets the kernel run a call; otherwise the first one made the record. */
function handlerOf(record: RequestRecord, handlers: readonly Handler[]): Handler | undefined {
  return record.u8(offset.way) === answerWay.continue ? handlers.at(-1) : handlers[0];
}

/** The lines that a person reads of a record. */
export function recordLines(shown: ShownRecord, handlersOf: HandlersOfRecord): string[] {
  const fields = recordObject(shown, handlersOf);
  const ticket = placeWord(shown);
  const start = `${String(fields['time'] ?? '(no time)').padEnd(27)}  ${ticket.padEnd(10)}`;
  if (shown.text !== undefined) return [`${start}  ${eventWords(fields as unknown as EventPayload)}`];
  return [`${start}  ${requestWords(fields)}`, `    ${placeWords(fields)}`, ...traceLines(fields)];
}

function placeWord({ ticket, isSuperseded }: ShownRecord): string {
  if (isSuperseded) return 'superseded';
  return ticket === undefined ? 'open' : `#${ticket}`;
}

function eventWords({ kind, draft, identity, key: gone }: EventPayload): string {
  if (kind === 'tick') return 'time passed without a record';
  if (kind === 'gone') return `listener ${gone}  is gone`;
  if (draft !== undefined) {
    const { type, delegationId, tenant } = draft;
    return escapeText(`event  ${type}  delegation ${delegationId}  tenant ${tenant}`, 300);
  }
  const { key, delegationId, tenant } = identity ?? { key: 0, delegationId: '?', tenant: '?' };
  return escapeText(`listener ${key}  of delegation ${delegationId}  tenant ${tenant}`, 300);
}

function requestWords(fields: Record<string, unknown>): string {
  const { threadId, syscall, flags, handleBytes, handleType, state, fileType, latencyUs } = fields;
  const words = [
    `thread ${threadId}`,
    String(syscall),
    Array.isArray(flags) ? flags.join('|') : '',
    typeof handleBytes === 'number' ? `handle of ${handleBytes} bytes, type ${handleType}` : '',
    typeof fileType === 'string' ? fileType : '',
    `${state}${resultWords(fields['result'])}`,
    typeof fields['reason'] === 'string' ? fields['reason'] : '',
    typeof fields['way'] === 'string' ? `by ${fields['way']}` : '',
    typeof latencyUs === 'number' ? `in ${latencyUs} us` : '',
  ];
  return words.filter((word) => word !== '').join('  ');
}

function resultWords(result: unknown): string {
  if (typeof result !== 'object' || result === null) return '';
  const { errno, value } = result as { errno?: string; value?: number };
  if (errno !== undefined) return ` = ${errno}`;
  return value === undefined ? ' by the kernel' : ` = ${value}`;
}

function placeWords(fields: Record<string, unknown>): string {
  const { requestId, notificationId, listener, mountId, keyId, policyDigest, recovery, opath } = fields;
  const words = [
    `request ${requestId}`,
    `notification ${notificationId}`,
    `listener ${listener}`,
    mountId === undefined ? '' : `mount ${mountId}`,
    keyId === undefined ? '' : `key ${keyId}`,
    `policy ${policyDigest}`,
    opath === undefined ? '' : `opath ${opath}`,
    recovery === 'none' ? '' : `recovery ${recovery}`,
  ];
  return words.filter((word) => word !== '').join(', ');
}

/** The steps, and after which of them the state is another. */
function traceLines(fields: Record<string, unknown>): string[] {
  const lines: string[] = [];
  let before = 'received';
  for (const { step, state, elapsedUs, result, errno } of fields['trace'] as ShownStep[]) {
    const when = elapsedUs === 0 ? '' : `+${elapsedUs} us`;
    const change = state === before ? '' : `  -> ${state}`;
    before = state;
    lines.push(`      ${when.padStart(9)}  ${step.padEnd(22)} ${errno ?? result}${change}`);
  }
  return lines;
}
