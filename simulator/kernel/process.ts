import type { Owner } from '../scheduler/scheduler.js';
import { DescriptorTable } from './descriptor-table.js';
import type { ModelFile } from './file-tree.js';
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
  /** Signals that it ignores (SIG_IGN). */
  readonly ignored = new Set<number>();
  /** How often each signal's handler ran. */
  readonly handled = new Map<number, number>();
  /** The one filter with a listener that its threads are under. */
  filter: Filter | undefined;
  /** Calls that another filter of the program's own answers with SIGSYS. */
  readonly fatalCalls = new Set<number>();
  /** SIGSTOP has stopped it, and SIGCONT has not come. */
  isStopped = false;
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
  beganAtUs = 0;
  signalMask: ReadonlySet<number> = new Set();
  readonly pending: number[] = [];
  notification: Notification | undefined;
  tracing: Tracing | undefined;
  /** CAP_DAC_READ_SEARCH: it opens by handle itself, and what it may not read. */
  holdsReadSearch = false;
  /**
   * It has CAP_SYS_ADMIN and CAP_DAC_READ_SEARCH in a user namespace that owns its mounts: the users that
   * this one maps. It opens directories of theirs by handle itself, with O_DIRECTORY (Linux 6.11).
   */
  mappedUsers: ReadonlySet<number> | undefined;
  /** A tracer interrupted it and is gone: on its way out of the kernel it looks for signals all the same. */
  looksForSignals = false;
  /** SIGSTOP reached its process. */
  isStopRequested = false;
  /** In a call of its program's, and whom to tell when that returns. */
  call: CallRegisters | undefined;
  whenReturned: ((result: number) => void) | undefined;
  /** A call that its program makes as soon as it runs again. */
  deferred: (() => void) | undefined;
  /** What a tracer that is gone left: its last status has not been taken. */
  isReaped = true;
  /** A table of its own, since unshare(CLONE_FILES); else it shares its process's. */
  private ownTable: DescriptorTable | undefined;
  /** The filter that it is under: that of its process when it began, or one that it installed itself. */
  filter: Filter | undefined;
  /** Its group, like its user's number unless somebody says otherwise. */
  group: number;
  /** The directory that relative paths begin at; its mount's root if undefined. */
  workingDirectory: ModelFile | undefined;

  constructor(
    readonly threadId: number,
    readonly process: ModelProcess,
    public user: number,
    readonly actor: string,
    /** Mount id of its working directory. */
    readonly workingMount: number,
  ) {
    this.filter = process.filter;
    this.group = user;
  }

  get table(): DescriptorTable {
    return this.ownTable ?? this.process.table;
  }

  /** unshare(2) of CLONE_FILES: a copy of the table, for this thread alone. */
  unshareTable(): void {
    this.ownTable = this.table.copy();
  }

  /** Its own table, if it has one, is gone. */
  dropTable(): void {
    this.ownTable?.closeAll();
    this.ownTable = undefined;
  }

  /** Where its program's one `syscall` instruction stands. */
  readonly callSite = 0x401000;
}

/** The first thread's stack is below. */
export const stackTop = 0x7ffd_0000_4000;
