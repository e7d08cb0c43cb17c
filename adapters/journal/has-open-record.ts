import { eventPayload, recordAreaOffset, recordsPerSegment } from '../../core/journal/segment-layout.js';
import { offset, recordBytes, recordKind } from '../../core/request/record-layout.js';

/**
 * Has a segment a request that was received and not finished? Between receiving one and naming it the kernel
 * has written its id into the slot, and nothing else has.
 */
export function hasOpenRecord(segment: ArrayBuffer): boolean {
  const words = new Uint32Array(segment);
  for (let place = 0; place < recordsPerSegment; place++) {
    const base = (recordAreaOffset + place * recordBytes) >> 2;
    const kind = words[base + (offset.kind >> 2)];
    if (kind === recordKind.event) {
      // The payload's further slots hold text.
      place += Math.max(1, words[base + (eventPayload.slots >> 2)] as number) - 1;
      continue;
    }
    const isRequest = kind === recordKind.request || words[base + (offset.notificationId >> 2)] !== 0;
    if (isRequest && words[base + (offset.commit >> 2)] === 0) return true;
  }
  return false;
}
