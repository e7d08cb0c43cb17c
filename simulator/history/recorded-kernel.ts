import { errnoNumbers } from '../../core/errors/errno.js';
import type { RequestKernel } from '../../core/ports/kernel.js';
import type { RequestRecord } from '../../core/request/record.js';
import { offset } from '../../core/request/record-layout.js';
import { abi } from '../kernel/numbers.js';
import { OpenFile } from '../kernel/open-description.js';
import type { ModelProcess, ModelThread } from '../kernel/process.js';
import type { LoopListener, LoopMount } from '../ports/loop-state.js';
import { ModelRequestKernel } from '../ports/request-kernel.js';
import type { HistoryInjector } from './history-injector.js';
import type { HistoryWorld } from './history-world.js';
import { verdictOf } from './mount-verdict.js';
import { copyGivenHandle, copyNamedHandle, withModelHandle } from './recorded-handle.js';
import { RecordedSeals } from './recorded-seals.js';

const ENOENT = -errnoNumbers.ENOENT;

/** What the journal says of the call that is being made. */
export interface Recorded {
  /** The result of this very step; undefined where the journal has none. */
  readonly result: number | undefined;
  /** What the same step gave in another record of the call: what a file or an argument is does not change. */
  readonly likely: number | undefined;
  /** The call's last record, for what a port leaves in a record. */
  readonly source: RequestRecord;
}

/**
 * The port of a replayed supervisor: it gives back what the journal has, and has the model do the same, so
 * that the model can go on alone wherever the journal ends.
 */
export class RecordedKernel implements RequestKernel {
  readonly abi = abi;
  readonly seals = new RecordedSeals(this);
  recorded: Recorded = { result: undefined, likely: undefined, source: undefined as never };
  /** The result of the last call came from the model. */
  isAssumed = false;
  private readonly model: ModelRequestKernel;
  private readonly fingerprints = new Map<string, number>();

  constructor(
    private readonly history: HistoryWorld,
    readonly process: ModelProcess,
    injector: HistoryInjector,
  ) {
    this.model = new ModelRequestKernel(history.world, process, injector);
  }

  identifyThread(record: RequestRecord): number {
    const found = this.model.identifyThread(record);
    record.thread ??= this.history.targets.get(record.u32(offset.listener))?.process.threads[0];
    return this.give(found);
  }

  checkNotification(record: RequestRecord): number {
    return this.overIf(record, this.give(this.model.checkNotification(record)));
  }

  readHandle(record: RequestRecord): number {
    const bytes = copyGivenHandle(record, this.recorded.source);
    return this.give(this.recorded.likely ?? bytes);
  }

  readPath(record: RequestRecord): number {
    record.path = `a path of ${this.recorded.likely ?? 0} bytes`;
    return this.give(this.recorded.likely ?? record.path.length);
  }

  findMount(record: RequestRecord): number {
    return this.useMount(record, 0);
  }

  locateMount(record: RequestRecord): number {
    return this.useMount(record, this.recorded.source.u8(offset.fileType));
  }

  checkMountRoot(): number {
    return this.give(this.recorded.likely ?? 1);
  }

  openMount(record: RequestRecord): number {
    return this.give(this.model.openMount(record));
  }

  assumeIdentity(record: RequestRecord): number {
    const made = record.thread === undefined ? 0 : this.model.assumeIdentity(record);
    return this.give(made);
  }

  openByHandle(record: RequestRecord, flags: number): number {
    const file = this.history.fileOf(record) ?? this.history.fileOf(this.recorded.source);
    const { result, likely } = this.recorded;
    const failure = (result ?? likely ?? 0) < 0 ? (result ?? likely) : undefined;
    if (file === undefined || failure !== undefined) return this.give(failure ?? -errnoNumbers.ESTALE);
    const opened = withModelHandle(record, file, () => this.model.openByHandle(record, flags));
    const { mountId } = record.mount as LoopMount;
    return this.numbered(opened, () => new OpenFile(file, mountId, false, flags));
  }

  describeFile(): number {
    return this.give(this.recorded.likely ?? this.recorded.source.u8(offset.fileType));
  }

  checkAccess(record: RequestRecord, descriptor: number, mode: number): number {
    return this.give(this.recorded.likely ?? this.model.checkAccess(record, descriptor, mode));
  }

  fingerprintFile(record: RequestRecord, descriptor: number): number {
    const held = this.process.table.at(descriptor);
    const file = held instanceof OpenFile ? held.file : undefined;
    const known = this.fingerprints.get(file?.name ?? '') ?? record.u32(offset.fingerprint);
    const given = this.give(known + (file?.changes ?? 0));
    if (file !== undefined) this.fingerprints.set(file.name, given - file.changes);
    return given;
  }

  closeDescriptor(descriptor: number): number {
    return this.give(this.model.closeDescriptor(descriptor));
  }

