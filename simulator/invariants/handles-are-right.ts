import { modelHandleBytes } from '../kernel/file-tree.js';
import { no, syscall } from '../kernel/numbers.js';
import type { CallRegisters, ModelThread } from '../kernel/process.js';
import { mountOf, namedBytes } from './expected-answer.js';
import type { Invariant, Stage } from './invariant.js';
import { sealProblem } from './sealed-handles.js';

/** Safety: what stands in the target's memory behind its call is part of the answer. */
export const handlesAreRight: Invariant = {
  id: 'handles-are-right',
  sentence: 'name_to_handle_at(2) leaves the handle, sealed where it has to be, and the id of its mount.',
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
  stage: Stage,
  thread: ModelThread,
  { values }: CallRegisters,
  hasHandle: boolean,
): string | undefined {
  const [descriptor = 0, path = 0, handle = 0, mountId = 0] = values;
  const { world, answering } = stage;
  const { memory } = thread.process;
  const policy = answering.targets.find(({ process }) => process === thread.process)?.policy;
  const mount = mountOf(world.kernel, thread, descriptor);
  const text = memory.view(path, 4096);
  if (text === undefined) return 'its path is gone';
  const file = world.kernel.files.named(String.fromCharCode(...text.subarray(0, text.indexOf(0))));
  const words = memory.view(handle, 136)?.slice();
  const id = memory.view(mountId, 4)?.slice();
  if (file === undefined || words === undefined || id === undefined) return undefined;
  if (policy === undefined || mount === undefined) return undefined;
  const [bytes, type, inode, generation] = new Int32Array(words.buffer);
  const needed = namedBytes(mount, policy);
  // FILEID_INVALID where there was no room (fs/fhandle.c).
  if (bytes !== needed || type !== (hasHandle ? 1 : 255))
    return `its header says ${bytes} bytes, type ${type}`;
  if (hasHandle && (inode !== file.inode || generation !== file.generation)) return 'it is another handle';
  const [found] = new Int32Array(id.buffer);
  if (found !== mount.mountId) return `the mount id is ${found}, not ${mount.mountId}`;
  if (!hasHandle || needed === modelHandleBytes) return undefined;
  const facts = { tenant: policy.tenant, mount, type, bytes: words.subarray(8, 8 + needed) };
  return sealProblem(stage, facts, file.type);
}
