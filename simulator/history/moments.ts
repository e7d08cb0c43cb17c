import { offset, recordKind } from '../../core/request/record-layout.js';
import { type RecordedRequest, type RecordedStep, stepsOf } from './recorded-request.js';

/** One thing that a recorded process did for a request, and when (monotonic microseconds of the machine). */
export interface Moment {
  readonly kind: 'begin' | 'step' | 'rest' | 'commit';
  readonly request: RecordedRequest;
  readonly timeUs: number;
  /** Of a step: its place among the record's results. */
  readonly index: number;
  readonly step: RecordedStep | undefined;
}

/** What each epoch did, in the order of time; ties in the order of slots. */
export function momentsOf(requests: readonly RecordedRequest[]): ReadonlyMap<number, readonly Moment[]> {
  const byEpoch = new Map<number, Moment[]>();
  for (const request of requests) {
    const known = byEpoch.get(request.epoch) ?? [];
    byEpoch.set(request.epoch, known);
    known.push(...momentsOfRecord(request));
  }
  for (const moments of byEpoch.values()) {
    moments.sort((a, b) => a.timeUs - b.timeUs || a.request.slot - b.request.slot || a.index - b.index);
  }
  return byEpoch;
}

function momentsOfRecord(request: RecordedRequest): Moment[] {
  const { record, ticket } = request;
  const receivedUs = record.f64(offset.receivedAtUs);
  const { steps, isCut } = stepsOf(record);
  // Where some results are missing, the last one is that of the last step.
  const known = isCut ? steps.slice(0, -1) : steps;
  let timeUs = receivedUs + (known[0]?.elapsedUs ?? 0);
  const moments: Moment[] = [{ kind: 'begin', request, timeUs, index: -1, step: undefined }];
  known.forEach((step, index) => {
    timeUs = Math.max(timeUs, receivedUs + step.elapsedUs);
    moments.push({ kind: 'step', request, timeUs, index, step });
  });
  const endUs = Math.max(timeUs, record.f64(offset.answeredAtUs));
  if (isCut) {
    const rest = { kind: 'rest', request, timeUs: endUs, index: known.length, step: steps.at(-1) } as const;
    moments.push(rest);
  }
  if (ticket !== undefined) {
    moments.push({ kind: 'commit', request, timeUs: endUs, index: known.length + 1, step: undefined });
  }
  return moments;
}

/** Was it received, and no more: its process died before it could begin? */
export function isBareReceipt({ record }: RecordedRequest): boolean {
  return record.u32(offset.kind) === recordKind.free;
}

/** Had another process the call before? */
export function isTakenOver({ record }: RecordedRequest, hasFormer: boolean): boolean {
  return hasFormer || record.u16(offset.formerStep) > 0;
}
