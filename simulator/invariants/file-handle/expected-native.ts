import { modelHandleBytes, modelHandleType } from '../../kernel/file-tree.js';
import type { Kernel } from '../../kernel/kernel.js';
import { flag, no } from '../../kernel/numbers.js';
import type { CallRegisters, ModelThread } from '../../kernel/process.js';
import { type Expected, mountOf } from '../expected-answer.js';

const directory = 4;
const maximumHandleBytes = 128;

/**
 * What the kernel gives a user namespace for an open with O_DIRECTORY (docs/adr/0018): a directory whose
 * owner is mapped, by whatever bytes stand behind the file system's own; the policy has no say in it.
 */
export function expectedNative(
  kernel: Kernel,
  thread: ModelThread,
  { values }: CallRegisters,
  mapped: ReadonlySet<number>,
): Expected {
  const [descriptor = 0, pointer = 0, flags = 0] = values;
  const header = thread.process.memory.view(pointer, 8);
  if (header === undefined || header.length < 8) return { errnos: [no('EFAULT')] };
  const words = new DataView(header.buffer, header.byteOffset);
  const [bytes, type] = [words.getUint32(0, true), words.getInt32(4, true)];
  if (bytes === 0 || bytes > maximumHandleBytes || type < 0) return { errnos: [no('EINVAL')] };
  const mount = mountOf(kernel, thread, descriptor);
  if (mount === undefined) return { errnos: [no('EBADF')] };
  const handle = thread.process.memory.view(pointer + 8, modelHandleBytes);
  if (bytes < modelHandleBytes || type !== modelHandleType || handle === undefined)
    return { errnos: [no('ESTALE')] };
  const at = new DataView(handle.buffer, handle.byteOffset);
  const file = kernel.files.decode(mount.device, at.getUint32(0, true), at.getUint32(4, true));
  if (file?.type !== directory || !mapped.has(file.user)) return { errnos: [no('ESTALE')] };
  if ((flags & (flag.O_ACCMODE | flag.O_TRUNC)) !== 0) return { errnos: [no('EISDIR')] };
  const path = (flags & flag.O_PATH) !== 0 ? 'exact' : 'plain';
  return { file, mountId: mount.mountId, flags, path };
}
