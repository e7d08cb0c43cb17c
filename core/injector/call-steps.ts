import { startCall } from './injected-call.js';
import { type Injection, pageBytes, place, scratchBytes, scratchControlAt } from './injection.js';
import { messageHeader } from './injector-kernel.js';
import { replyNote, replyReason, requestFlag } from './protocol.js';
import { getWord } from './ptrace-words.js';
import { subStep } from './sub-steps.js';
import { writeScratch } from './window-steps.js';

const EIO = -5;
const EMFILE = -24;
const O_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_CMSG_CLOEXEC = 0x40000000;
const PROT_READ_WRITE = 3;
const MAP_PRIVATE_ANONYMOUS = 0x22;
/** cmsg_len of one descriptor: header of 16 bytes, and 4. */
const oneDescriptorLength = 20;

/** Sub-step 14. */
export function mapScratch(injection: Injection): number {
  return startCall(
    injection,
    injection.kernel.numbers.mmap,
    0,
    pageBytes,
    PROT_READ_WRITE,
    MAP_PRIVATE_ANONYMOUS,
    -1,
    0,
  );
}

export function scratchMapped(injection: Injection, result: number): number {
  if (result < 0) return give(injection, EIO, replyReason.injectedCallFailed);
  injection.scratchAddress = result;
  injection.scratchIsPage = true;
  injection.notes |= replyNote.privatePage;
  if (writeScratch(injection, result) === scratchBytes) return subStep.receive;
  return give(injection, EIO, replyReason.injectedCallFailed);
}

/** Sub-step 9. MSG_CMSG_CLOEXEC, since another thread may fork and execute in between. */
export function receive(injection: Injection): number {
  const flags = MSG_DONTWAIT | MSG_CMSG_CLOEXEC;
  return startCall(
    injection,
    injection.kernel.numbers.recvmsg,
    injection.socket,
    injection.scratchAddress,
    flags,
  );
}

export function received(injection: Injection, result: number): number {
  const { memory, threadId, scratchAddress } = injection;
  if (result < 0) return give(injection, EIO, replyReason.injectedCallFailed);
  const copied = injection.kernel.readThreadMemory(
    threadId,
    scratchAddress,
    injection.at(place.scratch),
    scratchBytes,
  );
  if (copied !== scratchBytes) return give(injection, EIO, replyReason.injectedCallFailed);
  const filled = getWord(memory, place.scratch + messageHeader.controlLength);
  const length = getWord(memory, place.scratch + scratchControlAt);
  if (filled < oneDescriptorLength || length !== oneDescriptorLength) {
    // The kernel drops a descriptor that finds no free number: MSG_CTRUNC, and no control message.
    return give(injection, EMFILE, replyReason.tableFull);
  }
  injection.receivedDescriptor = memory.i32[(place.scratch + scratchControlAt + 16) >> 2] as number;
  if (injection.kernel.hasRemedy('dup3')) return subStep.renumber;
  injection.delivered = injection.receivedDescriptor;
  return subStep.closeSocket;
}

/** Sub-step 10: the socket's number was the lowest free one, and an open gives that. */
export function renumber(injection: Injection): number {
  const flags = (injection.flags & requestFlag.closeOnExec) !== 0 ? O_CLOEXEC : 0;
  return startCall(
    injection,
    injection.kernel.numbers.dup3,
    injection.receivedDescriptor,
    lowestNumber(injection),
    flags,
  );
}

/** What a killed injector left behind is replaced by what it was to bring. */
function lowestNumber({ strays }: Injection): number {
  return Math.min(...strays);
}

export function renumbered(injection: Injection, result: number): number {
  if (result === lowestNumber(injection)) {
    injection.delivered = result;
    dropStray(injection, result);
  } else injection.fail(EIO, replyReason.injectedCallFailed);
  return subStep.closeReceived;
}

/** Sub-step 11. */
export function closeReceived(injection: Injection): number {
  return startCall(injection, injection.kernel.numbers.close, injection.receivedDescriptor);
}

export function receivedClosed(injection: Injection): number {
  injection.receivedDescriptor = -1;
  return injection.strays.length > 0 ? subStep.closeSocket : afterCalls(injection);
}

/** Sub-step 16, once for each. */
export function closeSocket(injection: Injection): number {
  return startCall(injection, injection.kernel.numbers.close, injection.strays[0] as number);
}

export function socketClosed(injection: Injection): number {
  dropStray(injection, injection.strays[0] as number);
  return injection.strays.length > 0 ? subStep.closeSocket : afterCalls(injection);
}

function dropStray(injection: Injection, number: number): void {
  if (number !== injection.socket) injection.closedLeft = true;
  injection.strays = injection.strays.filter((one) => one !== number);
}

/** Sub-step 15. */
export function unmapScratch(injection: Injection): number {
  return startCall(injection, injection.kernel.numbers.munmap, injection.scratchAddress, pageBytes);
}

export function scratchUnmapped(injection: Injection): number {
  injection.scratchAddress = 0;
  injection.scratchIsPage = false;
  return subStep.restore;
}

function give(injection: Injection, errno: number, reason: number): number {
  injection.fail(errno, reason);
  return subStep.closeSocket;
}

function afterCalls(injection: Injection): number {
  if (injection.retreating) return subStep.retreat;
  return injection.scratchIsPage ? subStep.unmapScratch : subStep.restore;
}
