import { register, syscallInstructionBytes } from '../../core/injector/ptrace-registers.js';
import type { Notification } from './filter.js';
import type { Kernel } from './kernel.js';
import { runNative } from './native-calls.js';
import { ERESTARTNOINTR, ERESTARTSYS, no, signal } from './numbers.js';
import type { ModelThread } from './process.js';
import { enterStop, stopsAtCalls, suspendsFilters } from './tracing.js';

/** The thread runs its program: at a `syscall` instruction it makes the call, behind it it has the result. */
export function toUser(kernel: Kernel, thread: ModelThread): void {
  thread.mode = 'user';
  if (thread.registers.get(register.rip) === thread.callSite) return enterCall(kernel, thread);
  if (thread.call !== undefined) return returned(kernel, thread);
  const { deferred } = thread;
  thread.deferred = undefined;
  deferred?.();
}

function returned(kernel: Kernel, thread: ModelThread): void {
  const { call, whenReturned } = thread;
  if (call === undefined) return;
  thread.call = undefined;
  thread.whenReturned = undefined;
  const result = thread.registers.get(register.rax);
  kernel.watch.returned?.(thread, call, result);
  whenReturned?.(result);
}

function enterCall(kernel: Kernel, thread: ModelThread): void {
  const { registers } = thread;
  const number = registers.get(register.rax);
  registers.set(register.originalRax, number);
  registers.set(register.rax, no('ENOSYS'));
  registers.set(register.rip, thread.callSite + syscallInstructionBytes);
  thread.mode = 'leaving';
  if (stopsAtCalls(thread)) return enterStop(thread, 'entry');
  dispatch(kernel, thread);
}

/** The call itself: under a filter, or as the kernel does it. */
export function dispatch(kernel: Kernel, thread: ModelThread): void {
  const { registers, process } = thread;
  const number = registers.get(register.originalRax);
  if (!suspendsFilters(thread)) {
    if (process.fatalCalls.has(number)) return kernel.signal(process, signal.SIGSYS);
    if (thread.filter?.numbers.has(number) === true && !isLeft(thread, number)) {
      return notify(kernel, thread, number);
    }
  }
  finishCall(kernel, thread, runNative(kernel, thread, number));
}

/** A filter compares arguments as well. */
function isLeft({ filter, registers }: ModelThread, number: number): boolean {
  const values = [0, 1, 2, 3, 4, 5].map((index) => registers.argument(index));
  return filter?.leaves(number, values) === true;
}

function notify(kernel: Kernel, thread: ModelThread, number: number): void {
  const { registers } = thread;
  const values = [0, 1, 2, 3, 4, 5].map((index) => registers.argument(index));
  const pointer = registers.get(register.rip);
  const notification = thread.filter?.notify(thread, number, pointer, values, kernel.callCount);
  if (notification === undefined) return finishCall(kernel, thread, no('ENOSYS'));
  thread.notification = notification;
  thread.mode = 'waiting';
  kernel.watch.notified?.(notification);
  // What came while it was on its way in is seen at once.
  if (hasWork(thread)) interruptWait(kernel, thread);
}

/** Is anything to be done on the way out (TIF_SIGPENDING)? Only then are calls begun anew. */
function hasWork(thread: ModelThread): boolean {
  if (thread.looksForSignals) return true;
  return thread.isStopRequested || thread.tracing?.trapPending === true || unmasked(thread) > 0;
}

function finishCall(kernel: Kernel, thread: ModelThread, result: number): void {
  thread.registers.set(register.rax, result);
  if (stopsAtCalls(thread)) return enterStop(thread, 'exit');
  leaveCall(kernel, thread);
}

/** Out of a call that has its result: by way of signals and stops if there are any. */
export function leaveCall(kernel: Kernel, thread: ModelThread): void {
  if (hasWork(thread)) return leaveKernel(kernel, thread);
  // The kernel's own results are shown to the program as they are then.
  thread.registers.set(register.originalRax, -1);
  toUser(kernel, thread);
}

