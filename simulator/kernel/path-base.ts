import type { FileTree, ModelFile } from './file-tree.js';
import { AT_FDCWD } from './numbers.js';
import { OpenFile } from './open-description.js';
import type { ModelThread } from './process.js';

/** Where a thread's path begins: at its descriptor, or its working directory; undefined: at neither. */
export function baseOf(
  files: FileTree,
  thread: ModelThread,
  descriptor: number,
): { base: ModelFile; file: ModelFile; root: ModelFile; mountId: number } | undefined {
  const held = descriptor === AT_FDCWD ? undefined : thread.table.at(descriptor);
  if (descriptor !== AT_FDCWD && !(held instanceof OpenFile)) return undefined;
  const mountId = held instanceof OpenFile ? held.mountId : thread.workingMount;
  const mount = files.mounts.get(mountId);
  if (mount === undefined) return undefined;
  const root = files.rootOf(mount);
  const base = held instanceof OpenFile ? held.file : (thread.workingDirectory ?? root);
  return { base, file: base, root, mountId };
}
