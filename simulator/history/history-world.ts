import { fileType } from '../../core/ports/kernel.js';
import type { RequestRecord } from '../../core/request/record.js';
import { answerWay, offset } from '../../core/request/record-layout.js';
import { FaultPlan } from '../faults/fault-plan.js';
import type { ModelFile, ModelMount } from '../kernel/file-tree.js';
import { Filter, Notification } from '../kernel/filter.js';
import { syscall } from '../kernel/numbers.js';
import { PlainDescription } from '../kernel/open-description.js';
import type { ModelProcess, ModelThread } from '../kernel/process.js';
import type { LoopMount } from '../ports/loop-state.js';
import { Generator } from '../random/generator.js';
import { World } from '../world/world.js';
import type { RecordedRequest } from './recorded-request.js';

const EACCES = -13;
const caller = 1000;
const descriptorLimit = 1 << 20;
const firstNumber = 3;
const registers = [0, 1, 2, 3, 4, 5] as const;

/** A target as a history shows it: one listener, its threads, and what they were given. */
export interface HistoryTarget {
  readonly key: number;
  readonly process: ModelProcess;
  readonly filter: Filter;
}

/**
 * The machine that a history was recorded on, as far as the journal tells of it. Users, paths and file
 * systems it does not tell of: they are made so that every recorded result comes out by itself.
 */
export class HistoryWorld {
  readonly world: World;
  readonly keeper: ModelProcess;
  readonly targets = new Map<number, HistoryTarget>();
  private readonly files = new Map<string, ModelFile>();

  constructor(requests: readonly RecordedRequest[]) {
    const random = new Generator(1n);
    this.world = new World(random, {}, new FaultPlan([], random));
    this.keeper = this.world.kernel.spawn('keeper');
    for (const { listener, record } of requests) {
      this.addTarget(listener, requests);
      this.addThread(listener, record.threadId);
      this.addMount(record.f64(offset.mountId));
    }
    for (const { record } of requests) this.addFile(record);
    for (const { record } of requests) {
      const known = this.fileOf(record);
      if (known !== undefined && isRefusedAccess(record)) Object.assign(known, { user: 0, mode: 0o600 });
    }
  }

  /** The file that a record's handle names. */
  fileOf(record: RequestRecord): ModelFile | undefined {
    return this.files.get(handleKey(record));
  }

  /** The mount that a record was served through, as its supervisor would know it. */
  mountOf(record: RequestRecord, verdict: number): LoopMount | undefined {
    const mount = this.world.kernel.files.mounts.get(record.f64(offset.mountId));
    if (mount === undefined) return undefined;
    const { mountId, fileSystemType, mountPoint, root } = mount;
    return { mountId, fileSystemType, mountPoint, root, verdict, mount, descriptor: -1 };
  }

  threadOf(threadId: number): ModelThread | undefined {
    return this.world.kernel.threads.get(threadId);
  }

  /** The call waits in its filter, and its supervisor has it. */
  notify({ listener, notificationId, record }: RecordedRequest): Notification | undefined {
    const target = this.targets.get(listener);
    const thread = this.threadOf(record.threadId) ?? target?.process.threads[0];
    if (target === undefined || thread === undefined) return undefined;
    const values = registers.map((index) => record.argumentNumber(index));
    const notification = new Notification(
      notificationId,
      target.filter,
      thread,
      record.syscallNumber,
      0,
      values,
      record.slot,
    );
    notification.state = 'sent';
    target.filter.notifications.set(notificationId, notification);
    return notification;
  }

  private addTarget(key: number, requests: readonly RecordedRequest[]): void {
    if (this.targets.has(key)) return;
    const { kernel } = this.world;
    const process = kernel.spawn(`target-${this.targets.size + 1}`, { descriptorLimit });
    // What it holds itself is not recorded: so many descriptors that the numbers come out as they did.
    const lowest = Math.min(...requests.filter((one) => one.listener === key).map(numberGiven));
    for (let number = 0; number < (Number.isFinite(lowest) ? lowest : firstNumber); number++) {
      process.table.add(new PlainDescription());
    }
    const numbers = new Set<number>(Object.values(syscall));
    const hooks = { replied: () => undefined, added: () => undefined };
    const filter = new Filter(`${key}`, true, numbers, this.world.random, hooks);
    process.filter = filter;
    filter.users++;
    if (filter.listener !== undefined) this.keeper.table.add(filter.listener, true);
    this.targets.set(key, { key, process, filter });
  }

  private addThread(listener: number, threadId: number): void {
    const { kernel } = this.world;
    const process = this.targets.get(listener)?.process;
    if (threadId === 0 || process === undefined || kernel.threads.has(threadId)) return;
    kernel.addThread(process, caller, `${process.actor}/thread-${process.threads.length + 1}`, 0, threadId);
  }

  private addMount(mountId: number): void {
    const { files } = this.world.kernel;
    if (mountId <= 0 || files.mounts.has(mountId)) return;
    const place = { fileSystemType: 'ext4', mountPoint: `mount ${mountId}`, root: '/', isReadOnly: false };
    files.addMount({ mountId, device: mountId, ...place } satisfies ModelMount);
  }

  private addFile(record: RequestRecord): void {
    const key = handleKey(record);
    const type = record.u8(offset.fileType);
    if (this.files.has(key) || type === 0) return;
    const index = this.files.size + 1;
    const isOpen = type === fileType.directory ? 0o755 : 0o666;
    const place = { inode: 100 + index, generation: 1, device: record.f64(offset.mountId) };
    const named = { name: `file-${index}`, type, user: caller, mode: isOpen };
    this.files.set(key, this.world.kernel.files.add({ ...named, ...place }));
  }
}

/** The number that the caller got for a descriptor; Infinity where it got none. */
export function numberGiven({ record }: Pick<RecordedRequest, 'record'>): number {
  const way = record.u8(offset.way);
  const isDescriptor = way === answerWay.addfd || way === answerWay.inject;
  const result = record.i32(offset.result);
  return isDescriptor && result >= 0 ? result : Number.POSITIVE_INFINITY;
}

function handleKey(record: RequestRecord): string {
  const at = record.base + offset.handle;
  const bytes = record.views.u8.subarray(at, at + 8 + Math.min(record.u32(offset.handleBytes), 128));
  return `${record.f64(offset.mountId)}/${[...bytes].join('.')}`;
}

function isRefusedAccess(record: RequestRecord): boolean {
  return record.i32(offset.result) === EACCES;
}
