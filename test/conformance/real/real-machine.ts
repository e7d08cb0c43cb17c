import { readdirSync } from 'node:fs';
import { systemCall } from '../../../adapters/linux/native.js';
import { errnoNumbers, isErrnoName } from '../../../core/errors/errno.js';
import { compileTarget } from '../../kernel/support/compile.js';
import { TrapTarget } from '../../kernel/support/trap-target.js';
import { nr, type Result, type TrapThread } from '../../kernel/support/trap-thread.js';
import type {
  Action,
  Bytes,
  Described,
  HandlerStep,
  Machine,
  Resume,
  ServeOptions,
  ThreadState,
} from '../machine.js';
import type { Lab } from './lab.js';
import { describeTheirs, RealAnswerer } from './real-answerer.js';
import { settledState } from './thread-state.js';

/** Numbers from here on are the target program's own pipes. */
const highDescriptors = 200;
const MS_BIND = 4096;
const MS_REMOUNT_RDONLY = 4096 | 32 | 1;
const MS_REC_PRIVATE = 16384 | 262144;
const CLONE_NEWNS = 0x20000;
const O_DIRECTORY = 0o200000;

interface Known {
  readonly thread: TrapThread;
  readonly threadId: number;
  readonly processId: number;
  isCalling: boolean;
}

function numberOf(result: Result): number {
  if (typeof result === 'number') return result;
  if (isErrnoName(result)) return -errnoNumbers[result];
  return -Number(result.replace('errno ', ''));
}

/** The kernel that runs here: a target process, and an answerer in this one, through the adapters. */
export class RealMachine implements Machine {
  private readonly answerer = new RealAnswerer();
  private readonly known = new Map<string, Known>();
  private readonly target: TrapTarget;
  private readonly tracers = new Set<string>();
  private numbers = 1;

  private constructor(private readonly lab: Lab) {
    this.target = TrapTarget.start(lab.share);
  }

  static async start(lab: Lab): Promise<RealMachine> {
    const machine = new RealMachine(lab);
    const { target } = machine;
    machine.remember('P', target, target.pid, target.pid);
    await target.open('.', O_DIRECTORY);
    return machine;
  }

  async add(name: string, how: 'thread' | 'fork'): Promise<void> {
    const number = this.numbers++;
    if (how === 'thread') {
      const thread = await this.target.newThread(number);
      const threadId = await thread.must('tid');
      return this.remember(name, thread, threadId, this.target.pid);
    }
    const thread = this.target.thread(number);
    const child = await thread.must('fork');
    this.remember(name, thread, child, child);
  }

  threadId(name: string): number {
    return this.get(name).threadId;
  }

  async install(name: string, isKillable: boolean): Promise<number> {
    return numberOf(await this.get(name).thread.result(`install ${isKillable ? 'killable' : 'plain'}`));
  }

  async drop(name: string, user: number): Promise<void> {
    await this.get(name).thread.must(`drop ${user} 0`);
  }

  async begin(name: string, number: number, values: readonly number[]): Promise<void> {
    const known = this.get(name);
    const words = `call ${number} ${values.join(' ')}`;
    if (name === 'P') {
      this.result = numberOf(await known.thread.result(words));
      return;
    }
    await known.thread.begin(words);
    known.isCalling = true;
  }
  private result: number | undefined;

  async state(name: string): Promise<ThreadState> {
    const known = this.get(name);
    if (name === 'P' && this.result !== undefined) {
      const value = this.result;
      this.result = undefined;
      return { kind: 'returned', value };
    }
    const kind = await settledState(known.processId, known.threadId);
    if (kind !== 'idle' || !known.isCalling) return { kind } as ThreadState;
    known.isCalling = false;
    return { kind: 'returned', value: numberOf(await known.thread.wait()) };
  }

  async allocate(name: string, bytes: number, isEdge: boolean): Promise<number> {
    const { thread } = this.get(name);
    const buffer = `b${this.numbers++}`;
    if (!isEdge) return thread.must(`alloc ${buffer} ${bytes}`);
    await thread.must(`edge ${buffer} ${bytes}`);
    return thread.must(`address ${buffer}`);
  }

  async write(name: string, address: number, bytes: Uint8Array): Promise<void> {
    const { thread } = this.get(name);
    // A line of the program holds this many.
    for (let at = 0; at < bytes.length; at += 2048) {
      const hex = Buffer.from(bytes.subarray(at, at + 2048)).toString('hex');
      await thread.must(`put ${address + at} ${hex}`);
    }
  }

  async read(name: string, address: number, count: number): Promise<Uint8Array> {
    const { hex } = await this.get(name).thread.tell(`get ${address} ${count}`);
    return new Uint8Array(Buffer.from(hex as string, 'hex'));
  }

  async signalProcess(name: string, number: number): Promise<void> {
    process.kill(this.get(name).processId, number);
  }

  async signalThread(name: string, number: number): Promise<void> {
    const known = this.get(name);
    const result = systemCall('tgkill', known.processId, known.threadId, number);
    if (result < 0) throw new Error(`tgkill: ${result}`);
  }

  async act(number: number, action: Action): Promise<void> {
    await this.target.must(`handler ${number} ${{ fail: 0, restart: 1, ignore: 2 }[action]}`);
  }

  async mask(name: string, number: number, isBlocked: boolean): Promise<void> {
    await this.get(name).thread.must(`mask ${number} ${isBlocked ? 1 : 0}`);
  }

  handled(): Promise<number> {
    return this.target.must('handled');
  }

