import type { RequestRecord } from '../../../core/request/record.js';
import { offset } from '../../../core/request/record-layout.js';
import { hotSyscalls } from '../native.js';
import { O } from '../open-flags.js';
import { notifyCommand } from '../seccomp.js';
import type { LoopListener } from './loop-listener.js';

/**
 * The ioctls of seccomp_unotify(2) on a request's listener. Their structures are built within the record, so
 * that the journal has them.
 */
export class Notifier {
  private readonly kernel = hotSyscalls();

  /** SECCOMP_IOCTL_NOTIF_ID_VALID: 0, or -ENOENT when nobody waits for the answer any more. */
  isValid(record: RequestRecord): number {
    return this.call(record, notifyCommand.ID_VALID, offset.notificationId);
  }

  /** SECCOMP_IOCTL_NOTIF_ADDFD, without SEND: the number in the caller's table. */
  addDescriptor(record: RequestRecord, descriptor: number, closeOnExec: boolean): number {
    copyId(record, offset.addfd);
    record.setU32(offset.addfdFlags, 0);
    record.setU32(offset.addfdSource, descriptor);
    record.setU32(offset.addfdTarget, 0);
    record.setU32(offset.addfdTargetFlags, closeOnExec ? O.CLOEXEC : 0);
    return this.call(record, notifyCommand.ADDFD, offset.addfd);
  }

  /** SECCOMP_IOCTL_NOTIF_SEND; `error` is 0 or minus an errno. */
  respond(record: RequestRecord, value: number, error: number, flags: number): number {
    copyId(record, offset.response);
    record.setI32(offset.responseValue, value);
    record.setI32(offset.responseValue + 4, value < 0 ? -1 : 0);
    record.setI32(offset.responseError, error);
    record.setU32(offset.responseFlags, flags);
    return this.call(record, notifyCommand.SEND, offset.response);
  }

  private call(record: RequestRecord, command: number, field: number): number {
    const { syscall, numbers } = this.kernel;
    const { descriptor } = record.listener as LoopListener;
    return syscall(numbers.ioctl, descriptor, command, record.addressOf(field));
  }
}

function copyId(record: RequestRecord, to: number): void {
  record.setU32(to, record.u32(offset.notificationId));
  record.setU32(to + 4, record.u32(offset.notificationId + 4));
}
