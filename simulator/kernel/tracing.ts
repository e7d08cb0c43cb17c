import type { Kernel } from './kernel.js';
import { no } from './numbers.js';
import type { ModelProcess, ModelThread, TraceStop } from './process.js';
import { deliver, dispatch, leaveCall, leaveKernel } from './thread-life.js';

/** PTRACE_O_ options (ptrace(2)). */
export const traceOption = { EXITKILL: 0x100000, SUSPEND_SECCOMP: 0x200000 } as const;

const PTRACE_EVENT_STOP = 128;
const SYSCALL_STOP = 0x85;
const killedStatus = 9;

export function stopsAtCalls({ tracing }: ModelThread): boolean {
  return tracing?.stopsAtCalls === true;
}

export function isTraced({ tracing }: ModelThread): boolean {
  return tracing !== undefined;
}

/** The thread's filters are not asked while its tracer wants that. */
export function suspendsFilters({ tracing }: ModelThread): boolean {
  return tracing !== undefined && (tracing.options & traceOption.SUSPEND_SECCOMP) !== 0;
}

export function enterStop(thread: ModelThread, stop: TraceStop, signal = 0): void {
  const { tracing } = thread;
  if (tracing === undefined) return;
  thread.mode = 'trace-stopped';
  tracing.stop = stop;
  tracing.stopSignal = signal;
  tracing.isUnreported = true;
  tracing.stopsAtCalls = false;
  tracing.tracer.whenStopped?.(thread);
}

/** PTRACE_SEIZE: 0, -ESRCH, -EPERM. */
export function seize(kernel: Kernel, tracer: ModelProcess, threadId: number): number {
  const thread = kernel.threads.get(threadId);
  if (thread === undefined) return no('ESRCH');
  if (thread.tracing !== undefined) return no('EPERM');
  thread.tracing = {
    tracer,
    options: 0,
    trapPending: false,
    stop: undefined,
    stopSignal: 0,
    isUnreported: false,
    stopsAtCalls: false,
  };
  return 0;
}

/** PTRACE_INTERRUPT: 0 or -ESRCH. */
export function interrupt(kernel: Kernel, tracer: ModelProcess, threadId: number): number {
  const thread = tracee(kernel, tracer, threadId);
  if (thread?.tracing === undefined) return no('ESRCH');
  thread.tracing.trapPending = true;
  if (thread.mode === 'group-stopped') {
    thread.mode = 'leaving';
    kernel.wake(thread, () => leaveKernel(kernel, thread));
  } else kernel.interrupt(thread);
  return 0;
}

/** The thread, if it is this tracer's. */
export function tracee(kernel: Kernel, tracer: ModelProcess, threadId: number): ModelThread | undefined {
  const thread = kernel.threads.get(threadId);
  return thread?.tracing?.tracer === tracer ? thread : undefined;
}

/** The thread, if it is this tracer's and has stopped. */
export function stopped(kernel: Kernel, tracer: ModelProcess, threadId: number): ModelThread | undefined {
  const thread = tracee(kernel, tracer, threadId);
  return thread?.mode === 'trace-stopped' ? thread : undefined;
}

/** wait4(2) without waiting: a status, 0 when there is nothing new, -ECHILD when it isn't ours. */
export function takeStatus(thread: ModelThread, tracer: ModelProcess): number {
  const { tracing } = thread;
  if (tracing?.tracer !== tracer) return no('ECHILD');
  if (!tracing.isUnreported) return 0;
  tracing.isUnreported = false;
  if (thread.mode === 'dead') {
    thread.tracing = undefined;
    return killedStatus;
  }
  if (tracing.stop === 'event') return (PTRACE_EVENT_STOP << 16) | (tracing.stopSignal << 8) | 0x7f;
  if (tracing.stop === 'signal') return (tracing.stopSignal << 8) | 0x7f;
  return (SYSCALL_STOP << 8) | 0x7f;
}

/** PTRACE_CONT, PTRACE_SYSCALL and PTRACE_DETACH of a stopped thread, with a signal or 0. */
export function resume(
  kernel: Kernel,
  tracer: ModelProcess,
  threadId: number,
  signal: number,
  how: 'continue' | 'syscall' | 'detach',
): number {
  const thread = stopped(kernel, tracer, threadId);
  if (thread?.tracing === undefined) return no('ESRCH');
  const { tracing } = thread;
  const { stop } = tracing;
  tracing.stop = undefined;
  tracing.isUnreported = false;
  tracing.stopsAtCalls = how === 'syscall';
  if (how === 'detach') release(thread);
  goOn(kernel, thread, stop, signal, how === 'detach');
  return 0;
}

function goOn(
  kernel: Kernel,
  thread: ModelThread,
  stop: TraceStop | undefined,
  signal: number,
  isReleased: boolean,
): void {
  thread.mode = 'leaving';
  kernel.wake(thread, () => {
    if (stop === 'entry') return dispatch(kernel, thread);
    // Whoever is let go by its tracer looks for signals on its way (__ptrace_unlink() of kernel/ptrace.c).
    if (stop === 'exit' && !isReleased) return leaveCall(kernel, thread);
    if (signal !== 0 && stop !== 'event') deliver(kernel, thread, signal);
    leaveKernel(kernel, thread);
  });
}

/** Nobody traces it any more: a stop of its process is its own again. */
function release(thread: ModelThread): void {
  if (thread.tracing?.trapPending === true) thread.looksForSignals = true;
  thread.tracing = undefined;
  if (thread.process.isStopped) thread.isStopRequested = true;
}

/** The process may have been a tracer: its threads run on, or die where it had asked for that. */
export function endTracer(kernel: Kernel, tracer: ModelProcess): void {
  for (const thread of [...kernel.threads.values()]) {
    const { tracing } = thread;
    if (tracing?.tracer !== tracer) continue;
    release(thread);
    if ((tracing.options & traceOption.EXITKILL) !== 0) kernel.kill(thread.process);
    else if (thread.mode === 'trace-stopped') goOn(kernel, thread, tracing.stop, tracing.stopSignal, true);
  }
}

/** Its tracer learns of a thread's end before anybody else does. */
export function tellTracerOfDeath(thread: ModelThread): void {
  const { tracing } = thread;
  if (tracing === undefined || !tracing.tracer.alive) return;
  tracing.isUnreported = true;
  tracing.tracer.whenStopped?.(thread);
}
