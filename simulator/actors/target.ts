import type { ResolvedPolicy } from '../../core/policy/match.js';
import { modelHandleBytes } from '../kernel/file-tree.js';
import { flag, foreignBit, syscall } from '../kernel/numbers.js';
import { OpenFile, PlainDescription } from '../kernel/open-description.js';
import type { CallRegisters, ModelProcess, ModelThread } from '../kernel/process.js';
import { fileTypeNumber } from '../scenario/build-machine.js';
import type { ScenarioCall, ScenarioTarget } from '../scenario/scenario-schema.js';
import type { World } from '../world/world.js';
import type { HandleBook } from './handle-book.js';
import { TargetHandles } from './target-handles.js';

const dataStart = 0x7f00_0000_0000;
const dataBytes = 8192;
const foreignName = syscall.nameToHandleAt | foreignBit;
const place = { path: 1024, mountId: 2048, badPointer: 0x1000 } as const;
/** Time of its own that a program takes between two calls. */
const programUs = [1, 30] as const;

type OpenCall = Extract<ScenarioCall, { open: string }>;
type NameCall = Extract<ScenarioCall, { nameToHandle: string }>;

type MakeCall = (thread: ModelThread, call: CallRegisters, returned: (result: number) => void) => void;

/** How a program runs, where not as an unprivileged one under a filter that notifies of all. */
export interface RunningIn {
  /** A process that it runs in already, under no filter: a payload's, or one that asks a broker. */
  readonly process?: ModelProcess;
  /** CAP_DAC_READ_SEARCH. */
  readonly holdsReadSearch?: boolean;
  /** It has a user namespace with these users, and a filter that leaves directories to the kernel. */
  readonly mappedUsers?: ReadonlySet<number>;
  /** Its threads have nothing left to do. */
  readonly whenDone?: () => void;
  /** What makes its calls, if not the kernel: the library of a broker's clients. */
  readonly call?: MakeCall;
  /** It has a file's handle by name before it opens it: where handles are sealed, others open nothing. */
  readonly namesFirst?: boolean;
}

/** A target's program: threads that make calls, one after the other, and keep what they get. */
export class TargetProgram {
  readonly process: ModelProcess;
  /** Threads that have something left to do. */
  busy = 0;
  /** Descriptors that the program knows of, as its calls returned them. */
  readonly known = new Set<number>();
  /** Descriptors that it began with. */
  readonly initial: ReadonlySet<number>;
  private readonly mountDescriptors = new Map<string, number>();
  private readonly handles: TargetHandles;

  constructor(
    private readonly world: World,
    readonly scenario: ScenarioTarget,
    readonly containerId: string,
    /** What it may have done for it. */
    readonly policy: ResolvedPolicy,
    private readonly book: HandleBook,
    private readonly runningIn?: RunningIn,
  ) {
    const { kernel } = world;
    const { name, descriptorLimit, killable, heldDescriptors } = scenario;
    this.process = runningIn?.process ?? kernel.spawn(name, { descriptorLimit });
    this.handles = new TargetHandles(this.process, book);
    this.openInitial(heldDescriptors);
    this.initial = new Set(this.process.table.entries().map(([number]) => number));
    for (const [number, action] of Object.entries(scenario.handlers)) {
      this.process.handlers.set(Number(number), { restarts: action === 'restart' });
    }
    for (const number of scenario.fatalCalls) this.process.fatalCalls.add(number);
    const numbers = [syscall.openByHandleAt, syscall.nameToHandleAt, foreignName];
    if (runningIn?.process === undefined) {
      const filter = kernel.installFilter(this.process, name, killable, numbers);
      if (runningIn?.mappedUsers !== undefined) filter.leaves = isOpenOfDirectory;
    }
    this.process.memory.add(dataStart, dataBytes * scenario.threads.length);
  }

