import type { Kernel } from './kernel.js';
import { no } from './numbers.js';
import type { ModelThread } from './process.js';

const maximumHandleBytes = 128;
const X_OK = 1;

/** name_to_handle_at(2) as the kernel runs it itself, in the order of fs/fhandle.c. */
export function nameToHandle(kernel: Kernel, thread: ModelThread): number {
  const { registers, process, user, workingMount } = thread;
  const { memory } = process;
  const text = memory.view(registers.argument(1), 4096);
  const end = text?.indexOf(0) ?? -1;
  if (text === undefined || end < 0) return no('EFAULT');
  const file = kernel.files.named(String.fromCharCode(...text.subarray(0, end)));
  if (file === undefined) return no('ENOENT');
  const folder = file.folder === undefined ? undefined : kernel.files.named(file.folder);
  const bits = folder === undefined || folder.user !== user ? (folder?.mode ?? X_OK) : folder.mode >> 6;
  if ((bits & X_OK) === 0) return no('EACCES');
  const handle = memory.view(registers.argument(2), 16);
  const mountId = memory.view(registers.argument(3), 4);
  if (handle === undefined || handle.length < 8 || mountId === undefined) return no('EFAULT');
  const words = new DataView(handle.buffer, handle.byteOffset, handle.length);
  const room = words.getUint32(0, true);
  if (room > maximumHandleBytes) return no('EINVAL');
  new DataView(mountId.buffer, mountId.byteOffset).setInt32(0, workingMount, true);
  words.setUint32(0, 8, true);
  words.setInt32(4, 1, true);
  if (room < 8) return no('EOVERFLOW');
  words.setUint32(8, file.inode, true);
  words.setUint32(12, file.generation, true);
  return 0;
}