  openPath(record: RequestRecord): number {
    const { result, likely } = this.recorded;
    if ((result ?? likely ?? 0) < 0) return this.give(likely ?? 0);
    const root = this.history.world.kernel.files.rootOf({
      mountId: 0,
      device: 0,
      fileSystemType: 'ext4',
      mountPoint: record.path,
      root: '/',
      isReadOnly: false,
    });
    const opened = (): OpenFile => new OpenFile(root, 0, true, 0);
    return this.numbered(this.process.table.add(opened(), true), opened);
  }

  encodeHandle(record: RequestRecord): number {
    copyNamedHandle(record, this.recorded.source);
    return this.give(this.recorded.likely ?? 0);
  }

  writeHandle(record: RequestRecord): number {
    return this.overIf(record, this.give(0));
  }

  writeMountId(record: RequestRecord): number {
    return this.overIf(record, this.give(0));
  }

  addDescriptor(record: RequestRecord, descriptor: number, closeOnExec: boolean): number {
    const wanted = this.recorded.result ?? this.wantedNumber(record);
    if (wanted < 0) return this.overIf(record, this.give(wanted));
    const filter = this.history.targets.get(record.u32(offset.listener))?.filter;
    const source = this.process.table.at(descriptor);
    const { notificationId } = record;
    const added = filter?.addDescriptor(notificationId, source, closeOnExec, wanted) ?? ENOENT;
    return this.give(added);
  }

  setStatusFlags(descriptor: number, flags: number): number {
    return this.give(this.model.setStatusFlags(descriptor, flags));
  }

  adoptDescriptor(record: RequestRecord, descriptor: number, flags: number, mark: number): number {
    const { result } = this.recorded;
    const table = (record.thread as ModelThread | undefined)?.process.table;
    if (result === undefined || result < 0 || table === undefined) {
      return this.give(this.model.adoptDescriptor(record, descriptor, flags, mark));
    }
    const source = this.process.table.at(descriptor);
    const added = table.at(result);
    // The call that added it was under way when its process died: that it was made shows only here.
    if (source !== undefined && !(added instanceof OpenFile)) table.put(result, source);
    const found = table.at(result);
    if (found !== undefined) this.process.table.put(descriptor, found, true);
    return this.give(result);
  }

  withdrawDescriptor(record: RequestRecord, descriptor: number, number: number): number {
    return this.give(this.model.withdrawDescriptor(record, descriptor, number));
  }

  answerValue(record: RequestRecord, value: number, errno: number): number {
    const sent = this.model.answerValue(record, value, errno);
    return this.overIf(record, this.give(sent));
  }

  answerContinue(record: RequestRecord): number {
    return this.overIf(record, this.give(this.model.answerContinue(record)));
  }

  injectDescriptor(record: RequestRecord, descriptor: number, closeOnExec: boolean): number {
    return this.give(this.model.injectDescriptor(record, descriptor, closeOnExec));
  }

  queryInjection(record: RequestRecord): number {
    return this.give(this.model.queryInjection(record));
  }

  /** The result of the call that is being made: as recorded, or what the model has. */
  give(model: number): number {
    const { result } = this.recorded;
    this.isAssumed = result === undefined;
    return result ?? model;
  }

  private useMount(record: RequestRecord, found: number): number {
    const { source, likely } = this.recorded;
    const mountId = source.f64(offset.mountId);
    record.setF64(offset.mountId, mountId);
    const { mounts } = record.listener as LoopListener;
    const mount = mounts.get(mountId) ?? this.history.mountOf(source, verdictOf(source));
    if (mount !== undefined) mounts.set(mount.mountId, mount);
    record.mount = mount;
    const result = this.give(likely ?? found);
    return mount === undefined && result >= 0 ? -errnoNumbers.EBADF : result;
  }

  /** The kernel says that the call is over: for the model it is, too. */
  private overIf(record: RequestRecord, result: number): number {
    if (result !== ENOENT) return result;
    const filter = this.history.targets.get(record.u32(offset.listener))?.filter;
    const notification = filter?.notifications.get(record.notificationId);
    if (notification !== undefined) filter?.remove(notification);
    return result;
  }

  /** A new descriptor of the supervisor's own, at the number that was recorded. */
  private numbered(made: number, another: () => OpenFile): number {
    const { result } = this.recorded;
    const { table } = this.process;
    if (result !== undefined && result >= 0 && result !== made) {
      table.put(result, table.at(made) ?? another(), true);
      if (made >= 0) table.close(made);
    }
    return this.give(made);
  }

  /** Where the recorded number is free, the lowest free one would be that, as nothing else has changed. */
  private wantedNumber(record: RequestRecord): number {
    const { source } = this.recorded;
    const table = this.history.targets.get(record.u32(offset.listener))?.process.table;
    const number = source.i32(offset.result);
    if (table === undefined) return ENOENT;
    return number >= 0 && table.at(number) === undefined ? number : table.lowestFree;
  }
}