  /** Its threads begin. */
  start(): void {
    const { kernel, scheduler } = this.world;
    const [mountId = 0] = kernel.files.mounts.keys();
    this.scenario.threads.forEach(({ startUs, calls }, index) => {
      const actor = `${this.process.actor}/thread-${index + 1}`;
      const thread = kernel.addThread(this.process, this.scenario.user, actor, mountId);
      thread.holdsReadSearch = this.runningIn?.holdsReadSearch === true;
      thread.mappedUsers = this.runningIn?.mappedUsers;
      this.busy++;
      scheduler.after(startUs, this.process, () => this.run(thread, index, calls, 0, 0));
    });
  }

  /** Gives another process what this program has in its memory and of mounts. */
  resemble(other: ModelProcess): void {
    const memory = this.process.memory.view(dataStart, dataBytes * this.scenario.threads.length);
    if (memory !== undefined) other.memory.add(dataStart, memory.length).bytes.set(memory);
    for (const [mountPoint, number] of this.mountDescriptors) {
      const mount = [...this.world.kernel.files.mounts.values()].find((one) => one.mountPoint === mountPoint);
      if (mount === undefined) continue;
      const root = this.world.kernel.files.rootOf(mount);
      other.table.put(number, new OpenFile(root, mount.mountId, false, flag.O_DIRECTORY));
    }
  }

  get isDone(): boolean {
    return this.busy === 0 || !this.process.alive;
  }

  private get firstMount(): string {
    const [first = ''] = this.mountDescriptors.keys();
    return first;
  }

  private openInitial(held: number): void {
    for (let number = 0; number < 3; number++) this.process.table.add(new PlainDescription());
    for (const mount of this.world.kernel.files.mounts.values()) {
      const root = this.world.kernel.files.rootOf(mount);
      const number = this.process.table.add(new OpenFile(root, mount.mountId, false, flag.O_DIRECTORY));
      this.mountDescriptors.set(mount.mountPoint, number);
    }
    for (let count = 0; count < held; count++) this.process.table.add(new PlainDescription());
  }

  private run(
    thread: ModelThread,
    index: number,
    calls: readonly ScenarioCall[],
    at: number,
    time: number,
  ): void {
    const call = calls[at];
    if (call === undefined) {
      this.busy--;
      if (this.busy === 0) this.runningIn?.whenDone?.();
      return;
    }
    const isLast = time + 1 >= call.times;
    const next = (): void => {
      const [from, to] = programUs;
      this.world.later(this.process, from + call.everyUs, to + call.everyUs, () =>
        this.run(thread, index, calls, isLast ? at + 1 : at, isLast ? 0 : time + 1),
      );
    };
    this.make(thread, index, call, next);
  }

  private make(thread: ModelThread, index: number, call: ScenarioCall, next: () => void): void {
    const { kernel, scheduler } = this.world;
    if ('open' in call && this.mustName(call)) {
      const name = { nameToHandle: call.open, room: 128, mount: mountOf(call), times: 1, everyUs: 0 };
      this.call(thread, this.nameCall(name, index), (result) => {
        if (result === 0) this.noteHandle(name, index);
        const named = { ...call, handle: 'named' } as const;
        if (result < 0) next();
        else this.make(thread, index, named, next);
      });
    } else if ('open' in call) {
      this.call(thread, this.openCall(call, index), (result) => {
        this.keep(result, call.close);
        next();
      });
    } else if ('nameToHandle' in call) {
      this.call(thread, this.nameCall(call, index), (result) => {
        if (result === 0) this.noteHandle(call, index);
        next();
      });
    } else if ('foreignNameToHandle' in call) {
      const name = { nameToHandle: call.foreignNameToHandle, room: modelHandleBytes };
      const { values } = this.nameCall(name, index);
      this.call(thread, { number: foreignName, values }, next);
    } else if ('write' in call) {
      const file = kernel.files.named(call.write);
      if (file !== undefined) file.changes++;
      next();
    } else if ('remove' in call) {
      const file = kernel.files.named(call.remove);
      if (file !== undefined) file.isDeleted = true;
      next();
    } else if ('replace' in call) {
      kernel.files.replace(call.replace, fileTypeNumber(call.by));
      next();
    } else if ('rotateKey' in call) {
      this.world.sealKeys.rotate(call.rotateKey === 'retire', this.world.nowUs);
      next();
    } else scheduler.after(call.sleepUs, this.process, next);
  }

