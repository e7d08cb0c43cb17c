import { OpenRecordScan } from '../../core/journal/open-record-scan.js';
import type { Call } from './call.js';
import { bytesOf } from './recorded-request.js';

/** Calls that somebody received and nobody has finished, as the real search of a successor finds them. */
export function findOpenCalls(calls: ReadonlyMap<string, Call>): Call[] {
  const committed = new Set<number>();
  const scan = new OpenRecordScan((_, slot) => committed.has(slot));
  const lives = [...calls.values()].flatMap(({ lives: own }) => own);
  for (const { isCommitted, record } of lives) if (isCommitted) committed.add(record.slot);
  for (const { record } of lives.sort((a, b) => a.record.slot - b.record.slot)) {
    const bytes = bytesOf(record);
    scan.judge(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, record.slot);
  }
  return scan
    .found()
    .map(({ listener, notificationId }) => calls.get(`${listener}/${notificationId}`))
    .filter((call) => call !== undefined);
}
