import { readdirSync, readFileSync } from 'node:fs';
import { openAt } from '../basic-files.js';
import { systemCall } from '../native.js';
import { O } from '../open-flags.js';
import { describeDescriptor, type FileDescription } from '../statx.js';
import type { LoopThread } from './threads.js';

const ENOENT = -2;
/** O_LARGEFILE, O_CLOEXEC, O_DIRECTORY, O_NOFOLLOW and what only the open itself heeds. */
const ignoredFlags = 0o100000 | 0o2000000 | 0o200000 | 0o400000 | 0o1700;

/**
 * Finds what an earlier try of a thread's request put into its table: the same file on the same mount, at
 * the number that the record has (`known`, -1 if none), else with the status flags `flags` and `mark`,
 * which deputy takes away before it answers. Puts that open file description in the place of `descriptor`,
 * and returns the number; -ENOENT when there is none. The mark stays: until the record has the number, a
 * further successor finds it by nothing else. For take-overs only: it may look at every descriptor.
 */
export function adoptDescriptor(
  thread: LoopThread,
  descriptor: number,
  flags: number,
  mark: number,
  known: number,
): number {
  const wanted = describeDescriptor(descriptor);
  if (typeof wanted === 'number') return wanted;
  const candidates = known >= 0 ? [`${known}`] : mark === 0 ? [] : markedIn(thread, flags | mark);
  const name = candidates.find((each) => isSameFile(thread, each, wanted));
  if (name === undefined) return ENOENT;
  const copy = copyOf(thread.threadId, Number(name));
  if (copy < 0) return copy;
  // As if this descriptor had been added just now: a withdrawal compares open file descriptions.
  const replaced = systemCall('dup3', copy, descriptor, O.CLOEXEC);
  systemCall('close', copy);
  return replaced < 0 ? replaced : Number(name);
}

/**
 * Numbers of a thread's table whose status flags are these, but for those that every open has or may have.
 */
function markedIn({ threadId }: LoopThread, flags: number): string[] {
  const directory = `/proc/${threadId}/fdinfo`;
  try {
    return readdirSync(directory).filter(
      (name) => ((flagsOf(`${directory}/${name}`) ^ flags) & ~ignoredFlags) === 0,
    );
  } catch {
    return [];
  }
}

function flagsOf(path: string): number {
  try {
    return Number.parseInt(/^flags:\s*(\d+)$/m.exec(readFileSync(path, 'latin1'))?.[1] ?? '0', 8);
  } catch {
    return 0;
  }
}

function isSameFile(thread: LoopThread, name: string, wanted: FileDescription): boolean {
  const opened = openAt(thread.directory, `fd/${name}`, O.PATH | O.CLOEXEC);
  if (opened < 0) return false;
  const found = describeDescriptor(opened);
  systemCall('close', opened);
  return typeof found !== 'number' && found.inode === wanted.inode && found.mountId === wanted.mountId;
}

/** A copy of a target's descriptor, on the same open file description (pidfd_getfd(2)). */
function copyOf(threadId: number, number: number): number {
  const process = systemCall('pidfd_open', processOf(threadId), 0);
  if (process < 0) return process;
  const copy = systemCall('pidfd_getfd', process, number, 0);
  systemCall('close', process);
  return copy;
}

/** A pidfd of a thread needs PIDFD_THREAD (Linux 6.9); its process has the same table nearly always. */
function processOf(threadId: number): number {
  try {
    const status = readFileSync(`/proc/${threadId}/status`, 'latin1');
    return Number(/^Tgid:\s*(\d+)$/m.exec(status)?.[1] ?? threadId);
  } catch {
    return threadId;
  }
}
