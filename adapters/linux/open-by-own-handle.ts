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
 * that opens directories, but without O_DIRECTORY not even those. `trailerBytes`: so many zeros behind the
 * handle, where a seal would be.
 */
export function openByOwnHandle(descriptor: number, flags: number = O.PATH, trailerBytes = 0): number {
  memory ??= allocate(4096);
  memory.u8.fill(0, 0, pathAt + 1);
  memory.u32[0] = handleBytesMax - trailerBytes;
  const { address } = memory;
  const [path, mountId] = [address + pathAt, address + mountIdAt];
  const named = systemCall('name_to_handle_at', descriptor, path, address, mountId, AT_EMPTY_PATH);
  if (named < 0) return named;
  memory.u32[0] = (memory.u32[0] as number) + trailerBytes;
  const opened = systemCall('open_by_handle_at', descriptor, address, flags | O.CLOEXEC);
  if (opened < 0) return opened;
  return systemCall('close', opened);
}
