import type { RequestRecord } from '../../core/request/record.js';
import { offset } from '../../core/request/record-layout.js';
import type { Notification } from '../kernel/filter.js';
import { abi } from '../kernel/numbers.js';

/** What RECV writes into its buffer, which is the journal's slot (struct seccomp_notif). */
export function fillNotification(record: RequestRecord, notification: Notification): void {
  const { u64 } = record.views;
  u64[(record.base + offset.notificationId) >> 3] = notification.id;
  record.setU32(offset.threadId, notification.thread.threadId);
  record.setU32(offset.syscallNumber, notification.number);
  record.setU32(offset.auditArchitecture, abi.auditArchitecture);
  putWord(record, offset.instructionPointer, notification.instructionPointer);
  notification.values.forEach((value, index) => {
    putWord(record, offset.arguments + index * 8, value);
  });
}

/** A signed 64-bit word, without making a BigInt. */
function putWord(record: RequestRecord, field: number, value: number): void {
  record.setU32(field, value % 0x1_0000_0000);
  record.setU32(field + 4, Math.floor(value / 0x1_0000_0000));
}
