import { register, syscallInstructionBytes } from '../../core/injector/ptrace-registers.js';
import type { Generator } from '../random/generator.js';
import type { Scheduler } from '../scheduler/scheduler.js';
import { FileTree } from './file-tree.js';
import { Filter, type Notification } from './filter.js';
import type { KernelWatch } from './kernel-watch.js';
import { no, signal } from './numbers.js';
import { type OpenDescription, SocketEnd } from './open-description.js';
import { type CallRegisters, ModelProcess, ModelThread, stackTop } from './process.js';
import { completeNotified, interruptWait, leaveKernel, toUser } from './thread-life.js';
import { endTracer, isTraced, tellTracerOfDeath } from './tracing.js';

/** Costs of what the kernel does by itself, in microseconds: from, to. */
const wakeUpUs = [2, 40] as const;

/** How a process is made. */
export interface SpawnOptions {
  readonly descriptorLimit?: number;
}

/** The modelled kernel: processes, threads, descriptors, files, filters. It knows nothing of deputy. */
export class Kernel {
  readonly files = new FileTree();
  readonly processes = new Map<number, ModelProcess>();
  readonly threads = new Map<number, ModelThread>();
  readonly filters: Filter[] = [];
  private nextProcessId = 100;
  private nextSocketInode = 9000;
  private calls = 0;

  constructor(
    readonly scheduler: Scheduler,
    readonly random: Generator,
    readonly watch: KernelWatch,
  ) {}

  spawn(actor: string, { descriptorLimit = 1024 }: SpawnOptions = {}): ModelProcess {
    const process = new ModelProcess(this.nextProcessId++, actor, descriptorLimit);
    this.processes.set(process.processId, process);
    this.watch.spawned?.(process);
    return process;
  }

  /** A thread with memory of its own; `threadId` is given where a number is used again. */
  addThread(process: ModelProcess, user: number, actor: string, workingMount: number, threadId?: number) {
    const id = threadId ?? this.nextProcessId++;
    const thread = new ModelThread(id, process, user, actor, workingMount);
    thread.beganAtUs = this.scheduler.nowUs;
    // Each thread has a stack of its own, with a hole below it.
    const stack = stackTop - 16_384 * (process.threads.length + 1);
    process.memory.add(stack, 4096);
    thread.registers.set(register.rsp, stack + 4096 - 512);
    process.threads.push(thread);
    this.threads.set(id, thread);
    return thread;
  }

  /** Puts a process under a filter that notifies of these calls (SECCOMP_FILTER_FLAG_NEW_LISTENER). */
  installFilter(process: ModelProcess, key: string, isKillable: boolean, numbers: Iterable<number>): Filter {
    const filter = new Filter(key, isKillable, new Set(numbers), this.random, {
      replied: (notification) => this.replied(notification),
      added: (notification, number, source) => this.watch.added?.(notification, number, source),
    });
    process.filter = filter;
    for (const thread of process.threads) thread.filter = filter;
    filter.users++;
    this.filters.push(filter);
    return filter;
  }

  /** seccomp(2) of a thread: its listener's number, or -EBUSY under a filter whose listener is still held. */
  seccomp(thread: ModelThread, key: string, isKillable: boolean, numbers: Iterable<number>): number {
    if (thread.filter?.listener !== undefined) return no('EBUSY');
    const { process } = thread;
    const others = process.threads.filter((other) => other !== thread).map((other) => other.filter);
    const filter = this.installFilter(process, key, isKillable, numbers);
    // The others have what they had: a filter is a thread's own, and that of what it begins.
    process.threads
      .filter((other) => other !== thread)
      .forEach((other, index) => {
        other.filter = others[index];
      });
    return filter.listener === undefined ? no('EINVAL') : thread.table.add(filter.listener, true);
  }

  /** Two ends of a socket pair. */
  socketPair(): [SocketEnd, SocketEnd] {
    const ends: [SocketEnd, SocketEnd] = [
      new SocketEnd(this.nextSocketInode++),
      new SocketEnd(this.nextSocketInode++),
    ];
    ends[0].peer = ends[1];
    ends[1].peer = ends[0];
    return ends;
  }

  /** A program makes a call; `returned` gets its result, unless the thread dies in it. */
  call(thread: ModelThread, call: CallRegisters, returned: (result: number) => void): void {
    const begin = (): void => {
      const { registers } = thread;
      registers.set(register.rax, call.number);
      call.values.forEach((value, index) => {
        registers.setArgument(index, value);
      });
      registers.set(register.rip, thread.callSite);
      thread.call = call;
      thread.whenReturned = returned;
      this.calls++;
      this.watch.called?.(thread, call);
      toUser(this, thread);
    };
    if (thread.mode === 'dead') return;
    if (thread.mode === 'user') begin();
    else thread.deferred = begin;
  }

  /** How many calls programs have made: the number of the present one. */
  get callCount(): number {
    return this.calls;
  }

