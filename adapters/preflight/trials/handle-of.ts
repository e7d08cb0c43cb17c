import { allocate, type NativeMemory } from '../../linux/memory.js';
import { systemCall } from '../../linux/native.js';
import { AT_FDCWD, O } from '../../linux/open-flags.js';

const handleBytesMax = 128;
const pathAt = 512;
const mountIdAt = 4096;

/** A handle of a path, and what opening it takes. */
export interface OwnHandle {
  readonly memory: NativeMemory;
  /** 0, or minus the errno with which there is none. */
  readonly named: number;
}

/** name_to_handle_at(2) of a path. */
export function handleOf(path: string): OwnHandle {
  const memory = allocate(8192);
  memory.u32[0] = handleBytesMax;
  memory.putString(pathAt, path);
  const { address } = memory;
  const named = systemCall('name_to_handle_at', AT_FDCWD, address + pathAt, address, address + mountIdAt, 0);
  return { memory, named };
}

/** open_by_handle_at(2): a descriptor, or minus an errno. `mount` is a descriptor on its file system. */
export function openHandle({ memory }: OwnHandle, mount: number, flags: number = O.RDONLY): number {
  return systemCall('open_by_handle_at', mount, memory.address, flags | O.CLOEXEC);
}
