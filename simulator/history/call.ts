import type { RequestRecord } from '../../core/request/record.js';
import { offset, recordKind } from '../../core/request/record-layout.js';
import type { Handler } from '../../core/steps/handler.js';
import { bytesOf, callOf, type RecordedRequest, recordOf, stepsOf } from './recorded-request.js';

/** A step that a replayed process took. */
export interface StepTaken {
  readonly supervisor: string;
  readonly name: string;
  readonly result: number;
  readonly isPure: boolean;
}

/** One process's part of a call, as it is replayed. */
export interface Life {
  readonly call: Call;
  readonly record: RequestRecord;
  handler: Handler;
  readonly taken: (StepTaken & { readonly isAssumed: boolean; readonly isForced: boolean })[];
  isParked: boolean;
  isEnded: boolean;
  isCommitted: boolean;
}

/** A call of a target, over all processes that had it in hand. */
export interface Call {
  /** As events have it: the request's id in its last record. */
  readonly name: string;
  readonly listener: number;
  readonly recorded: readonly RecordedRequest[];
  /** Its last record. */
  readonly source: RequestRecord;
  readonly lives: Life[];
  /** It goes on without what was recorded. */
  isModelled: boolean;
  /** It was never made: its target is gone. */
  isNever: boolean;
}

/** The calls of a history, by listener and notification. */
export function makeCalls(requests: readonly RecordedRequest[]): ReadonlyMap<string, Call> {
  const grouped = new Map<string, RecordedRequest[]>();
  for (const request of requests) {
    const key = callOf(request);
    grouped.set(key, [...(grouped.get(key) ?? []), request]);
  }
  const calls = new Map<string, Call>();
  for (const [key, recorded] of grouped) {
    const last = recorded.at(-1) as RecordedRequest;
    const first = recorded[0] as RecordedRequest;
    calls.set(key, {
      name: `${first.epoch}-${first.slot}`,
      listener: last.listener,
      recorded,
      source: last.record,
      lives: [],
      isModelled: false,
      isNever: false,
    });
  }
  return calls;
}

/** Steps whose result depends on the call's arguments and on files only, so that it is the same again. */
const lasting: ReadonlySet<string> = new Set([
  'identify-thread',
  'read-handle',
  'read-path',
  'find-mount',
  'locate-mount',
  'check-root',
  'verify-seal',
  'describe-file',
  'describe-opened',
  'check-opened',
  'check-access',
  'encode-handle',
  'seal-handle',
  'write-mount-id',
  'write-handle',
]);
const opening: ReadonlySet<string> = new Set([
  'open-mount',
  'open-probe',
  'open-path',
  'open-direct',
  'open',
]);

/** What a step gave in any record of its call, where that says what it gives again. */
export function likelyResult({ recorded }: Call, number: number, name: string): number | undefined {
  for (const { record } of [...recorded].reverse()) {
    const found = stepsOf(record).steps.find(({ step }) => step === number);
    if (found === undefined) continue;
    if (lasting.has(name) || (opening.has(name) && found.result < 0)) return found.result;
  }
  return undefined;
}

/** What a successor finds of a call: the replayed record, or one like it. */
export function formerBytes(call: Call, request: RecordedRequest | undefined): Uint8Array {
  const last = call.lives.at(-1);
  if (last !== undefined) return bytesOf(last.record).slice();
  const made = recordOf(bytesOf((request as RecordedRequest).record), 0);
  const left = made.u16(offset.formerStep);
  made.setU32(offset.kind, left === 0 ? recordKind.free : recordKind.request);
  made.setU16(offset.step, Math.max(0, left - 1));
  made.setU16(offset.state, made.u16(offset.formerState));
  made.setU16(offset.traceCount, 0);
  made.setU32(offset.commit, 0);
  return bytesOf(made);
}
