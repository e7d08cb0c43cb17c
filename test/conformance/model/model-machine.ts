import { type RequestRecord, standaloneRecord } from '../../../core/request/record.js';
import { fillNotification } from '../../../simulator/actors/fill-notification.js';
import { FaultPlan } from '../../../simulator/faults/fault-plan.js';
import { ListenerEnd } from '../../../simulator/kernel/filter.js';
import { notifierCall } from '../../../simulator/kernel/notifier-calls.js';
import { flag, no, syscall } from '../../../simulator/kernel/numbers.js';
import {
  type OpenDescription,
  OpenFile,
  PlainDescription,
} from '../../../simulator/kernel/open-description.js';
import type { ModelProcess, ModelThread } from '../../../simulator/kernel/process.js';
import { endThread, executeProgram, forkProcess } from '../../../simulator/kernel/process-life.js';
import * as tracing from '../../../simulator/kernel/tracing.js';
import type { LoopListener } from '../../../simulator/ports/loop-state.js';
import { ModelRequestKernel } from '../../../simulator/ports/request-kernel.js';
import { Generator } from '../../../simulator/random/generator.js';
import { World } from '../../../simulator/world/world.js';
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
import { runHandler } from '../run-handler.js';
import { inShare, makeModelShare, mountIds } from './model-share.js';

const handleStructBytes = 136;
const eventLimit = 10_000;
const signalCount = 64;

interface Known {
  readonly thread: ModelThread;
  result: number | undefined;
}

/** The modelled kernel, driven as the real one is. */
export class ModelMachine implements Machine {
  private readonly world: World;
  private readonly answerer: ModelProcess;
  readonly requestKernel: ModelRequestKernel;
  private readonly tracers = new Map<string, ModelProcess>();
  private readonly known = new Map<string, Known>();
  private readonly served = new Map<number, LoopListener>();
  private readonly target: ModelProcess;

  constructor(seed = 1n) {
    const random = new Generator(seed);
    this.world = new World(random, {}, new FaultPlan([], random.fork('faults')));
    const { kernel } = this.world;
    const share = makeModelShare(this.world);
    this.answerer = kernel.spawn('answerer');
    for (let number = 0; number < 20; number++) this.answerer.table.add(new PlainDescription());
    this.requestKernel = new ModelRequestKernel(this.world, this.answerer, undefined);
    this.target = kernel.spawn('target');
    for (let number = 0; number < 3; number++) this.target.table.add(new PlainDescription());
    this.target.table.add(new OpenFile(share, mountIds.share, false, flag.O_DIRECTORY));
    const thread = kernel.addThread(this.target, 0, 'P', mountIds.share);
    thread.workingDirectory = share;
    this.known.set('P', { thread, result: undefined });
  }

  async add(name: string, how: 'thread' | 'fork'): Promise<void> {
    const { kernel } = this.world;
    const first = this.thread('P');
    if (how === 'fork') {
      this.known.set(name, { thread: forkProcess(kernel, first, name), result: undefined });
      return;
    }
    const thread = kernel.addThread(this.target, first.user, name, mountIds.share);
    thread.group = first.group;
    thread.filter = first.filter;
    thread.workingDirectory = first.workingDirectory;
    this.known.set(name, { thread, result: undefined });
  }

  threadId(name: string): number {
    return this.thread(name).threadId;
  }

  async install(name: string, isKillable: boolean): Promise<number> {
    const numbers = [syscall.openByHandleAt, syscall.nameToHandleAt];
    return this.world.kernel.seccomp(this.thread(name), name, isKillable, numbers);
  }

  async drop(name: string, user: number): Promise<void> {
    const thread = this.thread(name);
    thread.user = user;
    thread.group = user;
  }

  async begin(name: string, number: number, values: readonly number[]): Promise<void> {
    const known = this.get(name);
    const six = [...values, 0, 0, 0, 0, 0, 0].slice(0, 6);
    this.world.kernel.call(known.thread, { number, values: six }, (result) => {
      known.result = result;
    });
  }

  async state(name: string): Promise<ThreadState> {
    this.settle();
    const known = this.get(name);
    const { mode, notification, call } = known.thread;
    if (mode === 'dead') return { kind: 'gone' };
    if (mode === 'trace-stopped') return { kind: 'traced' };
    if (mode === 'group-stopped') return { kind: 'stopped' };
    if (known.result !== undefined) {
      const value = known.result;
      known.result = undefined;
      return { kind: 'returned', value };
    }
    if (notification !== undefined) return { kind: 'waiting' };
    if (call !== undefined) throw new Error(`${name} is in a call that does not end`);
    return { kind: 'idle' };
  }

  async allocate(name: string, bytes: number, isEdge: boolean): Promise<number> {
    const { memory } = this.thread(name).process;
    const address = memory.map(isEdge ? bytes : Math.ceil(bytes / 4096) * 4096);
    return address;
  }

