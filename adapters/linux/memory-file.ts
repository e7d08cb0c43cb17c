import { allocate } from './memory.js';
import { systemCall } from './native.js';

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const MFD_EXEC = 0x10;
const F_ADD_SEALS = 1033;
const EINVAL = -22;
/** No more seals, no shrinking, growing or writing (fcntl(2), 'File Sealing'). */
const allSeals = 0x1 | 0x2 | 0x4 | 0x8;

/** A file in memory that may be executed and sealed (memfd_create(2)): a descriptor or minus an errno. */
export function createMemoryFile(name: string): number {
  const memory = allocate(4096);
  memory.putString(0, name.slice(0, 200));
  const flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  const result = systemCall('memfd_create', memory.address, flags | MFD_EXEC);
  // MFD_EXEC is of Linux 6.3; before, every such file could be executed.
  return result === EINVAL ? systemCall('memfd_create', memory.address, flags) : result;
}

/** Nobody changes it from now on, its owner neither. 0 or minus an errno. */
export function sealMemoryFile(descriptor: number): number {
  return systemCall('fcntl', descriptor, F_ADD_SEALS, allSeals);
}
