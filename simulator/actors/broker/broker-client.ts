import {
  type BrokerAnswer,
  type BrokerCall,
  decodeAnswer,
  encodeRequest,
} from '../../../core/broker/messages.js';
import { brokerVersion } from '../../../core/broker/packets.js';
import { mayAccess } from '../../kernel/native-handles.js';
import { AT_FDCWD, flag, no, syscall } from '../../kernel/numbers.js';
import { type OpenDescription, OpenFile, type PacketSocket } from '../../kernel/open-description.js';
import type { CallRegisters, ModelProcess, ModelThread } from '../../kernel/process.js';
import type { World } from '../../world/world.js';
import type { BrokerSocketFile } from './broker-parts.js';

const retryUs = 20_000;
const wakeUs = [1, 20] as const;
const X_OK = 1;

interface Pending {
  readonly call: BrokerCall;
  /** A copy of the caller's, so that the request can be sent again whatever became of that. */
  readonly descriptor: number;
  wasSent: boolean;
  readonly settle: (answer: BrokerAnswer | undefined, passed: OpenDescription | undefined) => void;
}

/**
 * The client's library in a target, in the order of adapters/broker/client.ts: it connects with the first
 * request and again when a connection is lost, and sends again what was not answered. An open with O_TRUNC
 * is not repeated: its caller is told that nobody knows (EIO here, DEPUTY_E_BROKER_UNCERTAIN there).
 */
export class ModelBrokerClient {
  /** Threads whose present call ended so. */
  readonly uncertain = new Set<ModelThread>();
  private readonly pending = new Map<number, Pending>();
  private connection: { readonly socket: PacketSocket; readonly descriptor: number } | undefined;
  private inFlightLimit = 0;
  private lastId = 0;
  private isWaiting = false;

  constructor(
    private readonly world: World,
    private readonly process: ModelProcess,
    private readonly socket: BrokerSocketFile,
    /** As a mistake to be noticed: everything is sent again, truncating opens as well. */
    private readonly repeatsAll: boolean,
  ) {}

  /** Makes a system call's request instead of the call, and does with its answer what the kernel would. */
  call(thread: ModelThread, registers: CallRegisters, returned: (result: number) => void): void {
    const { watch } = this.world;
    thread.call = registers;
    this.uncertain.delete(thread);
    watch.called?.(thread, registers);
    const end = (result: number): void => {
      thread.call = undefined;
      watch.returned?.(thread, registers, result);
      returned(result);
    };
    if (registers.number === syscall.openByHandleAt) this.open(thread, registers, end);
    else this.name(thread, registers, end);
  }

  private open(thread: ModelThread, { values }: CallRegisters, end: (result: number) => void): void {
    const [mount = 0, pointer = 0, flags = 0] = values;
    const words = this.view(pointer, 8);
    const bytes = words?.getUint32(0, true) ?? 0;
    const handle = this.process.memory.view(pointer + 8, bytes)?.slice();
    if (words === undefined || handle === undefined) return end(no('EFAULT'));
    const descriptor = this.copyOf(mount);
    if (descriptor < 0) return end(descriptor);
    const handleType = words.getInt32(4, true);
    const call = {
      type: 'open_by_handle_at',
      id: this.nextId(),
      flags: flags | 0,
      handleType,
      handle,
    } as const;
    this.ask(call, descriptor, (answer, passed) => {
      if (answer === undefined) {
        this.uncertain.add(thread);
        return end(no('EIO'));
      }
      if (answer.result < 0) return end(answer.result);
      // It is a number of the client's own table, or there was none left (MSG_CTRUNC).
      const closeOnExec = (flags & flag.O_CLOEXEC) !== 0;
      const number = passed === undefined ? no('EMFILE') : this.process.table.add(passed, closeOnExec);
      passed?.release();
      end(number);
    });
  }

  /** The client opens the file itself, with O_PATH, and asks for the handle of that. */
  private name(thread: ModelThread, { values }: CallRegisters, end: (result: number) => void): void {
    const [at = 0, path = 0, pointer = 0, mountIdAt = 0] = values;
    const room = this.view(pointer, 8)?.getUint32(0, true) ?? 0;
    const opened = this.openPath(thread, at, path);
    if (opened < 0) return end(opened);
    const call = { type: 'name_to_handle_at', id: this.nextId(), flags: 0, room } as const;
    this.ask(call, opened, (answer) => {
      if (answer?.type !== 'name_to_handle_at') return end(no('EIO'));
      const words = this.view(pointer, 8);
      if (answer.result === 0 || answer.result === no('EOVERFLOW')) {
        words?.setUint32(0, answer.neededBytes, true);
        words?.setInt32(4, answer.handleType, true);
        this.process.memory.view(pointer + 8, answer.handle.length)?.set(answer.handle);
        this.view(mountIdAt, 4)?.setInt32(0, Number(answer.mountId), true);
      }
      end(answer.result);
    });
  }

