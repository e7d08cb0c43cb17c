import { no, syscall } from '../kernel/numbers.js';
import type { CallRegisters, ModelThread } from '../kernel/process.js';
import type { Invariant, Stage } from './invariant.js';

/** Safety: what stands in the target's memory behind its call is part of the answer. */
export const handlesAreRight: Invariant = {
  id: 'handles-are-right',
  sentence: 'name_to_handle_at(2) leaves the handle of the file and the id of its mount in the caller.',
  begin: (stage, broken) => ({
    returned: (thread, call, result) => {
      if (call.number !== syscall.nameToHandleAt) return;
      if (result !== 0 && result !== no('EOVERFLOW')) return;
      const problem = difference(stage(), thread, call, result === 0);
      if (problem !== undefined) broken({ thread: thread.actor, result, problem });
    },
  }),
};

function difference(
  { world }: Stage,
  thread: ModelThread,
  { values }: CallRegisters,
  hasHandle: boolean,
): string | undefined {
  const [, path = 0, handle = 0, mountId = 0] = values;
  const { memory } = thread.process;
  const text = memory.view(path, 4096);
  if (text === undefined) return 'its path is gone';
  const file = world.kernel.files.named(String.fromCharCode(...text.subarray(0, text.indexOf(0))));
  const words = memory.view(handle, 16);
  const mount = memory.view(mountId, 4);
  if (file === undefined || words === undefined || mount === undefined) return undefined;
  const [bytes, type, inode, generation] = new Int32Array(words.slice().buffer);
  // FILEID_INVALID where there was no room (fs/fhandle.c).
  if (bytes !== 8 || type !== (hasHandle ? 1 : 255)) return `its header says ${bytes} bytes of type ${type}`;
  if (hasHandle && (inode !== file.inode || generation !== file.generation)) return 'it is another handle';
  const [id] = new Int32Array(mount.slice().buffer);
  return id === thread.workingMount ? undefined : `the mount id is ${id}, not ${thread.workingMount}`;
}
