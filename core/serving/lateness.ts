import type { CompiledPolicy } from '../request/compiled-policy.js';
import type { RequestRecord } from '../request/record.js';
import { effectMark, offset } from '../request/record-layout.js';

/** Marks a call that has waited beyond the policy's deadline (`limits.deadlineMs`); steps have no clock. */
export function noteLateness(record: RequestRecord, { deadlineUs }: CompiledPolicy, nowUs: number): void {
  if (deadlineUs === 0 || nowUs - record.f64(offset.receivedAtUs) <= deadlineUs) return;
  record.setU16(offset.effectMark, record.u16(offset.effectMark) | effectMark.late);
}
