import { maximumHandleBytes } from '../request/record-layout.js';

/**
 * A sealed handle: the kernel's own bytes, then this trailer. `handle_type` stays the kernel's. Numbers
 * are little-endian. The MAC covers `handle_type`, the kernel's bytes and the trailer's first eight bytes;
 * tenant, share and file system are in its scope. So equal handles stay equal, and nothing in it changes at
 * a restart.
 */
export const sealOffset = {
  /** u32: which key. */
  keyId: 0,
  /** u8: `sealVersion`. */
  version: 4,
  /** u8: the file's type, S_IFMT shifted right by 12. */
  fileType: 5,
  /** u16: zero. */
  reserved: 6,
  mac: 8,
} as const;

export const macBytes = 16;
export const sealBytes = sealOffset.mac + macBytes;
export const sealVersion = 1;

/** The longest handle of the kernel's that leaves room for a seal. */
export const maximumSealableBytes = maximumHandleBytes - sealBytes;