  async descriptors(name: string): Promise<readonly number[]> {
    const { processId, threadId } = this.get(name);
    const numbers = readdirSync(`/proc/${processId}/task/${threadId}/fd`).map(Number);
    return numbers.filter((number) => number < highDescriptors).sort((one, other) => one - other);
  }

  async describe(name: string, number: number): Promise<Described | number> {
    const { processId, threadId } = this.get(name);
    return describeTheirs(processId, threadId, number);
  }

  async limitDescriptors(count: number): Promise<void> {
    const limit = Buffer.alloc(16);
    limit.writeBigUInt64LE(BigInt(count), 0);
    limit.writeBigUInt64LE(4096n, 8);
    const address = await this.allocate('P', 16, false);
    await this.write('P', address, limit);
    await this.target.must(`call ${nr.setrlimit} 7 ${address}`);
  }

  async endThread(name: string): Promise<void> {
    await this.get(name).thread.endThread();
  }

  async execute(): Promise<void> {
    await this.target.execute(compileTarget('trap-target', ['-DANOTHER']));
  }

  async open(name: string, path: string, flags: number): Promise<number> {
    return numberOf(await this.get(name).thread.call(nr.open, `s:${path}`, flags));
  }

  async openReadOnlyMount(): Promise<number> {
    const { target } = this;
    const { share } = this.lab;
    await target.must(`call ${nr.unshare} ${CLONE_NEWNS}`);
    await target.must(`call ${nr.mount} s:none s:/ 0 ${MS_REC_PRIVATE} 0`);
    await target.must(`call ${nr.mount} s:${share} s:${share} 0 ${MS_BIND} 0`);
    await target.must(`call ${nr.mount} s:none s:${share} 0 ${MS_REMOUNT_RDONLY} 0`);
    return target.open(share, O_DIRECTORY);
  }

  openProc(): Promise<number> {
    return this.target.open('/proc', O_DIRECTORY);
  }

  take(name: string, number: number): Promise<number> {
    return Promise.resolve(this.answerer.takeListener(this.get(name).processId, number));
  }

  async poll(descriptor: number): Promise<string> {
    await this.settle();
    return this.answerer.poll(descriptor);
  }

  async ioctl(descriptor: number, command: number, bytes: Bytes): Promise<number> {
    return this.answerer.ioctl(descriptor, command, bytes);
  }

  async openOwn(path: string, flags: number): Promise<number> {
    return this.answerer.open(this.lab.share, path, flags);
  }

  async close(descriptor: number): Promise<number> {
    return this.answerer.close(descriptor);
  }

  async duplicate(descriptor: number): Promise<number> {
    return this.answerer.duplicate(descriptor);
  }

  async describeOwn(descriptor: number): Promise<Described | number> {
    return this.answerer.describe(descriptor);
  }

  serve({ listener, policy }: ServeOptions): Promise<readonly HandlerStep[]> {
    return this.lab.hands.of('loop').ask('serve', listener, policy);
  }

  async seize(tracer: string, name: string, options: number): Promise<number> {
    this.tracers.add(tracer);
    return this.lab.hands.of(tracer).ask('seize', this.threadId(name), options);
  }

  interrupt(tracer: string, name: string): Promise<number> {
    return this.lab.hands.of(tracer).ask('interrupt', this.threadId(name));
  }

  async status(tracer: string, name: string): Promise<number> {
    await this.settle();
    return this.lab.hands.of(tracer).ask('status', this.threadId(name));
  }

  resume(tracer: string, name: string, how: Resume, signal: number): Promise<number> {
    return this.lab.hands.of(tracer).ask(how, this.threadId(name), signal);
  }

  setOptions(tracer: string, name: string, options: number): Promise<number> {
    return this.lab.hands.of(tracer).ask('setOptions', this.threadId(name), options);
  }

  registers(tracer: string, name: string): Promise<Uint8Array | number> {
    return this.lab.hands.of(tracer).ask('registers', this.threadId(name));
  }

  setRegisters(tracer: string, name: string, bytes: Uint8Array): Promise<number> {
    return this.lab.hands.of(tracer).ask('setRegisters', this.threadId(name), bytes);
  }

  signalMask(tracer: string, name: string): Promise<Uint8Array | number> {
    return this.lab.hands.of(tracer).ask('signalMask', this.threadId(name));
  }

  setSignalMask(tracer: string, name: string, bytes: Uint8Array): Promise<number> {
    return this.lab.hands.of(tracer).ask('setSignalMask', this.threadId(name), bytes);
  }

  async die(tracer: string): Promise<void> {
    this.tracers.delete(tracer);
    await this.lab.hands.end(tracer);
  }

  handleOf(path: string): Promise<Uint8Array> {
    return this.lab.handleOf(path);
  }

  async sharePath(): Promise<string> {
    return '/';
  }

  async removeFile(path: string): Promise<void> {
    await this.lab.remove(path);
  }

  async end(): Promise<void> {
    this.target.kill();
    // A thread that somebody traces stays until its tracer looks.
    for (const tracer of this.tracers) await this.lab.hands.end(tracer);
    await this.target.exited;
    await this.lab.hands.forget();
    this.answerer.closeAll();
  }

  /** Waits until all threads stand still. */
  private async settle(): Promise<void> {
    for (const [name, { processId, threadId }] of this.known) {
      if (name !== 'P') await settledState(processId, threadId);
    }
  }

  private remember(name: string, thread: TrapThread, threadId: number, processId: number): void {
    this.known.set(name, { thread, threadId, processId, isCalling: false });
  }

  private get(name: string): Known {
    const known = this.known.get(name);
    if (known === undefined) throw new Error(`no thread is called ${name}`);
    return known;
  }
}
