/** A file of the modelled machine; inode and generation are its handle. */
export interface ModelFile {
  readonly name: string;
  readonly inode: number;
  readonly generation: number;
  /** S_IFMT >> 12, as describeFile() has it. */
  readonly type: number;
  /** The file system that it is on. */
  readonly device: number;
  readonly user: number;
  readonly group?: number;
  /** What a symlink says. */
  readonly linksTo?: string;
  /** Permission bits, as in 0o644. */
  readonly mode: number;
  /** The folder that must be searched to find it by name. */
  readonly folder?: string | undefined;
  /** Somebody executes it. */
  readonly isRunning?: boolean;
  /** How often it was written to or truncated. */
  changes: number;
  truncations: number;
  isDeleted: boolean;
}

/** A mount, as mountinfo shows it. */
export interface ModelMount {
  readonly mountId: number;
  readonly device: number;
  readonly fileSystemType: string;
  readonly mountPoint: string;
  readonly root: string;
  readonly isReadOnly: boolean;
  /** Is its root that of its file system, whatever mountinfo shows? If not given, as `root` says. */
  readonly isWhole?: boolean;
}

export function isWholeMount({ isWhole, root }: ModelMount): boolean {
  return isWhole ?? root === '/';
}

export const modelHandleBytes = 8;
/** FILEID_INO32_GEN, and what a caller is shown that has no room (FILEID_INVALID of linux/exportfs.h). */
export const modelHandleType = 1;
export const invalidHandleType = 255;

function rootName(mountId: number): string {
  return `root of mount ${mountId}`;
}

/** Is it the root of this mount? */
export function isMountRoot({ name }: ModelFile, mountId: number): boolean {
  return name === rootName(mountId);
}

/** Files and mounts. Paths are plain names: what is modelled is what they name, not how they are walked. */
export class FileTree {
  readonly mounts = new Map<number, ModelMount>();
  private readonly byName = new Map<string, ModelFile>();
  private readonly byInode = new Map<string, ModelFile>();

  addMount(mount: ModelMount): void {
    this.mounts.set(mount.mountId, mount);
  }

  add(file: Omit<ModelFile, 'changes' | 'truncations' | 'isDeleted'>): ModelFile {
    const added: ModelFile = { ...file, changes: 0, truncations: 0, isDeleted: false };
    this.byName.set(file.name, added);
    this.byInode.set(`${file.device}/${file.inode}/${file.generation}`, added);
    return added;
  }

  named(name: string): ModelFile | undefined {
    const file = this.byName.get(name);
    return file?.isDeleted === true ? undefined : file;
  }

  /** Another file takes a file's name, inode and generation. */
  replace(name: string, type: number): void {
    const former = this.named(name);
    if (former === undefined) return;
    former.isDeleted = true;
    this.add({ ...former, type });
  }

  /** What a handle decodes to on a file system: ESTALE when that is gone. */
  decode(device: number, inode: number, generation: number): ModelFile | undefined {
    const file = this.byInode.get(`${device}/${inode}/${generation}`);
    return file?.isDeleted === true ? undefined : file;
  }

  /** A mount's own root directory. */
  rootOf({ mountId, device }: ModelMount): ModelFile {
    const name = rootName(mountId);
    const root = { name, inode: 2, generation: mountId, type: 4, device, user: 0, mode: 0o755 };
    return this.byName.get(name) ?? this.add(root);
  }

  get all(): readonly ModelFile[] {
    return [...this.byName.values()];
  }
}
