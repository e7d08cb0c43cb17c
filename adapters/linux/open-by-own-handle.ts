import { allocate, type NativeMemory } from './memory.js';
import { systemCall } from './native.js';
import { AT_EMPTY_PATH, O } from './open-flags.js';

const handleBytesMax = 128;
const pathAt = 1024;
const mountIdAt = 2048;
let memory: NativeMemory | undefined;

/**
 * Takes the handle of an open directory and opens it by that: 0 when the kernel lets this thread do so, else
 * minus an errno. It is EPERM where CAP_DAC_READ_SEARCH is a user namespace's own: from Linux 6.11 on
 * that opens directories, but without O_DIRECTORY not even those.
 */
export function probeHandles(descriptor: number): number {
  memory ??= allocate(4096);
  memory.u32[0] = handleBytesMax;
  memory.u8[pathAt] = 0;
  const { address } = memory;
  const [path, mountId] = [address + pathAt, address + mountIdAt];
  const named = systemCall('name_to_handle_at', descriptor, path, address, mountId, AT_EMPTY_PATH);
  if (named < 0) return named;
  const opened = systemCall('open_by_handle_at', descriptor, address, O.PATH | O.CLOEXEC);
  if (opened < 0) return opened;
  return systemCall('close', opened);
}
