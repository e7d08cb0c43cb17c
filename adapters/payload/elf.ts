const PT_INTERP = 3;

/**
 * The interpreter that an ELF file asks for (PT_INTERP, elf(5)): its path; `undefined` for a static one;
 * `null` when it is no 64-bit little-endian ELF file. Pure; `file` holds its beginning.
 */
export function interpreterOf(file: Buffer): string | undefined | null {
  if (file.length < 64 || file.toString('latin1', 0, 4) !== '\x7fELF' || file[4] !== 2 || file[5] !== 1)
    return null;
  const at = Number(file.readBigUInt64LE(32));
  const size = file.readUInt16LE(54);
  const count = file.readUInt16LE(56);
  for (let index = 0; index < count; index++) {
    const header = at + index * size;
    if (header + 56 > file.length) return null;
    if (file.readUInt32LE(header) !== PT_INTERP) continue;
    const from = Number(file.readBigUInt64LE(header + 8));
    const bytes = Number(file.readBigUInt64LE(header + 32));
    return file.toString('latin1', from, from + bytes).replace(/\0.*$/s, '');
  }
  return undefined;
}
