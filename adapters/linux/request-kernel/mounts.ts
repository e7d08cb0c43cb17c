import type { MountEntry } from '../../../core/ports/kernel.js';
import {
  openAt,
  openAt2,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
} from '../basic-files.js';
import { fileSystemId } from '../file-system-id.js';
import { isFileSystemRoot } from '../file-system-root.js';
import { findMountEntry } from '../mount-information.js';
import { systemCall } from '../native.js';
import { AT_FDCWD, architectureOpenFlags, O } from '../open-flags.js';
import { describeDescriptor } from '../statx.js';
import type { LoopListener } from './loop-listener.js';
import type { LoopThread } from './threads.js';

/** A mount of a target, and the loop's own descriptor on it (-1 until it is needed). */
export interface LoopMount extends MountEntry {
  descriptor: number;
}

const ENXIO = -6;
const ESTALE = -116;
const directoryType = 4;
const regularType = 8;

/** Mounts kept open for one target; more than this and the eldest is closed. */
const mountsPerListener = 64;

/**
 * The mounts of targets. A mount's id is given to another mount only when the first is gone, and it can't go
 * while a descriptor on it is held: so only mounts with a descriptor are remembered.
 */
export class Mounts {
  /** The mount with this id in the thread's mount namespace: it, or -ENXIO when there is none. */
  find(listener: LoopListener, thread: LoopThread, mountId: number): LoopMount | number {
    const known = listener.mounts.get(mountId);
    if (known !== undefined) return known;
    const entry = findMountEntry(thread.directory, mountId);
    if (entry === undefined) return ENXIO;
    return typeof entry === 'number' ? entry : { ...entry, descriptor: -1 };
  }

  /** As openFrom(), through a descriptor of the target's. */
  open(listener: LoopListener, thread: LoopThread, mount: LoopMount, targetDescriptor: number): number {
    const name = targetDescriptor === AT_FDCWD ? 'cwd' : `fd/${targetDescriptor}`;
    const anchor = openAt(thread.directory, name, O.PATH | O.CLOEXEC);
    if (anchor < 0) return anchor;
    const result = this.openFrom(listener, thread, mount, anchor);
    systemCall('close', anchor);
    return result;
  }

  /**
   * Opens a descriptor on the mount: through the anchor, an O_PATH descriptor on it, when that is a
   * directory, else through the mount point. Only directories and regular files of a listed file system are
   * ever opened.
   */
  openFrom(listener: LoopListener, thread: LoopThread, mount: LoopMount, anchor: number): number {
    const description = describeDescriptor(anchor);
    if (typeof description !== 'number' && description.mountId === mount.mountId) {
      mount.descriptor = this.openOn(thread, mount, anchor, description.fileType);
    }
    if (mount.descriptor < 0) return ESTALE;
    return this.keep(listener, thread, mount);
  }

  /** Closes the descriptors on a target's mounts, so that its file systems can be unmounted. */
  forgetAll(listener: LoopListener): void {
    for (const mount of listener.mounts.values()) systemCall('close', mount.descriptor);
    listener.mounts.clear();
  }

  private openOn(thread: LoopThread, mount: LoopMount, anchor: number, fileType: number): number {
    const { O_DIRECTORY } = architectureOpenFlags();
    if (fileType === directoryType) return openAt(anchor, '.', O.RDONLY | O.CLOEXEC | O_DIRECTORY);
    const opened = openMountPoint(thread, mount);
    if (opened >= 0) return opened;
    if (fileType !== regularType) return opened;
    // A mount whose root is a file: the file itself is the only thing to open on it.
    return openAt(AT_FDCWD, `/proc/self/fd/${anchor}`, O.RDONLY | O.CLOEXEC | O.NONBLOCK | O.NOCTTY);
  }

  /** Now that the id is held fast, makes sure that it still means what it meant when the policy judged it. */
  private keep(listener: LoopListener, thread: LoopThread, mount: LoopMount): number {
    const description = describeDescriptor(mount.descriptor);
    const entry = findMountEntry(thread.directory, mount.mountId);
    const same =
      typeof description !== 'number' &&
      description.mountId === mount.mountId &&
      entry !== undefined &&
      typeof entry !== 'number' &&
      entry.fileSystemType === mount.fileSystemType &&
      entry.mountPoint === mount.mountPoint &&
      entry.root === mount.root;
    if (!same) {
      systemCall('close', mount.descriptor);
      mount.descriptor = -1;
      return ESTALE;
    }
    if (listener.mounts.size >= mountsPerListener) {
      const [eldest] = listener.mounts.values();
      if (eldest !== undefined) {
        systemCall('close', eldest.descriptor);
        listener.mounts.delete(eldest.mountId);
      }
    }
    mount.fileSystemId = fileSystemId(mount.descriptor, mount.fileSystemType);
    listener.mounts.set(mount.mountId, mount);
    return 0;
  }
}

/** Opens the directory at which the target sees the mount, or what is mounted over it. */
function openMountPoint(thread: LoopThread, { mountPoint }: LoopMount): number {
  const { O_DIRECTORY } = architectureOpenFlags();
  const root = openAt(thread.directory, 'root', O.PATH | O.CLOEXEC | O_DIRECTORY);
  const resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;
  const opened = openAt2(root, mountPoint, O.RDONLY | O.CLOEXEC | O_DIRECTORY, resolve);
  systemCall('close', root);
  return opened;
}

/** The root of the mount itself is looked at, and not only what mountinfo calls it. */
export function isWholeMount(thread: LoopThread, mount: LoopMount): boolean {
  if (mount.root !== '/') return false;
  const root = openMountPoint(thread, mount);
  if (root < 0) return false;
  const description = describeDescriptor(root);
  const isOnMount = typeof description !== 'number' && description.mountId === mount.mountId;
  const whole = isOnMount && isFileSystemRoot(root, mount.fileSystemType);
  systemCall('close', root);
  return whole;
}
