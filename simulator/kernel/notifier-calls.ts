import { deputyError } from '../../core/errors/deputy-error.js';
import { notifyCommand } from '../../core/injector/injector-kernel.js';
import { type Filter, ListenerEnd, type Notification } from './filter.js';
import { abi, flag, no } from './numbers.js';
import type { ModelProcess } from './process.js';

const SYNC_WAKE_UP = 1;
const CONTINUE = 1;
const addFlag = { setNumber: 1, send: 2 } as const;

/** Where the caller's structure is: in these bytes, where nothing is mapped, or where it can't be written. */
export type NotifierBytes = Uint8Array | 'nowhere' | 'read-only';

/**
 * The ioctls of seccomp_unotify(2) on a listener, with their structures as bytes (linux/seccomp.h), in the
 * order of the kernel's own checks (kernel/seccomp.c). Bytes may be where nothing is, or can't be written.
 * For RECV the caller has polled: what would wait is a defect of the model's user.
 */
export function notifierCall(
  process: ModelProcess,
  descriptor: number,
  command: number,
  bytes: NotifierBytes,
): number {
  const listener = process.table.at(descriptor);
  if (listener === undefined) return no('EBADF');
  if (!(listener instanceof ListenerEnd)) return no('ENOTTY');
  const { filter } = listener;
  if (command === notifyCommand.SET_FLAGS) return setFlags(bytes);
  if (command === notifyCommand.RECV) return receive(filter, bytes);
  const known = [notifyCommand.SEND, notifyCommand.ID_VALID, notifyCommand.ADDFD] as number[];
  if (!known.includes(command)) return no('EINVAL');
  if (bytes === 'nowhere' || bytes === 'read-only') return no('EFAULT');
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const id = words.getBigUint64(0, true);
  if (command === notifyCommand.ID_VALID) return filter.check(id);
  return command === notifyCommand.SEND ? send(filter, id, words) : addDescriptor(process, filter, id, words);
}

/** The flags are the argument itself: its low byte. */
function setFlags(bytes: NotifierBytes): number {
  return typeof bytes === 'string' || ((bytes[0] ?? 0) & ~SYNC_WAKE_UP) !== 0 ? no('EINVAL') : 0;
}

function receive(filter: Filter, bytes: NotifierBytes): number {
  if (bytes === 'nowhere') return no('EFAULT');
  if (bytes !== 'read-only' && bytes.some((byte) => byte !== 0)) return no('EINVAL');
  const notification = filter.receiveAnyway();
  if (notification === undefined) throw deputyError('DEPUTY_E_MODEL_GAP', { what: 'a RECV that waits' });
  if (typeof notification === 'number') return notification;
  if (bytes === 'read-only') {
    filter.putBack(notification);
    return no('EFAULT');
  }
  writeNotification(notification, new DataView(bytes.buffer, bytes.byteOffset));
  return 0;
}

/** struct seccomp_notif. */
function writeNotification(notification: Notification, words: DataView): void {
  words.setBigUint64(0, notification.id, true);
  words.setUint32(8, notification.thread.threadId, true);
  words.setInt32(16, notification.number, true);
  words.setUint32(20, abi.auditArchitecture, true);
  words.setBigInt64(24, BigInt(notification.instructionPointer), true);
  notification.values.forEach((value, index) => {
    words.setBigInt64(32 + 8 * index, BigInt(value), true);
  });
}

/** struct seccomp_notif_resp. */
function send(filter: Filter, id: bigint, words: DataView): number {
  const value = Number(words.getBigInt64(8, true));
  const error = words.getInt32(16, true);
  const flags = words.getUint32(20, true);
  if ((flags & ~CONTINUE) !== 0) return no('EINVAL');
  const isContinue = flags === CONTINUE;
  if (isContinue && (value !== 0 || error !== 0)) return no('EINVAL');
  return filter.send(id, { value, error, isContinue });
}

/** struct seccomp_notif_addfd. */
function addDescriptor(process: ModelProcess, filter: Filter, id: bigint, words: DataView): number {
  const flags = words.getUint32(8, true);
  const number = words.getUint32(16, true);
  const newFlags = words.getUint32(20, true);
  const sets = (flags & addFlag.setNumber) !== 0;
  if ((newFlags & ~flag.O_CLOEXEC) !== 0) return no('EINVAL');
  if ((flags & ~(addFlag.setNumber | addFlag.send)) !== 0) return no('EINVAL');
  if (number !== 0 && !sets) return no('EINVAL');
  const source = process.table.at(words.getUint32(12, true));
  const closeOnExec = (newFlags & flag.O_CLOEXEC) !== 0;
  const answers = (flags & addFlag.send) !== 0;
  return filter.addDescriptor(id, source, closeOnExec, sets ? number : undefined, answers);
}
