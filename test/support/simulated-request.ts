import { resolvePolicy } from '../../core/policy/match.js';
import { parsePolicy } from '../../core/policy/parse.js';
import { type CompiledPolicy, compilePolicy } from '../../core/request/compiled-policy.js';
import { type RequestRecord, standaloneRecord } from '../../core/request/record.js';
import { offset, recordBytes, recordKind } from '../../core/request/record-layout.js';
import { takeOverRecord } from '../../core/request/recovered-record.js';
import { sealBytes } from '../../core/seals/seal-layout.js';
import { putSeal } from '../../core/seals/sealed-handle.js';
import { runStep } from '../../core/steps/run-steps.js';
import type { StepContext } from '../../core/steps/step.js';
import { MemoryKernel, type MemoryNotification, MemoryWorld, ModelSealKeys } from '../../simulator/index.js';
import { handlerOf } from '../../strategies/seccomp-notify/index.js';

export const ids = { mount: 7, otherMount: 8, proc: 9, part: 10, thread: 4711, user: 107 } as const;
export const handleAt = 0x7f0000001000;
const pathAt = 0x7f0000002000;
export const mountIdAt = 0x7f0000003000;

/** A world with a share, a file of each kind, and one target. */
export function sampleWorld(): MemoryWorld {
  const world = new MemoryWorld();
  world.addMount(ids.mount, 'ext4', '/share');
  world.addMount(ids.otherMount, 'ext4', '/other');
  world.addMount(ids.proc, 'proc', '/proc');
  world.addMount(ids.part, 'ext4', '/part', '/folder');
  const base = { generation: 1, mountId: ids.mount, ownerUser: ids.user, mode: 0o644 };
  world.addFile('own', { ...base, inode: 10, type: 8 });
  world.addFile('secret', { ...base, inode: 11, type: 8, ownerUser: 0, mode: 0o600 });
  world.addFile('folder', { ...base, inode: 12, type: 4, mode: 0o755 });
  world.addFile('link', { ...base, inode: 13, type: 10, mode: 0o777 });
  world.addFile('fifo', { ...base, inode: 14, type: 1, mode: 0o666 });
  world.addFile('socket', { ...base, inode: 15, type: 12 });
  world.addFile('device', { ...base, inode: 16, type: 2, mode: 0o666 });
  const thread = world.addThread(ids.thread, ids.user);
  for (const number of [0, 1, 2]) thread.descriptors.set(number, { mountId: 99 });
  thread.descriptors.set(3, { mountId: ids.mount });
  thread.descriptors.set(4, { mountId: ids.proc });
  thread.descriptors.set(5, { mountId: ids.mount, pathOnly: true });
  thread.descriptors.set(10, { mountId: ids.part });
  world.addFile('part', { ...base, inode: 17, type: 8, mountId: ids.part });
  world.addFile('long', { ...base, inode: 18, type: 8, handleBytes: 104 });
  world.addFile('longer', { ...base, inode: 19, type: 8, handleBytes: 108 });
  world.addFile('elsewhere', { ...base, inode: 20, type: 8, mountId: ids.proc });
  return world;
}

export interface Call {
  readonly file?: string;
  readonly flags?: number;
  readonly mountDescriptor?: number;
  readonly syscallNumber?: number;
  readonly architecture?: number;
  readonly threadId?: number;
  readonly policy?: object;
  /** Overrides the handle's bytes in memory; null: the pointer is bad. */
  readonly handle?: Uint8Array | null;
  /** The handle is sealed, as of this share of this tenant. */
  readonly seal?: {
    readonly tenant?: string;
    readonly share?: string;
    readonly key?: number;
    readonly fileType?: number;
  };
  /** Makes it a call of name_to_handle_at, with room for so many bytes and these flags. */
  readonly name?: { readonly path: string; readonly room: number; readonly flags?: number };
  /** As for a broker: no handle is given out but a sealed one. */
  readonly sealedOnly?: boolean;
}

class Died extends Error {}

/** One request over the kernel in memory, to be run a step at a time. */
export class SimulatedRequest {
  readonly record: RequestRecord = standaloneRecord();
  readonly kernel: MemoryKernel;
  readonly seals = new ModelSealKeys();
  readonly notification: MemoryNotification;
  readonly policy: CompiledPolicy;
  steps = 0;

