import { isWithinCgroup } from '../../../core/engine/target-identity.js';
import { openAt, readLinkAt, readTextAt } from '../basic-files.js';
import { systemCall } from '../native.js';
import { AT_FDCWD, architectureOpenFlags, O } from '../open-flags.js';
import { credentialsAreFixed, readThreadStatus, type ThreadStatus } from '../thread-status.js';
import { hasReadBypass, type Identities, type Identity } from './identities.js';
import type { LoopListener } from './loop-listener.js';

/** A target's thread as a loop knows it. */
export interface LoopThread {
  readonly threadId: number;
  /**
   * /proc/TID, O_PATH: bound to the thread itself, so a later thread with the same number is never taken for
   * it.
   */
  readonly directory: number;
  identity: Identity;
  /** The identity can't change while the thread lives. */
  readonly fixed: boolean;
  /** An open fdinfo file, and the descriptor of the target that it tells of: reading it again asks anew. */
  infoDescriptor: number;
  infoOf: number;
}

const ESRCH = -3;
const EXDEV = -18;
/** A line for each hierarchy of cgroups v1, each with a path. */
const cgroupLimitBytes = 1 << 17;

/** Threads remembered for one listener; each costs two descriptors. */
const threadsPerListener = 256;

/**
 * The threads of targets, with their credentials where those can't change. A /proc directory that is held
 * open answers ESRCH or ENOENT once its thread is gone, which makes remembering it safe.
 */
export class Threads {
  private userNamespace: string | number | undefined;

  constructor(private readonly identities: Identities) {}

  /** The thread, remembered or looked up; -ESRCH when it is gone, -EXDEV when it is not its target's. */
  find(listener: LoopListener, threadId: number): LoopThread | number {
    const known = listener.threads.get(threadId);
    if (known !== undefined) {
      if (known.fixed) return known;
      const status = readThreadStatus(known.directory);
      if (typeof status !== 'number') {
        known.identity = this.identityOf(known.directory, status);
        return known;
      }
      this.forget(listener, known);
    }
    return this.look(listener, threadId);
  }

  /** Is this the thread that has the number now? False once it died, whoever has its number today. */
  isAlive(thread: LoopThread): boolean {
    const descriptor = openAt(thread.directory, 'stat', O.CLOEXEC);
    if (descriptor < 0) return false;
    const alive = readOneByte(descriptor) > 0;
    systemCall('close', descriptor);
    return alive;
  }

  /** Closes what is held of a thread. */
  forget(listener: LoopListener, thread: LoopThread): void {
    listener.threads.delete(thread.threadId);
    systemCall('close', thread.directory);
    if (thread.infoDescriptor >= 0) systemCall('close', thread.infoDescriptor);
  }

  /** Closes what is held of a listener's threads. */
  forgetAll(listener: LoopListener): void {
    for (const thread of [...listener.threads.values()]) this.forget(listener, thread);
  }

  private look(listener: LoopListener, threadId: number): LoopThread | number {
    const { O_DIRECTORY } = architectureOpenFlags();
    const directory = openAt(AT_FDCWD, `/proc/${threadId}`, O.PATH | O.CLOEXEC | O_DIRECTORY);
    if (directory < 0) return ESRCH;
    const status = readThreadStatus(directory);
    if (typeof status === 'number') {
      systemCall('close', directory);
      return ESRCH;
    }
    if (listener.cgroup !== undefined && !isWithin(directory, listener.cgroup)) {
      systemCall('close', directory);
      return EXDEV;
    }
    this.makeRoom(listener);
    const thread: LoopThread = {
      threadId,
      directory,
      identity: this.identityOf(directory, status),
      fixed: credentialsAreFixed(status),
      infoDescriptor: -1,
      infoOf: -1,
    };
    listener.threads.set(threadId, thread);
    return thread;
  }

  /**
   * A capability that a thread has in a user namespace of its own, as anybody may who makes one, says nothing
   * of files that are not that namespace's: it counts where it is one of deputy's own namespace.
   */
  private identityOf(directory: number, status: ThreadStatus): Identity {
    if (!hasReadBypass(status)) return this.identities.of(status, false);
    this.userNamespace ??= readLinkAt(AT_FDCWD, '/proc/self/ns/user');
    const isOurs = readLinkAt(directory, 'ns/user') === this.userNamespace;
    return this.identities.of(status, isOurs && typeof this.userNamespace === 'string');
  }

  /** The eldest goes first; a thread that still calls comes back with its next call. */
  private makeRoom(listener: LoopListener): void {
    if (listener.threads.size < threadsPerListener) return;
    const eldest = listener.threads.values().next().value;
    if (eldest !== undefined) this.forget(listener, eldest);
  }
}

function isWithin(directory: number, cgroup: string): boolean {
  const text = readTextAt(directory, 'cgroup', cgroupLimitBytes);
  return typeof text === 'string' && isWithinCgroup(text, cgroup);
}

let oneByte = 0;
function readOneByte(descriptor: number): number {
  if (oneByte === 0) oneByte = systemCall('mmap', 0, 4096, 3, 0x22, -1, 0);
  return systemCall('pread64', descriptor, oneByte, 1, 0);
}