  async write(name: string, address: number, bytes: Uint8Array): Promise<void> {
    const view = this.thread(name).process.memory.view(address, bytes.length);
    if (view === undefined || view.length < bytes.length) throw new Error('this memory is not mapped');
    view.set(bytes);
  }

  async read(name: string, address: number, count: number): Promise<Uint8Array> {
    const view = this.thread(name).process.memory.view(address, count);
    if (view === undefined) throw new Error('this memory is not mapped');
    return view.slice();
  }

  async signalProcess(name: string, number: number): Promise<void> {
    this.world.kernel.signal(this.thread(name).process, number);
  }

  async signalThread(name: string, number: number): Promise<void> {
    this.world.kernel.signalThread(this.thread(name), number);
  }

  async act(number: number, action: Action): Promise<void> {
    if (action === 'ignore') this.target.ignored.add(number);
    else this.target.handlers.set(number, { restarts: action === 'restart' });
  }

  async mask(name: string, number: number, isBlocked: boolean): Promise<void> {
    this.settle();
    this.world.kernel.blockSignal(this.thread(name), number, isBlocked);
  }

  async handled(): Promise<number> {
    this.settle();
    return [...this.target.handled.values()].reduce((sum, count) => sum + count, 0);
  }

  async descriptors(name: string): Promise<readonly number[]> {
    return this.thread(name)
      .table.entries()
      .map(([number]) => number);
  }

  async describe(name: string, number: number): Promise<Described | number> {
    const held = this.thread(name).table.descriptor(number);
    return held === undefined ? no('EBADF') : describe(held.description, held.closeOnExec);
  }

  /** F_GETFL of a descriptor of a file; -1 if it is none. */
  statusFlags(name: string, number: number): number {
    const held = this.thread(name).table.at(number);
    return held instanceof OpenFile ? held.statusFlags : -1;
  }

  async limitDescriptors(count: number): Promise<void> {
    this.target.table.limit = count;
  }

  async endThread(name: string): Promise<void> {
    endThread(this.world.kernel, this.thread(name));
  }

  async execute(): Promise<void> {
    executeProgram(this.world.kernel, this.thread('P'));
  }

  async open(name: string, path: string, flags: number): Promise<number> {
    const file = inShare(this.world.kernel.files, path);
    const opened = new OpenFile(file, mountIds.share, (flags & flag.O_PATH) !== 0, flags & ~flag.O_CLOEXEC);
    return this.thread(name).table.add(opened, (flags & flag.O_CLOEXEC) !== 0);
  }

  async openReadOnlyMount(): Promise<number> {
    const share = inShare(this.world.kernel.files, '.');
    return this.target.table.add(new OpenFile(share, mountIds.readOnly, false, flag.O_DIRECTORY));
  }

  async openProc(): Promise<number> {
    const { files } = this.world.kernel;
    const mount = files.mounts.get(mountIds.proc);
    if (mount === undefined) throw new Error('there is no proc');
    return this.target.table.add(new OpenFile(files.rootOf(mount), mountIds.proc, false, flag.O_DIRECTORY));
  }

  async take(name: string, number: number): Promise<number> {
    const listener = this.thread(name).process.table.at(number);
    return listener === undefined ? no('EBADF') : this.answerer.table.add(listener, true);
  }

  async poll(descriptor: number): Promise<string> {
    this.settle();
    const listener = this.answerer.table.at(descriptor);
    if (!(listener instanceof ListenerEnd)) throw new Error('only listeners are polled');
    const { filter } = listener;
    const events = { IN: filter.isReadable, OUT: filter.hasReceived, HUP: filter.hasHungUp };
    return Object.entries(events)
      .filter(([, isSet]) => isSet)
      .map(([event]) => event)
      .join(' ');
  }

  async ioctl(descriptor: number, command: number, bytes: Bytes): Promise<number> {
    return notifierCall(this.answerer, descriptor, command, bytes);
  }

  async openOwn(path: string, flags: number): Promise<number> {
    const file = inShare(this.world.kernel.files, path);
    const shown = flags & ~(flag.O_CLOEXEC | flag.O_TRUNC);
    const opened = new OpenFile(file, mountIds.share, (flags & flag.O_PATH) !== 0, shown);
    return this.answerer.table.add(opened, true);
  }

  async close(descriptor: number): Promise<number> {
    return this.answerer.table.close(descriptor);
  }

  async duplicate(descriptor: number): Promise<number> {
    const description = this.answerer.table.at(descriptor);
    return description === undefined ? no('EBADF') : this.answerer.table.add(description, true);
  }

  async describeOwn(descriptor: number): Promise<Described | number> {
    const held = this.answerer.table.descriptor(descriptor);
    return held === undefined ? no('EBADF') : describe(held.description, held.closeOnExec);
  }

  async serve({ listener, policy }: ServeOptions): Promise<readonly HandlerStep[]> {
    const record = this.receive(listener);
    return runHandler(record, this.requestKernel, record.listener, policy);
  }

  /** What the answerer has open. */
  get heldDescriptors(): number {
    return this.answerer.table.entries().length;
  }

