import type { KernelAbi } from '../ports/kernel.js';
import type { RequestRecord } from '../request/record.js';
import { offset } from '../request/record-layout.js';
import type { BrokerCall } from './messages.js';

const AT_EMPTY_PATH = 0x1000;

/** Who asks, and as the how manieth of this broker's: that tells those apart that are numbered alike. */
export interface AskedBy {
  readonly processId: number;
  readonly count: number;
  /** What came with the packet, in the broker's own table. */
  readonly descriptor: number;
}

/** Writes a call down as the kernel would have written a notification of it. */
export function fillBrokerRecord(record: RequestRecord, call: BrokerCall, by: AskedBy, abi: KernelAbi): void {
  const isOpen = call.type === 'open_by_handle_at';
  record.setU32(offset.threadId, by.processId);
  record.setU32(offset.syscallNumber, isOpen ? abi.openByHandleAt : abi.nameToHandleAt);
  record.setU32(offset.auditArchitecture, abi.auditArchitecture);
  const flagsAt = offset.arguments + (isOpen ? 2 : 4) * 8;
  record.setU32(offset.arguments, by.descriptor);
  record.setI32(flagsAt, isOpen ? call.flags : call.flags | AT_EMPTY_PATH);
  record.setU32(offset.handleBytes, isOpen ? call.handle.length : call.room);
  if (isOpen) {
    record.setI32(offset.handleType, call.handleType);
    record.views.u8.set(call.handle, record.base + offset.handleData);
  }
  // Last: it makes the slot a request's, which a successor would take over half filled.
  record.setU32(offset.notificationId + 4, by.count);
  record.setU32(offset.notificationId, call.id);
}
