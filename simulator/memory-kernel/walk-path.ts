import { may } from './constants.js';
import { minus } from './errno.js';
import { type Location, type MountNamespace, parentOf } from './mounts.js';
import { type Credentials, checkPermission } from './permissions.js';

export interface Walk {
  readonly namespace: MountNamespace;
  readonly root: Location;
  readonly who: Credentials;
  /** Follow a symlink in the last component. */
  readonly follow: boolean;
}

const linkLimit = 40;
const nameLimit = 255;

/** path_resolution(7), without magic links: the place, or minus an errno. */
export function walkPath(walk: Walk, base: Location, path: string): Location | number {
  return new Walker(walk).resolve(base, path, walk.follow);
}

class Walker {
  private links = 0;

  constructor(private readonly walk: Walk) {}

  resolve(base: Location, path: string, follow: boolean): Location | number {
    let at = path.startsWith('/') ? this.walk.root : base;
    const names = path.split('/').filter((name) => name !== '');
    const wantsDirectory = path.endsWith('/') && names.length > 0;
    for (const [index, name] of names.entries()) {
      const isLast = index === names.length - 1;
      const next = this.enter(at, name, follow || wantsDirectory || !isLast);
      if (typeof next === 'number') return next;
      at = next;
    }
    return wantsDirectory && at.inode.kind !== 'directory' ? minus.ENOTDIR : at;
  }

  private enter(at: Location, name: string, follow: boolean): Location | number {
    const { namespace, root, who } = this.walk;
    if (at.inode.kind !== 'directory') return minus.ENOTDIR;
    if (checkPermission(at.inode, who, may.execute) !== 0) return minus.EACCES;
    if (name === '.') return at;
    if (name === '..') return namespace.cross(parentOf(at, root));
    if (name.length > nameLimit) return minus.ENAMETOOLONG;
    const inode = at.inode.entries.get(name);
    if (inode === undefined) return minus.ENOENT;
    const found = namespace.cross({ mount: at.mount, inode });
    if (found.inode.kind !== 'symlink' || !follow) return found;
    if (found.inode.magic || ++this.links > linkLimit) return minus.ELOOP;
    return this.resolve(at, found.inode.target, true);
  }
}
