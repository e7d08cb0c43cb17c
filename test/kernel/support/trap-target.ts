import { readlinkSync } from 'node:fs';
import { compileTarget } from './compile.js';
import { LineProcess } from './line-process.js';
import { targetId } from './share.js';
import { nr, TrapThread } from './trap-thread.js';

/**
 * How the notifier's wait is ended: by any signal, or by deadly ones only; 'native': plain, and opens with
 * O_DIRECTORY go to the kernel.
 */
export type Flavour = 'plain' | 'killable' | 'native';

export interface Confinement {
  /** The agent's socket; without one no filter is installed and the calls are the kernel's own. */
  readonly socketPath?: string;
  readonly container?: string;
  /** What is said of the target besides: another pid than its own, and metadata. */
  readonly says?: { readonly pid?: number; readonly metadata?: string };
  readonly flavour?: Flavour;
  readonly uid?: number;
  /** Capabilities that stay, as hexadecimal; natively CAP_DAC_READ_SEARCH, else none. */
  readonly capabilities?: string;
  /** Without no_new_privs the agent may not remember the credentials. */
  readonly mayGainPrivileges?: boolean;
  /** Only the filter: the first thread can then have threads with various ids (see `dropTo`). */
  readonly staysRoot?: boolean;
}

const readSearch = '4';
const executeTimeoutMs = 5_000;
let containers = 0;

/**
 * The target of a scene. It starts as root without a filter, so that the scene can be set; `confine` gives its
 * listener to the agent and makes it uid 107 without capabilities, as a container's process is.
 */
export class TrapTarget extends TrapThread {
  container = '';

  private constructor(process: LineProcess) {
    super(process, 0);
  }

  static start(directory: string): TrapTarget {
    return new TrapTarget(new LineProcess(compileTarget('trap-target'), [], directory));
  }

  get pid(): number {
    return this.process.pid;
  }

  get exited(): Promise<number | string> {
    return this.process.exited;
  }

  async confine(options: Confinement): Promise<void> {
    const { socketPath, flavour = 'plain', uid = targetId, mayGainPrivileges = false } = options;
    this.container = options.container ?? `trap-${process.pid}-${containers++}`;
    const native = socketPath === undefined;
    const { pid = this.pid, metadata = '' } = options.says ?? {};
    if (!native) await this.must(`filter ${flavour} ${socketPath} ${this.container} ${pid} ${metadata}`);
    if (options.staysRoot === true) return;
    const capabilities = options.capabilities ?? (native ? readSearch : '0');
    await this.must(`drop ${uid} ${capabilities}${mayGainPrivileges ? ' keep' : ''}`);
  }

  /** A new thread; it inherits the filter and the ids of the first. `threadId`: one that is free again. */
  async newThread(number: number, threadId?: number): Promise<TrapThread> {
    const thread = new TrapThread(this.process, number);
    await thread.must(threadId === undefined ? 'new' : `new ${threadId}`);
    return thread;
  }

  /** What is told to the thread with a number, whoever made it. */
  thread(number: number): TrapThread {
    return new TrapThread(this.process, number);
  }

  /**
   * Becomes another program, also another copy of its own: buffers are gone, descriptors are not. What is sent
   * before it has become that one is lost with the buffers, so its path must tell the two apart.
   */
  async execute(program: string): Promise<void> {
    if (readlinkSync(`/proc/${this.pid}/exe`) === program) throw new Error(`it is ${program} already`);
    this.process.send(`0 call ${nr.execve} s:${program} 0 0`);
    const deadline = Date.now() + executeTimeoutMs;
    while (readlinkSync(`/proc/${this.pid}/exe`) !== program) {
      if (Date.now() > deadline) throw new Error(`${program} was not executed`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Tells test/targets/hostile.c, which it has become, what to do: the line that it ends with. */
  async hostile(seed: number, calls: number, timeoutMs: number): Promise<string> {
    this.process.send(`${seed} ${calls}`);
    return this.process.next('the hostile target', timeoutMs);
  }

  async signal(thread: TrapThread, signalNumber: number): Promise<void> {
    await this.must(`signal ${thread.number} ${signalNumber}`);
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.process.kill(signal);
  }

  end(): Promise<number | string> {
    return this.process.end();
  }
}
