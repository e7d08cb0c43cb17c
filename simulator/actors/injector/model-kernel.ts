import type { InjectorKernel } from '../../../core/injector/injector-kernel.js';
import { notifierCall } from '../../kernel/notifier-calls.js';
import { no, syscall } from '../../kernel/numbers.js';
import { SocketEnd } from '../../kernel/open-description.js';
import type { ModelProcess } from '../../kernel/process.js';
import { interrupt, resume, seize, stopped, tracee } from '../../kernel/tracing.js';
import type { World } from '../../world/world.js';
import { allocatePage, sendPacket } from './packets.js';

/** Bytes of struct seccomp_notif_resp and of struct seccomp_notif_addfd. */
const structBytes = 24;

const numbers = {
  mmap: syscall.mmap,
  munmap: syscall.munmap,
  recvmsg: syscall.recvmsg,
  dup3: syscall.dup3,
  close: syscall.close,
} as const;

/** The injector's port over the modelled kernel, for one injector's process. */
export function modelInjectorKernel(
  world: World,
  process: ModelProcess,
  crashPoint: InjectorKernel['crashPoint'],
  nowMs: () => number,
): InjectorKernel {
  const { kernel } = world;
  return {
    numbers,
    allocate: () => allocatePage(process),
    nowMs,
    sleepUs: () => undefined,
    seize: (threadId) => seize(kernel, process, threadId),
    interrupt: (threadId) => interrupt(kernel, process, threadId),
    resume: (threadId, signal) => resume(kernel, process, threadId, signal, 'continue'),
    resumeToSyscall: (threadId, signal) => resume(kernel, process, threadId, signal, 'syscall'),
    detach: (threadId, signal) => resume(kernel, process, threadId, signal, 'detach'),
    setOptions: (threadId, options) => setOptions(world, process, threadId, options),
    ...registerCalls(world, process),
    killTraced: (threadId) => {
      const thread = tracee(kernel, process, threadId);
      if (thread === undefined) return no('ESRCH');
      kernel.kill(thread.process);
      return 0;
    },
    ...memoryCalls(world, process),
    ioctl: (descriptor, command, address) =>
      notifierCall(process, descriptor, command, process.memory.view(address, structBytes) ?? 'nowhere'),
    close: (descriptor) => process.table.close(descriptor),
    createSocketPair: (ends) => {
      kernel.socketPair().forEach((end, index) => {
        ends[index] = process.table.add(end, true);
      });
      return 0;
    },
    sendWithDescriptors: (descriptor, address, bytes, passed) =>
      send(process, descriptor, address, bytes, passed),
    isSameOpenFile: (threadId, ours, theirs) =>
      kernel.threads.get(threadId)?.table.at(theirs) === process.table.at(ours),
    countFilters: (threadId) => 1 + Math.min(1, kernel.threads.get(threadId)?.process.fatalCalls.size ?? 0),
    isTracedByInjector: (threadId) =>
      kernel.threads.get(threadId)?.tracing?.tracer.actor.startsWith('injector') === true,
    isThreadAlive: (threadId) => kernel.threads.has(threadId),
    hasRemedy: () => true,
    crashPoint,
  };
}

function setOptions(world: World, process: ModelProcess, threadId: number, options: number): number {
  const thread = stopped(world.kernel, process, threadId);
  if (thread?.tracing === undefined) return no('ESRCH');
  thread.tracing.options = options;
  return 0;
}

function registerCalls(world: World, process: ModelProcess) {
  const { kernel } = world;
  const move = (threadId: number, address: number, isRead: boolean): number => {
    const thread = stopped(kernel, process, threadId);
    const local = process.memory.view(address, 216);
    if (thread === undefined || local === undefined) return no('ESRCH');
    if (isRead) local.set(thread.registers.bytes);
    else thread.registers.bytes.set(local);
    return 0;
  };
  return {
    getRegisters: (threadId: number, address: number) => move(threadId, address, true),
    setRegisters: (threadId: number, address: number) => move(threadId, address, false),
    getSignalMask: (threadId: number, address: number): number => {
      const thread = stopped(kernel, process, threadId);
      const local = process.memory.view(address, 8);
      if (thread === undefined || local === undefined) return no('ESRCH');
      local.fill(0);
      for (const signal of thread.signalMask) local[(signal - 1) >> 3] = bitOf(local, signal);
      return 0;
    },
    setSignalMask: (threadId: number, address: number): number => {
      const thread = stopped(kernel, process, threadId);
      const local = process.memory.view(address, 8);
      if (thread === undefined || local === undefined) return no('ESRCH');
      const signals = Array.from({ length: 64 }, (_, index) => index + 1);
      thread.signalMask = new Set(
        signals.filter((signal) => bitOf(local, signal) === local[(signal - 1) >> 3]),
      );
      return 0;
    },
  };
}

/** The byte of a signal set with the signal's bit in it. */
function bitOf(bytes: Uint8Array, signal: number): number {
  return (bytes[(signal - 1) >> 3] as number) | (1 << ((signal - 1) & 7));
}

function memoryCalls(world: World, process: ModelProcess) {
  const views = (threadId: number, remote: number, local: number, bytes: number) => ({
    theirs: world.kernel.threads.get(threadId)?.process.memory.view(remote, bytes),
    ours: process.memory.view(local, bytes),
  });
  return {
    readThreadMemory: (threadId: number, remote: number, local: number, bytes: number): number => {
      if (isCode(world, threadId, remote)) return readCode(process, local);
      const { theirs, ours } = views(threadId, remote, local, bytes);
      if (theirs === undefined || ours === undefined) return no('EFAULT');
      ours.set(theirs);
      return theirs.length;
    },
    writeThreadMemory: (threadId: number, remote: number, local: number, bytes: number): number => {
      const { theirs, ours } = views(threadId, remote, local, bytes);
      if (theirs === undefined || ours === undefined) return no('EFAULT');
      theirs.set(ours.subarray(0, theirs.length));
      return theirs.length;
    },
    isAnonymousMemory: (threadId: number, remote: number): number =>
      world.kernel.threads.get(threadId)?.process.memory.find(remote)?.isAnonymous === true ? 1 : 0,
  };
}

/** The one instruction of a program is not kept as bytes. */
function isCode(world: World, threadId: number, remote: number): boolean {
  return world.kernel.threads.get(threadId)?.callSite === remote;
}

function readCode(process: ModelProcess, local: number): number {
  process.memory.view(local, 2)?.set([0x0f, 0x05]);
  return 2;
}

function send(
  process: ModelProcess,
  descriptor: number,
  address: number,
  bytes: number,
  passed: readonly number[],
): number {
  const socket = process.table.at(descriptor);
  if (!(socket instanceof SocketEnd)) return sendPacket(process, descriptor, address, bytes, passed);
  for (const number of passed) {
    const description = process.table.at(number);
    if (description === undefined) return no('EBADF');
    socket.peer?.deliver(description);
  }
  return bytes;
}
