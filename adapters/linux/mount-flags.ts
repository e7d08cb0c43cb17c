import { allocate, type NativeMemory } from './memory.js';
import { systemCall } from './native.js';

/** Of struct statfs on 64-bit architectures (statfs(2)). */
const flagsAt = 80;
const ST_RDONLY = 1;

let memory: NativeMemory | undefined;

/** Can nothing be written through the mount that an open file is on? False where that can't be told. */
export function isOnReadOnlyMount(descriptor: number): boolean {
  memory ??= allocate(4096);
  if (systemCall('fstatfs', descriptor, memory.address) < 0) return false;
  return ((memory.u32[flagsAt >> 2] as number) & ST_RDONLY) !== 0;
}
