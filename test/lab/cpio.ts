/** One file of an archive; a mode carries the file type, as in stat(2). */
export interface CpioEntry {
  readonly path: string;
  readonly mode: number;
  readonly contents?: Buffer;
  /** For device nodes. */
  readonly device?: { readonly major: number; readonly minor: number };
}

const alignment = 4;

function padded(buffer: Buffer): Buffer {
  const rest = buffer.length % alignment;
  return rest === 0 ? buffer : Buffer.concat([buffer, Buffer.alloc(alignment - rest)]);
}

function encodeEntry(entry: CpioEntry, inode: number): Buffer {
  const contents = entry.contents ?? Buffer.alloc(0);
  const name = Buffer.from(`${entry.path}\0`);
  const device = entry.device ?? { major: 0, minor: 0 };
  const fields = [
    inode, // c_ino
    entry.mode, // c_mode
    0, // c_uid
    0, // c_gid
    1, // c_nlink
    0, // c_mtime
    contents.length, // c_filesize
    0, // c_devmajor
    0, // c_devminor
    device.major, // c_rdevmajor
    device.minor, // c_rdevminor
    name.length, // c_namesize
    0, // c_check
  ];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([padded(Buffer.concat([Buffer.from(header), name])), padded(contents)]);
}

/**
 * Writes a 'newc' archive, which the kernel unpacks as its first root (see buffer-format among the kernel's
 * early-userspace documents). Written here and not by cpio(1), so that device nodes need no temporary files.
 */
export function writeCpio(entries: readonly CpioEntry[]): Buffer {
  const all = [...entries, { path: 'TRAILER!!!', mode: 0 }];
  return Buffer.concat(all.map((entry, index) => encodeEntry(entry, index + 1)));
}
