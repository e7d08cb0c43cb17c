import type { RequestRecord } from '../../core/request/record.js';
import { offset } from '../../core/request/record-layout.js';
import { findPlacedMount, type PlacedMount } from '../linux/mount-information.js';
import { systemCall } from '../linux/native.js';
import { isProcessThere } from '../linux/pidfd.js';
import { LinuxRequestKernel } from '../linux/request-kernel/linux-request-kernel.js';
import type { LoopMount } from '../linux/request-kernel/mounts.js';
import type { OwnIdentity } from '../linux/request-kernel/own-identity.js';
import type { LoopThread } from '../linux/request-kernel/threads.js';
import { describeDescriptor } from '../linux/statx.js';
import type { CallAnswers } from './call-answers.js';
import { type OpenShare, standsFor } from './shares.js';

const EPERM = 1;
const ENOENT = -2;
const ESRCH = -3;
const ENXIO = -6;
const ESTALE = -116;
const F_DUPFD_CLOEXEC = 1030;
const headerBytes = 8;

/** A mount of the target's, with what tells which share it is. Never remembered: see findMount(). */
interface BrokerMount extends LoopMount {
  readonly placed: PlacedMount;
}

/**
 * The kernel of a broker's requests. What the handlers do to files is the notifier's own code; what differs
 * is how arguments come (in a packet) and how answers go (in a packet, with a descriptor), and that
 * descriptors are the target's own, passed over the socket, instead of numbers in its table.
 */
export class BrokerKernel extends LinuxRequestKernel {
  constructor(
    identity: OwnIdentity,
    private readonly shares: () => readonly OpenShare[],
  ) {
    super(identity, undefined);
  }

  override identifyThread(record: RequestRecord): number {
    const answers = answersOf(record);
    const { peer } = answers;
    // What a predecessor left has no connection any more. One that the process which made it has left to a
    // child is nobody's: with the child's mounts and cgroup it was never looked at.
    if (peer === undefined || !isProcessThere(peer.pidfd)) {
      answers.isOpen = false;
      return ESRCH;
    }
    record.thread = peer.thread;
    return 0;
  }

  override checkNotification(record: RequestRecord): number {
    return answersOf(record).isOpen ? 0 : ENOENT;
  }

  /** The packet was copied into the record when it came. */
  override readHandle(record: RequestRecord): number {
    return record.syscallNumber === this.abi.openByHandleAt
      ? headerBytes + record.u32(offset.handleBytes)
      : headerBytes;
  }

  /** The file comes as a descriptor: AT_EMPTY_PATH is all that there is. */
  override readPath(record: RequestRecord): number {
    record.path = '';
    return 0;
  }

  override findMount(record: RequestRecord, descriptor: number): number {
    return Math.min(this.locateMount(record, descriptor), 0);
  }

  /**
   * The descriptor was opened in the target's mount namespace, and holds its mount there: so the mount's id
   * means what the target's mountinfo says of it now. It is read each time, since nothing of the target's is
   * held between requests that would keep an id from meaning another mount later.
   */
  override locateMount(record: RequestRecord, descriptor: number): number {
    const description = describeDescriptor(descriptor);
    if (typeof description === 'number') return description;
    const { fileType, mountId } = description;
    const placed = findPlacedMount((record.thread as LoopThread).directory, mountId);
    if (placed === undefined) return ENXIO;
    if (typeof placed === 'number') return placed;
    record.setF64(offset.mountId, mountId);
    record.mount = { ...placed.entry, descriptor: -1, placed } satisfies BrokerMount;
    return fileType;
  }

  /** The broker's own descriptor on the share that the mount is; what the client passed only named it. */
  override openMount(record: RequestRecord): number {
    const mount = record.mount as BrokerMount;
    const name = answersOf(record).shareName(mount.mountPoint);
    const share = this.shares().find((one) => one.name === name && standsFor(one, mount.placed));
    if (share === undefined) return ESTALE;
    mount.descriptor = share.descriptor;
    mount.fileSystemId = share.fileSystemId;
    return 0;
  }

  override checkMountRoot(): number {
    return 0;
  }

  override openPath(_record: RequestRecord, descriptor: number): number {
    return systemCall('fcntl', descriptor, F_DUPFD_CLOEXEC, 0);
  }

  override writeMountId(record: RequestRecord, _register: number, unique: boolean): number {
    answersOf(record).mountId = this.encoder.mountId(unique);
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
    return this.answerValue(record, 0, EPERM);
  }

  override injectDescriptor(record: RequestRecord, descriptor: number): number {
    answersOf(record).sendInjected(record, descriptor);
    return 0;
  }

  override adoptDescriptor(): number {
    return ENOENT;
  }

  override withdrawDescriptor(): number {
    return ENOENT;
  }

  override queryInjection(): number {
    return ENOENT;
  }
}

function answersOf(record: RequestRecord): CallAnswers {
  return (record.listener as { readonly answers: CallAnswers }).answers;
}
