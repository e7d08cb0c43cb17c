import type { Owner } from '../scheduler/scheduler.js';
import { DescriptorTable } from './descriptor-table.js';
import type { Filter, Notification } from './filter.js';
import { Registers } from './registers.js';
import { ThreadMemory } from './thread-memory.js';

/** What the program does on a signal: its handler, or nothing. */
export interface SignalAction {
  /** SA_RESTART: an interrupted call is begun anew instead of failing with EINTR. */
  readonly restarts: boolean;
}

/** Where a thread is, as the kernel sees it. */
export type ThreadMode = 'user' | 'waiting' | 'leaving' | 'group-stopped' | 'trace-stopped' | 'dead';

/** A stop that a tracer is told of. */
export type TraceStop = 'event' | 'signal' | 'entry' | 'exit';

/** Who traces a thread, and how. */
export interface Tracing {
  readonly tracer: ModelProcess;
  options: number;
  /** PTRACE_INTERRUPT was asked for, and its stop has not come. */
  trapPending: boolean;
  stop: TraceStop | undefined;
  /** The signal of a signal-delivery stop. */
  stopSignal: number;
  /** wait4(2) has not told of it yet. */
  isUnreported: boolean;
  /** PTRACE_SYSCALL: the thread stops again at the next entry or exit. */
  stopsAtCalls: boolean;
}

/** A call that a program makes: its number and the six registers. */
export interface CallRegisters {
  readonly number: number;
  readonly values: readonly number[];
}

/** A process of the modelled machine: one of deputy's, or a target's. */
export class ModelProcess implements Owner {
  alive = true;
  heldUntilUs = 0;
  readonly table: DescriptorTable;
  readonly threads: ModelThread[] = [];
  readonly memory = new ThreadMemory();
  readonly handlers = new Map<number, SignalAction>();
  /** How often each signal's handler ran. */
  readonly handled = new Map<number, number>();
  /** The one filter with a listener that its threads are under. */
  filter: Filter | undefined;
  /** Calls that another filter of the program's own answers with SIGSYS. */
  readonly fatalCalls = new Set<number>();
  readonly whenDead: (() => void)[] = [];
  /** A tracer's wait: called when a thread that it traces has stopped or ended. */
  whenStopped: ((thread: ModelThread) => void) | undefined;

  constructor(
    readonly processId: number,
    /** Its name in traces. */
    readonly actor: string,
    descriptorLimit: number,
  ) {
    this.table = new DescriptorTable(descriptorLimit);
  }
}

/** A thread of a target. */
export class ModelThread {
  readonly registers = new Registers();
  mode: ThreadMode = 'user';
  signalMask: ReadonlySet<number> = new Set();
  readonly pending: number[] = [];
  notification: Notification | undefined;
  tracing: Tracing | undefined;
  /** SIGSTOP reached its process. */
  isStopRequested = false;
  /** In a call of its program's, and whom to tell when that returns. */
  call: CallRegisters | undefined;
  whenReturned: ((result: number) => void) | undefined;
  /** A call that its program makes as soon as it runs again. */
  deferred: (() => void) | undefined;
  /** What a tracer that is gone left: its last status has not been taken. */
  isReaped = true;

  constructor(
    readonly threadId: number,
    readonly process: ModelProcess,
    readonly user: number,
    readonly actor: string,
    /** Mount id of its working directory. */
    readonly workingMount: number,
  ) {}

  /** Where its program's one `syscall` instruction stands. */
  readonly callSite = 0x401000;
}

/** The first thread's stack is below. */
export const stackTop = 0x7ffd_0000_4000;