  /** Sends a signal to a process (kill(2)); its first thread gets it. */
  signal(process: ModelProcess, number: number): void {
    // One that has no thread yet is not there yet.
    if (!process.alive || (process.threads.length === 0 && number !== signal.SIGKILL)) return;
    this.watch.signalled?.(process, number);
    if (number === signal.SIGKILL) return this.kill(process);
    if (process.ignored.has(number)) return;
    if (number === signal.SIGSTOP) return this.stopGroup(process);
    if (number === signal.SIGCONT) return this.continueGroup(process);
    if (!process.handlers.has(number)) {
      const isIgnored = number === signal.SIGCHLD || number === signal.SIGWINCH;
      if (!isIgnored) this.kill(process);
      return;
    }
    const thread = process.threads.find(({ mode, signalMask }) => mode !== 'dead' && !signalMask.has(number));
    const receiver = thread ?? process.threads[0];
    if (receiver !== undefined) this.queue(receiver, number);
  }

  /** Sends a signal to one thread (tgkill(2)). */
  signalThread(thread: ModelThread, number: number): void {
    const { process } = thread;
    if (thread.mode === 'dead') return;
    const isHandled = process.handlers.has(number) || (number === signal.SIGSTOP && isTraced(thread));
    if (!isHandled || process.ignored.has(number)) return this.signal(process, number);
    this.watch.signalled?.(process, number);
    this.queue(thread, number);
  }

  /** A thread blocks a signal, or no longer does: one that waited comes then. */
  blockSignal(thread: ModelThread, number: number, isBlocked: boolean): void {
    const mask = new Set(thread.signalMask);
    if (isBlocked) mask.add(number);
    else mask.delete(number);
    thread.signalMask = mask;
    if (!isBlocked && thread.pending.includes(number)) this.interrupt(thread);
  }

  private queue(thread: ModelThread, number: number): void {
    if (thread.pending.includes(number)) return;
    thread.pending.push(number);
    if (!thread.signalMask.has(number)) this.interrupt(thread);
  }

  /** Ends a process at once: its memory is gone, its descriptors are closed, in the kernel's order. */
  kill(process: ModelProcess): void {
    if (!process.alive) return;
    process.alive = false;
    for (const thread of process.threads) {
      if (thread.notification !== undefined) thread.notification.filter.remove(thread.notification);
      thread.notification = undefined;
      thread.mode = 'dead';
      if (this.threads.get(thread.threadId) === thread) this.threads.delete(thread.threadId);
      thread.dropTable();
      tellTracerOfDeath(thread);
    }
    endTracer(this, process);
    process.table.closeAll();
    this.processes.delete(process.processId);
    process.filter?.leave();
    this.watch.died?.(process);
    for (const tell of process.whenDead.splice(0)) tell();
  }

  /** Something is to be done by this thread on its way out of the kernel: a wait that can end, ends. */
  interrupt(thread: ModelThread): void {
    if (thread.mode === 'waiting') interruptWait(this, thread);
    else if (thread.mode === 'user') {
      thread.mode = 'leaving';
      this.wake(thread, () => leaveKernel(this, thread));
    }
  }

  /** Has the thread run a little later. */
  wake(thread: ModelThread, run: () => void): void {
    const [from, to] = wakeUpUs;
    this.scheduler.after(this.random.between(from, to), thread.process, () => {
      if (thread.mode !== 'dead') run();
    });
  }

  /** Closes a descriptor of a process: 0 or -EBADF. */
  close(process: ModelProcess, number: number): number {
    return process.table.close(number);
  }

  /** Opens one more descriptor in a process. */
  open(process: ModelProcess, description: OpenDescription, closeOnExec = true): number {
    return process.table.add(description, closeOnExec);
  }

  /** Is the thread's instruction pointer right behind its `syscall` instruction? */
  isBehindCall(thread: ModelThread): boolean {
    return thread.registers.get(register.rip) === thread.callSite + syscallInstructionBytes;
  }

  private replied(notification: Notification): void {
    this.watch.replied?.(notification);
    this.wake(notification.thread, () => completeNotified(this, notification));
  }

  /** SIGSTOP has reached a process: all of its threads stop. */
  stopGroup(process: ModelProcess): void {
    process.isStopped = true;
    for (const thread of process.threads) {
      thread.isStopRequested = true;
      this.interrupt(thread);
    }
  }

  private continueGroup(process: ModelProcess): void {
    process.isStopped = false;
    for (const thread of process.threads) {
      thread.isStopRequested = false;
      // A seized thread's tracer is told of it, wherever the thread is (ptrace_trap_notify()).
      if (thread.tracing !== undefined) {
        thread.tracing.trapPending = true;
        this.interrupt(thread);
      }
      if (thread.mode !== 'group-stopped') continue;
      thread.mode = 'leaving';
      this.wake(thread, () => leaveKernel(this, thread));
    }
  }
}
