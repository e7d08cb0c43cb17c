import { RecordViews, RequestRecord } from '../../core/request/record.js';
import { offset, recordBytes, traceCapacity, traceEntryBytes } from '../../core/request/record-layout.js';

/** One result that a record keeps. */
export interface RecordedStep {
  readonly step: number;
  readonly state: number;
  readonly elapsedUs: number;
  readonly result: number;
}

/** A record of the journal: one process's part of a request. */
export interface RecordedRequest {
  readonly slot: number;
  readonly epoch: number;
  /** Its place in the order; undefined when its process did not live to finish it. */
  readonly ticket: number | undefined;
  readonly listener: number;
  readonly notificationId: bigint;
  readonly record: RequestRecord;
}

/** A record of its own with these bytes. */
export function recordOf(bytes: Uint8Array, slot: number): RequestRecord {
  const views = new RecordViews({ buffer: new Uint8Array(bytes).buffer, address: 0 });
  return new RequestRecord().attach(views, 0, slot);
}

export function bytesOf(record: RequestRecord): Uint8Array {
  return record.views.u8.subarray(record.base, record.base + recordBytes);
}

/** One name for all records of a call. */
export function callOf({ listener, notificationId }: RecordedRequest): string {
  return `${listener}/${notificationId}`;
}

/** The results that a record has, and whether some before the last are missing. */
export function stepsOf(record: RequestRecord): { steps: RecordedStep[]; isCut: boolean } {
  const count = record.u16(offset.traceCount);
  const steps: RecordedStep[] = [];
  for (let index = 0; index < Math.min(count, traceCapacity); index++) {
    const at = record.base + offset.trace + index * traceEntryBytes;
    const { u8, u16, i32 } = record.views;
    steps.push({
      step: u8[at] as number,
      state: u8[at + 1] as number,
      elapsedUs: u16[(at + 2) >> 1] as number,
      result: i32[(at + 4) >> 2] as number,
    });
  }
  return { steps, isCut: count > traceCapacity };
}