  private openPath(thread: ModelThread, at: number, pointer: number): number {
    const bytes = this.process.memory.view(pointer, 4096);
    const name = String.fromCharCode(...(bytes?.subarray(0, bytes.indexOf(0)) ?? []));
    const { files } = this.world.kernel;
    const file = files.named(name);
    if (file === undefined) return no('ENOENT');
    const folder = file.folder === undefined ? undefined : files.named(file.folder);
    if (folder !== undefined && !mayAccess(thread, folder, X_OK)) return no('EACCES');
    const held = this.process.table.at(at);
    if (at !== AT_FDCWD && !(held instanceof OpenFile)) return no('EBADF');
    const mountId = held instanceof OpenFile ? held.mountId : thread.workingMount;
    return this.process.table.add(new OpenFile(file, mountId, true, flag.O_PATH), true);
  }

  private copyOf(descriptor: number): number {
    const held = this.process.table.at(descriptor);
    return held === undefined ? no('EBADF') : this.process.table.add(held, true);
  }

  private view(pointer: number, bytes: number): DataView | undefined {
    const found = this.process.memory.view(pointer, bytes);
    if (found === undefined || found.length < bytes) return undefined;
    return new DataView(found.buffer, found.byteOffset, found.byteLength);
  }

  private nextId(): number {
    return ++this.lastId;
  }

  private ask(call: BrokerCall, descriptor: number, settle: Pending['settle']): void {
    this.pending.set(call.id, { call, descriptor, wasSent: false, settle });
    this.pump();
  }

  /** Sends what was not sent, as far as the broker takes it. */
  private pump(): void {
    if (this.pending.size === 0) return;
    if (this.connection === undefined) return this.connect();
    if (this.inFlightLimit === 0) return;
    let inFlight = 0;
    for (const one of this.pending.values()) {
      if (++inFlight > this.inFlightLimit) return;
      if (one.wasSent) continue;
      const passed = this.process.table.at(one.descriptor);
      const sent = this.connection.socket.send(encodeRequest(one.call), passed === undefined ? [] : [passed]);
      if (sent === undefined) return;
      one.wasSent = true;
    }
  }

  private connect(): void {
    const [thread] = this.process.threads;
    if (thread === undefined) return;
    const socket = this.socket.connect({ process: this.process, thread });
    if (socket === undefined) return this.pumpLater();
    const descriptor = this.process.table.add(socket, true);
    this.connection = { socket, descriptor };
    socket.whenReadable = () => this.world.later(this.process, ...wakeUs, () => this.read(socket));
    const hello = { type: 'hello', id: 0, lowest: brokerVersion, highest: brokerVersion } as const;
    socket.send(encodeRequest(hello), []);
  }

  private pumpLater(): void {
    if (this.isWaiting) return;
    this.isWaiting = true;
    this.world.scheduler.after(retryUs, this.process, () => {
      this.isWaiting = false;
      this.pump();
    });
  }

  /** What the broker said, and then, if so, that it is gone: the answers that it gave are there still. */
  private read(socket: PacketSocket): void {
    if (this.connection?.socket !== socket) return;
    for (let packet = socket.packets.shift(); packet !== undefined; packet = socket.packets.shift()) {
      const answer = decodeAnswer(packet.bytes);
      if (answer?.type === 'hello') {
        this.inFlightLimit = answer.inFlight;
        continue;
      }
      const found = answer === undefined ? undefined : this.pending.get(answer.id);
      if (found === undefined) for (const one of packet.passed) one.release();
      else this.settle(found, answer, packet.passed[0]);
    }
    if (socket.isPeerClosed) this.lost();
    else this.pump();
  }

  private settle(
    found: Pending,
    answer: BrokerAnswer | undefined,
    passed: OpenDescription | undefined,
  ): void {
    this.pending.delete(found.call.id);
    this.process.table.close(found.descriptor);
    found.settle(answer, passed);
  }

  private lost(): void {
    if (this.connection !== undefined) this.process.table.close(this.connection.descriptor);
    this.connection = undefined;
    this.inFlightLimit = 0;
    for (const one of [...this.pending.values()]) {
      if (one.wasSent && truncates(one.call) && !this.repeatsAll) this.settle(one, undefined, undefined);
      one.wasSent = false;
    }
    this.pumpLater();
  }
}

function truncates(call: BrokerCall): boolean {
  return call.type === 'open_by_handle_at' && (call.flags & (flag.O_TRUNC | flag.O_PATH)) === flag.O_TRUNC;
}
