import type { Inode, MemoryFileSystem } from './file-system.js';

/** A file as seen through a mount: what the kernel calls a path. */
export interface Location {
  readonly mount: Mount;
  readonly inode: Inode;
}

export interface MountOptions {
  /** The directory or file of the file system that is shown; its root if not given. */
  readonly root?: Inode;
  readonly readOnly?: boolean;
  readonly noDevices?: boolean;
}

/** A file system at a place of a mount namespace. */
export interface Mount {
  readonly id: number;
  /** Never given to another mount (statx(2), STATX_MNT_ID_UNIQUE). */
  readonly uniqueId: bigint;
  readonly fileSystem: MemoryFileSystem;
  readonly root: Inode;
  readonly readOnly: boolean;
  readonly noDevices: boolean;
  /** Where it is mounted; undefined for the namespace's root, and once it was detached. */
  at: Location | undefined;
  attached: boolean;
}

/** The mounts that a group of processes sees (mount_namespaces(7)). Ids are given again, as Linux does. */
export class MountNamespace {
  readonly mounts: Mount[] = [];
  readonly root: Location;
  private nextUniqueId = 1n;

  constructor(rootFileSystem: MemoryFileSystem) {
    const mount = this.add(rootFileSystem, undefined, {});
    this.root = { mount, inode: mount.root };
  }

  mount(fileSystem: MemoryFileSystem, at: Location, options: MountOptions = {}): Mount {
    return this.add(fileSystem, at, options);
  }

  /** umount2(2) with MNT_DETACH: gone from the namespace, though what is open on it stays. */
  detach(mount: Mount): void {
    mount.attached = false;
    mount.at = undefined;
    this.mounts.splice(this.mounts.indexOf(mount), 1);
  }

  /** The topmost mount on a place, and on that one's root, and so on. */
  cross(location: Location): Location {
    let current = location;
    for (;;) {
      const over = this.mountedOn(current);
      if (over === undefined) return current;
      current = { mount: over, inode: over.root };
    }
  }

  private mountedOn({ mount, inode }: Location): Mount | undefined {
    return this.mounts.findLast(({ at }) => at?.mount === mount && at.inode === inode);
  }

  private add(fileSystem: MemoryFileSystem, at: Location | undefined, options: MountOptions): Mount {
    let id = 20;
    while (this.mounts.some((mount) => mount.id === id)) id++;
    const { root = fileSystem.root, readOnly = false, noDevices = false } = options;
    const uniqueId = 0x8000_0000n + this.nextUniqueId++;
    const mount = { id, uniqueId, fileSystem, root, readOnly, noDevices, at, attached: true };
    this.mounts.push(mount);
    return mount;
  }
}

/** One step up, across mount points; the root given is as far as it goes. */
export function parentOf(location: Location, root: Location): Location {
  let current = location;
  for (;;) {
    if (sameLocation(current, root)) return current;
    if (current.inode !== current.mount.root) break;
    if (current.mount.at === undefined) return current;
    current = current.mount.at;
  }
  return { mount: current.mount, inode: current.inode.parent ?? current.inode };
}

/** The path of a location below a root, as d_path has it; undefined when it isn't below. */
export function pathBelow(location: Location, root: Location): string | undefined {
  const names: string[] = [];
  let current = location;
  while (!sameLocation(current, root)) {
    if (current.inode === current.mount.root) {
      if (current.mount.at === undefined) return undefined;
      current = current.mount.at;
      continue;
    }
    if (current.inode.parent === undefined) return undefined;
    names.unshift(current.inode.name);
    current = { mount: current.mount, inode: current.inode.parent };
  }
  return `/${names.join('/')}`;
}

/** The path of an inode within its file system. */
export function pathInFileSystem(inode: Inode): string {
  return inode.parent === undefined || inode.parent === inode
    ? '/'
    : `${pathInFileSystem(inode.parent).replace(/\/$/, '')}/${inode.name}`;
}

export function sameLocation(one: Location, other: Location): boolean {
  return one.mount === other.mount && one.inode === other.inode;
}
