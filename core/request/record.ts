import { offset, recordBytes, traceCapacity, traceEntryBytes } from './record-layout.js';

/** Memory that records stand in: a journal segment, or a plain buffer in the simulator and in tests. */
export interface RecordMemory {
  readonly buffer: ArrayBuffer;
  /** Address of the buffer's first byte, for adapters that hand it to the kernel; 0 where there is none. */
  readonly address: number;
}

/** The views on one memory, made once and shared by all its records. */
export class RecordViews {
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly u64: BigUint64Array;

  constructor(readonly memory: RecordMemory) {
    this.u8 = new Uint8Array(memory.buffer);
    this.u16 = new Uint16Array(memory.buffer);
    this.u32 = new Uint32Array(memory.buffer);
    this.i32 = new Int32Array(memory.buffer);
    this.f64 = new Float64Array(memory.buffer);
    this.u64 = new BigUint64Array(memory.buffer);
  }
}

const highRegister = 0xffffffff;

/**
 * One request's record: a window on a journal slot. Everything that a request's steps know is here, so that a
 * successor finds it; the few plain fields below are caches that can be had again. Objects are reused.
 */
export class RequestRecord {
  views!: RecordViews;
  base = 0;
  /** Number of the slot in its journal, counted over all segments. */
  slot = 0;
  /** Cache: what the kernel adapter knows about the thread and the mount of this request. */
  thread: unknown = undefined;
  mount: unknown = undefined;
  /** Cache: the listener as its loop knows it; `offset.listener` holds its key. */
  listener: unknown = undefined;
  /** Length in bytes of the path that stands in the adapter's workspace (name_to_handle_at). */
  pathBytes = 0;
  path = '';

  /** Points this object at the record that starts `base` bytes into the memory of `views`. */
  attach(views: RecordViews, base: number, slot: number): this {
    this.views = views;
    this.base = base;
    this.slot = slot;
    this.thread = undefined;
    this.mount = undefined;
    this.pathBytes = 0;
    this.path = '';
    return this;
  }

  /** Address of a field, for the kernel. */
  addressOf(field: number): number {
    return this.views.memory.address + this.base + field;
  }

  u8(field: number): number {
    return this.views.u8[this.base + field] as number;
  }
  setU8(field: number, value: number): void {
    this.views.u8[this.base + field] = value;
  }
  u16(field: number): number {
    return this.views.u16[(this.base + field) >> 1] as number;
  }
  setU16(field: number, value: number): void {
    this.views.u16[(this.base + field) >> 1] = value;
  }
  u32(field: number): number {
    return this.views.u32[(this.base + field) >> 2] as number;
  }
  setU32(field: number, value: number): void {
    this.views.u32[(this.base + field) >> 2] = value;
  }
  i32(field: number): number {
    return this.views.i32[(this.base + field) >> 2] as number;
  }
  setI32(field: number, value: number): void {
    this.views.i32[(this.base + field) >> 2] = value;
  }
  f64(field: number): number {
    return this.views.f64[(this.base + field) >> 3] as number;
  }
  setF64(field: number, value: number): void {
    this.views.f64[(this.base + field) >> 3] = value;
  }
  u64(field: number): bigint {
    return this.views.u64[(this.base + field) >> 3] as bigint;
  }

  /** The notification's id; ids exceed 2^53. */
  get notificationId(): bigint {
    return this.u64(offset.notificationId);
  }
  /** The calling thread's id in deputy's pid namespace; 0 when it is not visible from here. */
  get threadId(): number {
    return this.u32(offset.threadId);
  }
  get syscallNumber(): number {
    return this.u32(offset.syscallNumber);
  }

  /** A register as the C `int` that the kernel takes from it. */
  argumentInt(index: number): number {
    return this.i32(offset.arguments + index * 8);
  }

  /** True when a register can't be a user-space address: its upper half is beyond 2^47. */
  argumentIsWild(index: number): boolean {
    return this.u32(offset.arguments + index * 8 + 4) > highRegister >>> 17;
  }

  /** A register as a number; exact for every user-space address. */
  argumentNumber(index: number): number {
    return (
      this.u32(offset.arguments + index * 8) + this.u32(offset.arguments + index * 8 + 4) * 0x1_0000_0000
    );
  }

  /** Keeps a step's result; the last entry is overwritten when there are more than fit. */
  trace(step: number, state: number, elapsedUs: number, result: number): void {
    const count = this.u16(offset.traceCount);
    const index = count < traceCapacity ? count : traceCapacity - 1;
    const at = this.base + offset.trace + index * traceEntryBytes;
    const { u8, u16, i32 } = this.views;
    u8[at] = step;
    u8[at + 1] = state;
    u16[(at + 2) >> 1] = Math.min(elapsedUs, 0xffff);
    i32[(at + 4) >> 2] = result;
    if (count < 0xffff) this.setU16(offset.traceCount, count + 1);
  }
}

/** A record outside any journal, for tests and the simulator. */
export function standaloneRecord(): RequestRecord {
  const views = new RecordViews({ buffer: new ArrayBuffer(recordBytes), address: 0 });
  return new RequestRecord().attach(views, 0, 0);
}
