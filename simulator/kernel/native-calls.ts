import { deputyError } from '../../core/errors/deputy-error.js';
import type { Kernel } from './kernel.js';
import { nameToHandle, openByHandle } from './native-handles.js';
import { flag, foreignBit, no, syscall } from './numbers.js';
import { SocketEnd } from './open-description.js';
import type { ModelThread } from './process.js';

/** struct msghdr of recvmsg(2), in bytes. */
const messageHeader = { control: 32, controlLength: 40, flags: 48 } as const;
const CLONE_FILES = 0x400;
const oneDescriptorLength = 20;
const oneDescriptorSpace = 24;
const SCM_RIGHTS = 1;
const SOL_SOCKET = 1;
const MSG_CTRUNC = 8;
const MSG_CMSG_CLOEXEC = 0x40000000;

/** What the kernel itself does on a call, with the caller's own rights. An unknown one fails loudly. */
export function runNative(kernel: Kernel, thread: ModelThread, number: number): number {
  const { registers, process } = thread;
  const argument = (index: number): number => registers.argument(index);
  // As a kernel without x32.
  if ((number & foreignBit) !== 0) return no('ENOSYS');
  switch (number) {
    case syscall.openByHandleAt:
      return openByHandle(kernel, thread, argument(0), argument(1));
    case syscall.nameToHandleAt:
      return nameToHandle(kernel, thread);
    case syscall.close:
      return thread.table.close(argument(0));
    case syscall.dup:
      return duplicateLowest(thread, argument(0));
    case syscall.unshare:
      return unshare(thread, argument(0));
    case syscall.dup3:
      return duplicate(thread, argument(0), argument(1), argument(2));
    case syscall.recvmsg:
      return receiveMessage(thread, argument(0), argument(1), argument(2));
    case syscall.mmap:
      return process.memory.map(argument(1));
    case syscall.munmap:
      return process.memory.unmap(argument(0)) ? 0 : no('EINVAL');
    default:
      throw deputyError('DEPUTY_E_MODEL_GAP', { what: `system call ${number}` });
  }
}

function duplicateLowest({ table }: ModelThread, from: number): number {
  const description = table.at(from);
  return description === undefined ? no('EBADF') : table.add(description);
}

/** unshare(2): of the table of descriptors only. */
function unshare(thread: ModelThread, flags: number): number {
  if (flags !== CLONE_FILES) throw deputyError('DEPUTY_E_MODEL_GAP', { what: `unshare(${flags})` });
  thread.unshareTable();
  return 0;
}

function duplicate({ table }: ModelThread, from: number, to: number, flags: number): number {
  const description = table.at(from);
  if (description === undefined) return no('EBADF');
  if (from === to) return no('EINVAL');
  if (to >= table.limit) return no('EBADF');
  table.put(to, description, (flags & flag.O_CLOEXEC) !== 0);
  return to;
}

/** recvmsg(2) of a datagram without bytes: what counts are the descriptors that come with it. */
function receiveMessage(
  { process, table }: ModelThread,
  number: number,
  header: number,
  flags: number,
): number {
  const socket = table.at(number);
  if (socket === undefined) return no('EBADF');
  if (!(socket instanceof SocketEnd)) return no('ENOTSOCK');
  const bytes = process.memory.view(header, 56);
  if (bytes === undefined || bytes.length < 56) return no('EFAULT');
  const passed = socket.queue.shift();
  if (passed === undefined) return no('EAGAIN');
  const words = new DataView(bytes.buffer, bytes.byteOffset);
  const control = Number(words.getBigUint64(messageHeader.control, true));
  const room = process.memory.view(control, oneDescriptorSpace);
  const given = table.add(passed, (flags & MSG_CMSG_CLOEXEC) !== 0);
  passed.release();
  if (given < 0 || room === undefined) {
    words.setBigUint64(messageHeader.controlLength, 0n, true);
    words.setUint32(messageHeader.flags, MSG_CTRUNC, true);
    return 0;
  }
  const message = new DataView(room.buffer, room.byteOffset);
  message.setBigUint64(0, BigInt(oneDescriptorLength), true);
  message.setInt32(8, SOL_SOCKET, true);
  message.setInt32(12, SCM_RIGHTS, true);
  message.setInt32(16, given, true);
  words.setBigUint64(messageHeader.controlLength, BigInt(oneDescriptorSpace), true);
  return 0;
}
