import {
  openAt,
  openAt2,
  RESOLVE_BENEATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  readLinkAt,
} from '../basic-files.js';
import { systemCall } from '../native.js';
import { AT_FDCWD, architectureOpenFlags, O } from '../open-flags.js';
import type { Identities } from './identities.js';
import type { LoopThread } from './threads.js';

const EBADF = -9;
const EXDEV = -18;
const ENOENT = -2;

/**
 * Opens paths as a target's thread would: from its own root and working directory and with its own rights, so
 * that neither `..` nor an absolute symlink leads out of a chroot. Magic links are refused.
 */
export class TargetPaths {
  constructor(private readonly identities: Identities) {}

  /** An O_PATH descriptor, or minus the errno that the thread would have got. */
  open(thread: LoopThread, directory: number, path: string, follow: boolean): number {
    if (path.startsWith('/')) return this.fromRoot(thread, path, follow);
    const base = this.openBase(thread, directory);
    if (base < 0 || path === '') return base;
    const result = this.resolve(thread, base, path, follow, RESOLVE_BENEATH);
    systemCall('close', base);
    return result === EXDEV ? this.aboveBase(thread, directory, path, follow) : result;
  }

  private openBase(thread: LoopThread, directory: number): number {
    if (directory < 0 && directory !== AT_FDCWD) return EBADF;
    const name = directory === AT_FDCWD ? 'cwd' : `fd/${directory}`;
    const base = openAt(thread.directory, name, O.PATH | O.CLOEXEC);
    return base === ENOENT ? EBADF : base;
  }

  /**
   * A relative path that climbs above its directory: walked from the root, along the directory's own path.
   * The root itself may be a chroot, whose path is then the part in front.
   */
  private aboveBase(thread: LoopThread, directory: number, path: string, follow: boolean): number {
    const name = directory === AT_FDCWD ? 'cwd' : `fd/${directory}`;
    const basePath = readLinkAt(thread.directory, name, 'latin1');
    const rootPath = readLinkAt(thread.directory, 'root', 'latin1');
    if (typeof basePath === 'number' || typeof rootPath === 'number') return ENOENT;
    const front = rootPath === '/' ? '' : rootPath;
    if (basePath !== front && !basePath.startsWith(`${front}/`)) return EXDEV;
    return this.fromRoot(thread, `${basePath.slice(front.length)}/${path}`, follow);
  }

  private fromRoot(thread: LoopThread, path: string, follow: boolean): number {
    const { O_DIRECTORY } = architectureOpenFlags();
    const root = openAt(thread.directory, 'root', O.PATH | O.CLOEXEC | O_DIRECTORY);
    if (root < 0) return root;
    const result = this.resolve(thread, root, path, follow, RESOLVE_IN_ROOT);
    systemCall('close', root);
    return result;
  }

  private resolve(thread: LoopThread, base: number, path: string, follow: boolean, resolve: number): number {
    const { O_NOFOLLOW } = architectureOpenFlags();
    const flags = O.PATH | O.CLOEXEC | (follow ? 0 : O_NOFOLLOW);
    const call = (): number => openAt2(base, path, flags, resolve | RESOLVE_NO_MAGICLINKS, 'latin1');
    return thread.identity.bypassesReads ? call() : this.identities.withoutBypass(call);
  }
}
