import type { CompiledPolicy } from '../../core/request/compiled-policy.js';
import type { RequestRecord } from '../../core/request/record.js';
import { effectMark, offset } from '../../core/request/record-layout.js';

/** Marks a call that has waited beyond the policy's deadline (`limits.deadlineMs`); steps have no clock. */
export function noteLateness(record: RequestRecord, { deadlineUs }: CompiledPolicy, nowUs: number): void {
  if (deadlineUs === 0 || nowUs - record.f64(offset.receivedAtUs) <= deadlineUs) return;
  record.setU16(offset.effectMark, record.u16(offset.effectMark) | effectMark.late);
}
