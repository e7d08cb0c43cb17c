import type { MountEntry } from '../../core/ports/kernel.js';

/** A file of the modelled world. Generation and inode are its handle. */
export interface MemoryFile {
  readonly inode: number;
  readonly generation: number;
  /** S_IFMT >> 12, as describeFile() has it. */
  readonly type: number;
  readonly mountId: number;
  readonly ownerUser: number;
  /** Permission bits of owner and others, as in 0o644. */
  readonly mode: number;
  /** The size of its handle where that is more than eight bytes, as file systems have it. */
  readonly handleBytes?: number;
}

/** An open file description: deputy's descriptor and the target's may share it. */
export interface MemoryDescription {
  readonly file: MemoryFile;
  readonly pathOnly: boolean;
  /** As F_GETFL gives them. */
  statusFlags: number;
}

/** A descriptor in a thread's table; `pathOnly` for O_PATH ones, `open` for those that deputy put there. */
export interface MemoryDescriptor {
  readonly mountId: number;
  readonly pathOnly?: boolean;
  readonly open?: MemoryDescription;
}

/** A thread of a modelled target. */
export interface MemoryThread {
  readonly threadId: number;
  readonly user: number;
  readonly descriptors: Map<number, MemoryDescriptor>;
  descriptorLimit: number;
  alive: boolean;
  /** Memory by address: bytes that can be read from there. */
  readonly memory: Map<number, Uint8Array>;
  /** Paths that a thread may name, by address. */
  readonly paths: Map<number, string>;
  /** What was written into the thread's memory, by address. */
  readonly written: Map<number, Uint8Array>;
}

/** How a call ended for the target. */
export interface MemoryAnswer {
  readonly kind: 'value' | 'errno' | 'continue';
  readonly value: number;
}

/** One call in the notifier. */
export interface MemoryNotification {
  readonly id: bigint;
  state: 'sent' | 'replied' | 'cancelled';
  answer: MemoryAnswer | undefined;
}

/** Everything that a modelled kernel knows. */
export class MemoryWorld {
  readonly files = new Map<string, MemoryFile>();
  readonly mounts = new Map<number, MountEntry>();
  readonly threads = new Map<number, MemoryThread>();
  readonly notifications = new Map<bigint, MemoryNotification>();
  /** Descriptors that deputy itself holds. */
  readonly held = new Map<number, MemoryDescription>();
  /** How often each file was written to or truncated. */
  private readonly changes = new Map<MemoryFile, number>();
  private nextDescriptor = 100;
  private nextId = 0xfedc_ba98_0000_0001n;

  /** Adds a mount with a policy verdict yet to come. */
  addMount(mountId: number, fileSystemType: string, mountPoint: string, root = '/'): void {
    this.mounts.set(mountId, { mountId, fileSystemType, mountPoint, root, verdict: -1 });
  }

  /** Adds a file; its name is for openPath() alone. */
  addFile(name: string, file: MemoryFile): MemoryFile {
    this.files.set(name, file);
    return file;
  }

  /** A file is written to or truncated. */
  change(file: MemoryFile): void {
    this.changes.set(file, this.changesOf(file) + 1);
  }

  changesOf(file: MemoryFile): number {
    return this.changes.get(file) ?? 0;
  }

  addThread(threadId: number, user: number): MemoryThread {
    const thread: MemoryThread = {
      threadId,
      user,
      descriptors: new Map(),
      descriptorLimit: 64,
      alive: true,
      memory: new Map(),
      paths: new Map(),
      written: new Map(),
    };
    this.threads.set(threadId, thread);
    return thread;
  }

  /** A call arrives and is received: ids are consecutive and exceed 2^53. */
  notify(): MemoryNotification {
    const notification: MemoryNotification = { id: this.nextId++, state: 'sent', answer: undefined };
    this.notifications.set(notification.id, notification);
    return notification;
  }

  /** Finds a file by inode and generation. */
  findByHandle(inode: number, generation: number): MemoryFile | undefined {
    return [...this.files.values()].find((file) => file.inode === inode && file.generation === generation);
  }

  hold(file: MemoryFile, pathOnly: boolean, statusFlags = 0): number {
    const descriptor = this.nextDescriptor++;
    this.held.set(descriptor, { file, pathOnly, statusFlags });
    return descriptor;
  }
}
