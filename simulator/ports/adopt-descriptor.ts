import { no } from '../kernel/numbers.js';
import { OpenFile } from '../kernel/open-description.js';
import type { ModelProcess, ModelThread } from '../kernel/process.js';

/** O_LARGEFILE, O_CLOEXEC, O_DIRECTORY, O_NOFOLLOW and what only the open itself heeds. */
const ignoredFlags = 0o100000 | 0o2000000 | 0o200000 | 0o400000 | 0o1700;

/**
 * What the Linux adapter finds in a thread's table: the same file on the same mount, at the known number,
 * else with the status flags and the mark. From then on the supervisor's descriptor is one of that open file
 * description.
 */
export function adoptDescriptor(
  process: ModelProcess,
  thread: ModelThread,
  descriptor: number,
  flags: number,
  mark: number,
  known: number,
): number {
  const source = process.table.at(descriptor);
  if (!(source instanceof OpenFile)) return no('EBADF');
  for (const [number, { description }] of thread.table.entries()) {
    if (!(description instanceof OpenFile)) continue;
    const isMarked = mark !== 0 && ((description.statusFlags ^ (flags | mark)) & ~ignoredFlags) === 0;
    if (known >= 0 ? number !== known : !isMarked) continue;
    if (description.file !== source.file || description.mountId !== source.mountId) continue;
    process.table.put(descriptor, description, true);
    return number;
  }
  return no('ENOENT');
}