  constructor(
    readonly world: MemoryWorld,
    call: Call,
  ) {
    this.kernel = new MemoryKernel(world);
    this.notification = world.notify();
    // Handles are the kernel's own but where a test is about seals.
    const confinement = call.seal === undefined && call.name === undefined ? 'none' : 'sealed';
    const parsed = parsePolicy({ version: 1, defaults: { confinement, ...call.policy } });
    const compiled = compilePolicy(resolvePolicy(parsed, { containerId: 'c', metadata: '' }));
    this.policy = { ...compiled, sealedOnly: call.sealedOnly === true };
    this.fill(call);
    this.record.setI32(offset.sourceDescriptor, -1);
    this.record.setI32(offset.probeDescriptor, -1);
    this.record.setU16(offset.step, this.handler.first);
    this.record.setU32(offset.kind, recordKind.request);
  }

  /** Runs one step: false when the request has ended or parked. */
  step(): boolean {
    this.steps++;
    return runStep(this.contextOf(this.kernel), this.handler.steps, () => this.steps) >= 0;
  }

  /** Runs one step's port call, and dies before the step is told of its result. */
  dieInStep(): void {
    const kernel = new Proxy(this.kernel, {
      get: (real, name) => {
        const member: unknown = Reflect.get(real, name);
        if (typeof member !== 'function') return member;
        return (...values: unknown[]) => {
          member.apply(real, values);
          throw new Died();
        };
      },
    });
    try {
      runStep(this.contextOf(kernel), this.handler.steps, () => this.steps);
    } catch (error) {
      if (!(error instanceof Died)) throw error;
    }
  }

  private contextOf(kernel: MemoryKernel): StepContext {
    return { record: this.record, kernel, seals: this.seals, policy: this.policy };
  }

  run(): this {
    while (this.step());
    return this;
  }

  /** What a successor does with a recorded call: it knows the record, and nothing that the process knew. */
  restart(): void {
    const { record } = this;
    record.thread = undefined;
    record.mount = undefined;
    const former = record.views.u8.slice(record.base, record.base + recordBytes);
    takeOverRecord(record, former, () => this.handler);
  }

  get handler() {
    return handlerOf(this.record, this.kernel.abi, this.policy);
  }

  private fill(call: Call): void {
    const { record, world } = this;
    const { u64 } = record.views;
    u64[offset.notificationId >> 3] = this.notification.id;
    record.setU32(offset.threadId, call.threadId ?? ids.thread);
    record.setU32(offset.syscallNumber, call.syscallNumber ?? this.kernel.abi.openByHandleAt);
    record.setU32(offset.auditArchitecture, call.architecture ?? this.kernel.abi.auditArchitecture);
    record.setI32(offset.arguments, call.mountDescriptor ?? 3);
    u64[(offset.arguments + 8) >> 3] = BigInt(handleAt);
    record.setI32(offset.arguments + 16, call.flags ?? 0);
    if (call.name !== undefined) return this.fillName(call.name);
    const memory = world.threads.get(ids.thread)?.memory;
    if (call.handle === null) return;
    const handle = call.handle ?? handleOf(world, call.file ?? 'own');
    memory?.set(handleAt, call.seal === undefined ? handle : this.sealed(handle, call));
  }

  private fillName({ path, room, flags = 0 }: NonNullable<Call['name']>): void {
    const { record, world } = this;
    const { u64 } = record.views;
    const thread = world.threads.get(ids.thread);
    record.setU32(offset.syscallNumber, this.kernel.abi.nameToHandleAt);
    thread?.paths.set(pathAt, path);
    const memory = new Uint8Array(8 + Math.min(room, 128));
    memory.set(new Uint8Array(new Uint32Array([room]).buffer));
    thread?.memory.set(handleAt, memory);
    thread?.memory.set(mountIdAt, new Uint8Array(8));
    [pathAt, handleAt, mountIdAt, flags].forEach((word, index) => {
      u64[((offset.arguments + 8) >> 3) + index] = BigInt(word);
    });
  }

  /** What name_to_handle_at would have given. */
  private sealed(handle: Uint8Array, { seal = {}, file = 'own' }: Call): Uint8Array {
    const record = standaloneRecord();
    record.views.u8.set(handle, offset.handle);
    const bytes = record.u32(offset.handleBytes);
    const { tenant = 'c', share = '/share', key = 1, fileType } = seal;
    const scope = JSON.stringify([tenant, share, 'own', `ext4:${ids.mount}`]);
    const type = fileType ?? this.world.files.get(file)?.type ?? 8;
    putSeal(record, bytes, type, key, scope, this.seals);
    record.setU32(offset.handleBytes, bytes + sealBytes);
    return record.views.u8.slice(offset.handle, offset.handleData + bytes + sealBytes);
  }
}

/** The bytes of a file's struct file_handle. */
export function handleOf(world: MemoryWorld, name: string): Uint8Array {
  const file = world.files.get(name);
  const words = new Uint32Array([8, 1, file?.inode ?? 0, file?.generation ?? 0]);
  return new Uint8Array(words.buffer);
}