  /** A descriptor that a call returned: closed at once, or kept. */
  private keep(number: number, closes: boolean): void {
    if (number < 0) return;
    if (closes) this.world.kernel.close(this.process, number);
    else this.known.add(number);
  }

  private call(thread: ModelThread, call: CallRegisters, returned: (result: number) => void): void {
    const { kernel } = this.world;
    if (this.runningIn?.call === undefined) kernel.call(thread, call, returned);
    else this.runningIn.call(thread, call, returned);
  }

  /** Its own handle is to be right, and it was given none yet. */
  private mustName({ open, handle }: OpenCall): boolean {
    return this.runningIn?.namesFirst === true && handle === 'right' && !this.isNamed(open);
  }

  private isNamed(file: string): boolean {
    return this.book.last(this.process, file) !== undefined;
  }

  private openCall(call: OpenCall, index: number): CallRegisters {
    const base = dataStart + index * dataBytes;
    const file = this.world.kernel.files.named(call.open);
    const { memory } = this.process;
    const isSealed = this.runningIn?.namesFirst === true && this.isNamed(call.open);
    const handle = call.handle === 'right' && isSealed ? 'named' : call.handle;
    memory.view(base, 136)?.set(this.handles.structOf(call.open, file, handle));
    const pointer = call.handle === 'bad-pointer' ? place.badPointer : base;
    const descriptor =
      typeof call.mount === 'number' ? call.mount : (this.mountDescriptors.get(call.mount) ?? 999);
    let flags = 0;
    for (const name of call.flags) flags |= name === 'O_RDONLY' ? 0 : flag[name];
    return { number: syscall.openByHandleAt, values: [descriptor, pointer, flags, 0, 0, 0] };
  }

  /** What name_to_handle_at(2) left in the program's memory. */
  private noteHandle({ nameToHandle: file, mount: at }: NameCall, index: number): void {
    const bytes = this.process.memory.view(dataStart + index * dataBytes, 136)?.slice();
    const mounts = [...this.world.kernel.files.mounts.values()];
    const mount = mounts.find(({ mountPoint }) => mountPoint === (at ?? this.firstMount));
    if (bytes === undefined || mount === undefined) return;
    const words = new DataView(bytes.buffer);
    const type = words.getInt32(4, true);
    const handle = bytes.subarray(8, 8 + words.getUint32(0, true));
    this.book.add({ program: this.process, file, tenant: this.policy.tenant, mount, type, bytes: handle });
  }

  private nameCall(
    { nameToHandle: name, room, mount = this.firstMount }: Omit<NameCall, 'times' | 'everyUs'>,
    index: number,
  ): CallRegisters {
    const base = dataStart + index * dataBytes;
    const path = Uint8Array.from(`${name}\0`, (character) => character.charCodeAt(0));
    const { memory } = this.process;
    memory.view(base + place.path, path.length)?.set(path);
    memory.view(base, 136)?.set(new Uint8Array(new Uint32Array([room, 0]).buffer));
    const descriptor = this.mountDescriptors.get(mount) ?? 999;
    return {
      number: syscall.nameToHandleAt,
      values: [descriptor, base + place.path, base, base + place.mountId, 0, 0],
    };
  }
}

/** Where a file is named that is opened through a mount; its number, if it is one, names none. */
function mountOf({ mount }: OpenCall): string {
  return typeof mount === 'string' ? mount : '/share';
}

/** What a profile made with --native-directories leaves to the kernel. */
export function isOpenOfDirectory(number: number, [, , flags = 0]: readonly number[]): boolean {
  return number === syscall.openByHandleAt && (flags & flag.O_DIRECTORY) !== 0;
}
