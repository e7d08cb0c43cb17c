import type { RequestRecord } from '../../../core/request/record.js';
import { offset } from '../../../core/request/record-layout.js';
import { no, syscall } from '../../kernel/numbers.js';
import type { ModelProcess } from '../../kernel/process.js';
import type { LoopMount } from '../../ports/loop-state.js';
import { ModelRequestKernel } from '../../ports/request-kernel.js';
import type { World } from '../../world/world.js';
import type { ModelBrokerListener, ModelShare } from './broker-parts.js';

const headerBytes = 8;

/** As adapters/broker/broker-kernel.ts: arguments and answers in packets, files as the notifier has them. */
export class ModelBrokerKernel extends ModelRequestKernel {
  constructor(
    world: World,
    process: ModelProcess,
    private readonly shares: () => readonly ModelShare[],
  ) {
    super(world, process, undefined);
  }

  override identifyThread(record: RequestRecord): number {
    const answers = answersOf(record);
    if (answers.peer?.process.alive !== true) {
      answers.isOpen = false;
      return no('ESRCH');
    }
    record.thread = answers.peer.thread;
    return 0;
  }

  override checkNotification(record: RequestRecord): number {
    return answersOf(record).isOpen ? 0 : no('ENOENT');
  }

  /** The packet was copied into the record when it came. */
  override readHandle(record: RequestRecord): number {
    const isOpen = record.syscallNumber === syscall.openByHandleAt;
    return isOpen ? headerBytes + record.u32(offset.handleBytes) : headerBytes;
  }

  override readPath(record: RequestRecord): number {
    record.path = '';
    return 0;
  }

  override findMount(record: RequestRecord, descriptor: number): number {
    return Math.min(this.locateMount(record, descriptor), 0);
  }

  /** Looked at each time: nothing of the target is held that would keep an id from meaning another mount. */
  override locateMount(record: RequestRecord, descriptor: number): number {
    const held = this.file(descriptor);
    if (held === undefined) return no('EBADF');
    const mount = this.look(held.mountId);
    if (mount === undefined) return no('ENXIO');
    record.setF64(offset.mountId, held.mountId);
    record.mount = mount;
    return held.file.type;
  }

  /** The broker's own descriptor on the share that the mount is; what the client passed only named it. */
  override openMount(record: RequestRecord): number {
    const mount = record.mount as LoopMount;
    const name = answersOf(record).shareName(mount.mountPoint);
    const { device, root } = mount.mount;
    const isMeant = (one: ModelShare): boolean => one.mount.device === device && one.mount.root === root;
    const share = this.shares().find((one) => one.name === name && isMeant(one));
    if (share === undefined) return no('ESTALE');
    mount.descriptor = share.descriptor;
    mount.fileSystemId = `${mount.fileSystemType}:${device}`;
    return 0;
  }

  override checkMountRoot(): number {
    return 0;
  }

  override openPath(_record: RequestRecord, descriptor: number): number {
    const held = this.file(descriptor);
    return held === undefined ? no('EBADF') : this.process.table.add(held, true);
  }

  override writeMountId(record: RequestRecord): number {
    answersOf(record).mountId = BigInt(this.mountId);
    return 0;
  }

  override writeHandle(record: RequestRecord, _register: number, bytes: number): number {
    answersOf(record).keepHandle(record, bytes);
    return 0;
  }

  /** It goes with the answer: a packet and its descriptors arrive together or not at all. */
  override addDescriptor(record: RequestRecord, descriptor: number): number {
    answersOf(record).descriptor = descriptor;
    return 0;
  }

  override answerValue(record: RequestRecord, value: number, errno: number): number {
    return answersOf(record).send(record, errno === 0 ? value : -errno);
  }

  override answerContinue(record: RequestRecord): number {
    return this.answerValue(record, 0, -no('EPERM'));
  }

  override injectDescriptor(record: RequestRecord, descriptor: number): number {
    answersOf(record).sendInjected(record, descriptor);
    return 0;
  }

  override adoptDescriptor(): number {
    return no('ENOENT');
  }

  override withdrawDescriptor(): number {
    return no('ENOENT');
  }

  override queryInjection(): number {
    return no('ENOENT');
  }
}

function answersOf(record: RequestRecord) {
  return (record.listener as ModelBrokerListener).answers;
}