/** The answer has reached the thread. */
export function completeNotified(kernel: Kernel, notification: Notification): void {
  const { thread, filter, response } = notification;
  if (thread.notification !== notification || response === undefined) return;
  filter.remove(notification);
  thread.notification = undefined;
  thread.mode = 'leaving';
  if (response.isContinue) return finishCall(kernel, thread, runNative(kernel, thread, notification.number));
  finishCall(kernel, thread, response.error === 0 ? response.value : response.error);
}

/** Ends a thread's wait, if what has come may end it: its notification is gone, and the call to be redone. */
export function interruptWait(kernel: Kernel, thread: ModelThread): void {
  const { notification } = thread;
  if (notification === undefined || !notification.filter.isInterruptible(notification)) return;
  notification.filter.remove(notification);
  thread.notification = undefined;
  thread.mode = 'leaving';
  kernel.watch.interrupted?.(notification);
  thread.registers.set(register.rax, ERESTARTSYS);
  kernel.wake(thread, () => leaveKernel(kernel, thread));
}

/** The way out of the kernel: stops, signals, restarts, in its order (kernel/signal.c, get_signal()). */
export function leaveKernel(kernel: Kernel, thread: ModelThread): void {
  thread.looksForSignals = false;
  for (;;) {
    if (thread.mode === 'dead') return;
    thread.mode = 'leaving';
    if (thread.tracing?.trapPending === true) {
      thread.tracing.trapPending = false;
      return enterStop(thread, 'event', thread.process.isStopped ? signal.SIGSTOP : signal.SIGTRAP);
    }
    if (thread.isStopRequested) return stopWithGroup(thread);
    const number = takeSignal(thread);
    if (number === 0) break;
    if (thread.tracing !== undefined) return enterStop(thread, 'signal', number);
    deliver(kernel, thread, number);
  }
  restartIfAsked(thread);
  toUser(kernel, thread);
}

function stopWithGroup(thread: ModelThread): void {
  if (thread.tracing === undefined) thread.mode = 'group-stopped';
  // A seized thread's group stop is told of as an event, and its tracer lets it go on.
  else {
    thread.isStopRequested = false;
    enterStop(thread, 'event', signal.SIGSTOP);
  }
}

/** The program's handler runs; what it interrupts is begun anew, or fails with EINTR. */
export function deliver(kernel: Kernel, thread: ModelThread, number: number): void {
  const { process, registers } = thread;
  if (number === signal.SIGSTOP) return kernel.stopGroup(process);
  const action = process.handlers.get(number);
  if (action === undefined) return kernel.kill(process);
  process.handled.set(number, (process.handled.get(number) ?? 0) + 1);
  const isInterrupted =
    registers.get(register.originalRax) >= 0 && registers.get(register.rax) === ERESTARTSYS;
  if (!isInterrupted || action.restarts) return restartIfAsked(thread);
  registers.set(register.rax, no('EINTR'));
  registers.set(register.originalRax, -1);
}

/** ERESTARTSYS without a handler, and ERESTARTNOINTR always: back to the instruction. */
function restartIfAsked(thread: ModelThread): void {
  const { registers } = thread;
  const number = registers.get(register.originalRax);
  const result = registers.get(register.rax);
  registers.set(register.originalRax, -1);
  if (number < 0 || (result !== ERESTARTSYS && result !== ERESTARTNOINTR)) return;
  registers.set(register.rax, number);
  registers.set(register.rip, registers.get(register.rip) - syscallInstructionBytes);
}

function unmasked(thread: ModelThread): number {
  return thread.pending.find((number) => !thread.signalMask.has(number)) ?? 0;
}

function takeSignal(thread: ModelThread): number {
  const number = unmasked(thread);
  if (number !== 0) thread.pending.splice(thread.pending.indexOf(number), 1);
  return number;
}
