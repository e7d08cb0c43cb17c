import { parentPort } from 'node:worker_threads';
import { allocate } from '../../../adapters/linux/memory.js';
import * as ptrace from '../../../adapters/linux/ptrace.js';
import { Identities } from '../../../adapters/linux/request-kernel/identities.js';
import { LinuxRequestKernel } from '../../../adapters/linux/request-kernel/linux-request-kernel.js';
import { type LoopListener, loopListener } from '../../../adapters/linux/request-kernel/loop-listener.js';
import { receiveNotification } from '../../../adapters/linux/seccomp.js';
import { pollThread } from '../../../adapters/linux/wait.js';
import { RecordViews, RequestRecord } from '../../../core/request/record.js';
import { offset, recordBytes } from '../../../core/request/record-layout.js';
import type { HandlerStep } from '../machine.js';
import { runHandler } from '../run-handler.js';

/** A thread of its own for what changes the thread that does it: a tracer, or a loop with its targets' ids. */
const memory = allocate(4096);
let loop: { kernel: LinuxRequestKernel; views: RecordViews; slot: number } | undefined;
const listeners = new Map<number, LoopListener>();
const recordLimit = 512;

function startLoop() {
  const identities = new Identities();
  identities.confine();
  const views = new RecordViews(allocate(recordBytes * recordLimit));
  return { kernel: new LinuxRequestKernel(identities, undefined), views, slot: 0 };
}

function serve(descriptor: number, policy: Record<string, unknown>): HandlerStep[] {
  loop ??= startLoop();
  const slot = loop.slot++ % recordLimit;
  const record = new RequestRecord().attach(loop.views, recordBytes * slot, slot);
  record.views.u8.fill(0, record.base, record.base + recordBytes);
  const result = receiveNotification(descriptor, record.addressOf(offset.notification));
  if (result < 0) return [{ name: 'receive', result }];
  const listener = listeners.get(descriptor) ?? loopListener(descriptor, descriptor);
  listeners.set(descriptor, listener);
  return runHandler(record, loop.kernel, listener, policy);
}

/** What is remembered of a target goes with it: its listener's number is given again. */
function forget(): number {
  for (const listener of listeners.values()) {
    loop?.kernel.threads.forgetAll(listener);
    loop?.kernel.mounts.forgetAll(listener);
  }
  listeners.clear();
  return 0;
}

function status(threadId: number): number {
  const result = pollThread(threadId, memory.address);
  return result <= 0 ? result : (memory.i32[0] as number);
}

function read(result: number, bytes: number): Uint8Array | number {
  return result < 0 ? result : memory.u8.slice(0, bytes);
}

function give(bytes: Uint8Array): number {
  memory.u8.set(bytes);
  return memory.address;
}

const methods = {
  seize: ptrace.seize,
  interrupt: ptrace.interrupt,
  status,
  continue: ptrace.resume,
  syscall: ptrace.resumeToSyscall,
  detach: ptrace.detach,
  setOptions: ptrace.setOptions,
  registers: (threadId: number) => read(ptrace.getRegisters(threadId, memory.address), 216),
  setRegisters: (threadId: number, bytes: Uint8Array) => ptrace.setRegisters(threadId, give(bytes)),
  signalMask: (threadId: number) => read(ptrace.getSignalMask(threadId, memory.address), 8),
  setSignalMask: (threadId: number, bytes: Uint8Array) => ptrace.setSignalMask(threadId, give(bytes)),
  serve,
  forget,
} as const;

export type HandMethod = keyof typeof methods;

parentPort?.on('message', ({ method, values }: { method: HandMethod; values: never[] }) => {
  parentPort?.postMessage((methods[method] as (...values: never[]) => unknown)(...values));
});