  /** RECV into a record, as a loop does it. */
  receive(listener: number): RequestRecord {
    this.settle();
    const end = this.answerer.table.at(listener);
    const notification = end instanceof ListenerEnd ? end.filter.receive() : undefined;
    if (notification === undefined) throw new Error('there is nothing to receive');
    const record = standaloneRecord();
    fillNotification(record, notification);
    const served = this.served.get(listener) ?? { key: listener, descriptor: listener, mounts: new Map() };
    this.served.set(listener, served);
    record.listener = served;
    return record;
  }

  async seize(tracer: string, name: string, options: number): Promise<number> {
    const process = this.tracer(tracer);
    const result = tracing.seize(this.world.kernel, process, this.threadId(name));
    const thread = this.thread(name);
    if (result === 0 && thread.tracing !== undefined) thread.tracing.options = options;
    return result;
  }

  async interrupt(tracer: string, name: string): Promise<number> {
    return tracing.interrupt(this.world.kernel, this.tracer(tracer), this.threadId(name));
  }

  async status(tracer: string, name: string): Promise<number> {
    this.settle();
    return tracing.takeStatus(this.thread(name), this.tracer(tracer));
  }

  async resume(tracer: string, name: string, how: Resume, signal: number): Promise<number> {
    this.settle();
    return tracing.resume(this.world.kernel, this.tracer(tracer), this.threadId(name), signal, how);
  }

  async setOptions(tracer: string, name: string, options: number): Promise<number> {
    const thread = this.stopped(tracer, name);
    if (thread?.tracing === undefined) return no('ESRCH');
    thread.tracing.options = options;
    return 0;
  }

  async registers(tracer: string, name: string): Promise<Uint8Array | number> {
    return this.stopped(tracer, name)?.registers.bytes.slice() ?? no('ESRCH');
  }

  async setRegisters(tracer: string, name: string, bytes: Uint8Array): Promise<number> {
    const thread = this.stopped(tracer, name);
    if (thread === undefined) return no('ESRCH');
    thread.registers.bytes.set(bytes);
    return 0;
  }

  async signalMask(tracer: string, name: string): Promise<Uint8Array | number> {
    const thread = this.stopped(tracer, name);
    if (thread === undefined) return no('ESRCH');
    const bytes = new Uint8Array(signalCount / 8);
    for (const number of thread.signalMask) bytes[(number - 1) >> 3] = bit(number) | at(bytes, number);
    return bytes;
  }

  async setSignalMask(tracer: string, name: string, bytes: Uint8Array): Promise<number> {
    const thread = this.stopped(tracer, name);
    if (thread === undefined) return no('ESRCH');
    const all = Array.from({ length: signalCount }, (_, index) => index + 1);
    thread.signalMask = new Set(all.filter((number) => (at(bytes, number) & bit(number)) !== 0));
    return 0;
  }

  async die(tracer: string): Promise<void> {
    this.world.kernel.kill(this.tracer(tracer));
    this.tracers.delete(tracer);
    this.settle();
  }

  async handleOf(path: string): Promise<Uint8Array> {
    const { inode, generation } = inShare(this.world.kernel.files, path);
    const bytes = new Uint8Array(handleStructBytes);
    bytes.set(new Uint8Array(new Uint32Array([8, 1, inode, generation]).buffer));
    return bytes;
  }

  async sharePath(): Promise<string> {
    return '/';
  }

  async removeFile(path: string): Promise<void> {
    inShare(this.world.kernel.files, path).isDeleted = true;
  }

  async end(): Promise<void> {
    this.settle();
  }

  /** Everything that happens by itself happens. */
  private settle(): void {
    for (let count = 0; this.world.scheduler.step(); count++) {
      if (count > eventLimit) throw new Error('the model does not come to rest');
    }
  }

  private tracer(name: string): ModelProcess {
    const known = this.tracers.get(name) ?? this.world.kernel.spawn(`tracer ${name}`);
    this.tracers.set(name, known);
    return known;
  }

  private stopped(tracer: string, name: string): ModelThread | undefined {
    this.settle();
    return tracing.stopped(this.world.kernel, this.tracer(tracer), this.threadId(name));
  }

  private thread(name: string): ModelThread {
    return this.get(name).thread;
  }

  private get(name: string): Known {
    const known = this.known.get(name);
    if (known === undefined) throw new Error(`no thread is called ${name}`);
    return known;
  }
}

function bit(number: number): number {
  return 1 << ((number - 1) & 7);
}

function at(bytes: Uint8Array, number: number): number {
  return bytes[(number - 1) >> 3] as number;
}

function describe(description: OpenDescription, closeOnExec: boolean): Described {
  if (description instanceof ListenerEnd) {
    return { file: description.kind, type: 0, flags: description.statusFlags, closeOnExec };
  }
  if (!(description instanceof OpenFile)) throw new Error(`a ${description.kind} is not described`);
  const { file, statusFlags } = description;
  return { file: `${file.device}/${file.inode}`, type: file.type, flags: statusFlags, closeOnExec };
}
