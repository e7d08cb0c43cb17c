/** What an inode is. */
export type InodeKind =
  | 'fifo'
  | 'character-device'
  | 'directory'
  | 'block-device'
  | 'regular'
  | 'symlink'
  | 'socket';

/** S_IFMT shifted right by 12, by kind (inode(7)). */
export const kindNumbers: Readonly<Record<InodeKind, number>> = {
  fifo: 1,
  'character-device': 2,
  directory: 4,
  'block-device': 6,
  regular: 8,
  symlink: 10,
  socket: 12,
};

export interface InodeOptions {
  readonly user?: number;
  readonly group?: number;
  readonly mode?: number;
  readonly content?: string;
  /** Where a symlink leads. */
  readonly target?: string;
  /** A magic link of /proc: resolving it jumps, and RESOLVE_NO_MAGICLINKS refuses it. */
  readonly magic?: boolean;
}

/** A file, whatever its type. */
export class Inode {
  readonly entries = new Map<string, Inode>();
  parent: Inode | undefined;
  name = '';
  content: string;
  user: number;
  group: number;
  mode: number;
  readonly target: string;
  readonly magic: boolean;

  constructor(
    readonly fileSystem: MemoryFileSystem,
    readonly number: number,
    readonly generation: number,
    readonly kind: InodeKind,
    options: InodeOptions,
  ) {
    this.user = options.user ?? 0;
    this.group = options.group ?? 0;
    this.mode = options.mode ?? (kind === 'directory' ? 0o755 : 0o644);
    this.content = options.content ?? '';
    this.target = options.target ?? '';
    this.magic = options.magic ?? false;
  }
}

/** A handle as exportfs makes it: a type and some bytes. */
export interface EncodedHandle {
  readonly type: number;
  readonly bytes: Uint8Array;
}

const handleType = 1;

/** A file system in memory. A handle is inode number and generation, so that a reused number is ESTALE. */
export class MemoryFileSystem {
  readonly root: Inode;
  private readonly live = new Map<number, Inode>();
  private readonly freeNumbers: number[] = [];
  private nextNumber = 2;
  private nextGeneration = 1;

  constructor(
    /** As mountinfo names it: 'tmpfs', 'proc' ... */
    readonly type: string,
    /** Without handles name_to_handle_at(2) is EOPNOTSUPP. */
    readonly exportable = true,
  ) {
    this.root = this.allocate('directory', {});
  }

  /** Makes a file in a directory, which it returns. */
  create(parent: Inode, name: string, kind: InodeKind, options: InodeOptions = {}): Inode {
    if (parent.entries.has(name)) throw new Error(`there is a file '${name}' already`);
    const inode = this.allocate(kind, options);
    inode.parent = parent;
    inode.name = name;
    parent.entries.set(name, inode);
    return inode;
  }

  /** Unlinks a file; its number may be given to another at once, with another generation. */
  remove(inode: Inode): void {
    inode.parent?.entries.delete(inode.name);
    this.live.delete(inode.number);
    this.freeNumbers.push(inode.number);
  }

  encode(inode: Inode): EncodedHandle {
    const bytes = new Uint8Array(8);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, inode.number, true);
    view.setUint32(4, inode.generation, true);
    return { type: handleType, bytes };
  }

  /** The file that a handle names; undefined is ESTALE. */
  decode(handle: EncodedHandle): Inode | undefined {
    if ((handle.type & 0xffff) !== handleType || handle.bytes.length < 8) return undefined;
    const view = new DataView(handle.bytes.buffer, handle.bytes.byteOffset, handle.bytes.length);
    const inode = this.live.get(view.getUint32(0, true));
    return inode?.generation === view.getUint32(4, true) ? inode : undefined;
  }

  private allocate(kind: InodeKind, options: InodeOptions): Inode {
    const number = this.freeNumbers.pop() ?? this.nextNumber++;
    const inode = new Inode(this, number, this.nextGeneration++, kind, options);
    this.live.set(number, inode);
    return inode;
  }
}
