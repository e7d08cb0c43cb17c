import { errnoText } from '../../core/errors/errno.js';
import { maximumSealableBytes } from '../../core/seals/seal-layout.js';
import { fileSystemId } from './file-system-id.js';
import { allocate, type NativeMemory } from './memory.js';
import { systemCall } from './native.js';
import { AT_EMPTY_PATH } from './open-flags.js';

const EOVERFLOW = -75;
const pathAt = 1024;
const mountIdAt = 2048;
let memory: NativeMemory | undefined;

/** What sealing handles on a file system depends on. */
export interface Sealable {
  /** Bytes of its handles, or minus the errno with which it has none. */
  readonly handleBytes: number;
  /** Its own lasting id; '' when it has none. */
  readonly id: string;
}

/** Asks a file system, by a directory of it that is open (not O_PATH). */
export function askSealable(descriptor: number, type: string): Sealable {
  return { handleBytes: handleBytesOf(descriptor), id: fileSystemId(descriptor, type) };
}

/** Why handles there can't be sealed, and what would help; undefined when they can. Pure. */
export function sealingObstacle(
  { handleBytes, id }: Sealable,
  hasPolicyId = false,
): { readonly detail: string; readonly remedy: string } | undefined {
  if (handleBytes < 0) {
    const remedy = 'Share another file system: this one has no handles to open files by.';
    return { detail: `no handles (${errnoText(-handleBytes)})`, remedy };
  }
  if (handleBytes > maximumSealableBytes) {
    const remedy = 'Use `confinement: filesystem` where all of it is shared.';
    return { detail: `handles of ${handleBytes} bytes leave no room for a seal`, remedy };
  }
  if (id !== '' || hasPolicyId) return undefined;
  return { detail: 'no id of its own', remedy: 'Give its shares an `id:` in the policy.' };
}

/** What the kernel says is needed, when it is given no room. */
function handleBytesOf(descriptor: number): number {
  memory ??= allocate(4096);
  memory.u32[0] = 0;
  memory.u8[pathAt] = 0;
  const { address } = memory;
  const [path, mountId] = [address + pathAt, address + mountIdAt];
  const result = systemCall('name_to_handle_at', descriptor, path, address, mountId, AT_EMPTY_PATH);
  return result === EOVERFLOW ? (memory.u32[0] as number) : Math.min(result, 0);
}
