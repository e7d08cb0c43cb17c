import { systemCall } from './native.js';

/**
 * Allocates the blocks of a file from its start, zeroed (fallocate(2)): 0 or minus an errno such as -ENOSPC.
 */
export function allocateFile(descriptor: number, bytes: number): number {
  return systemCall('fallocate', descriptor, 0, 0, bytes);
}

const FALLOC_FL_KEEP_SIZE = 1;
const FALLOC_FL_PUNCH_HOLE = 2;

/**
 * Gives blocks of a file back; they read as zeros from then on (fallocate(2)). 0 or minus an errno, such as
 * -EOPNOTSUPP where the file system has no holes.
 */
export function punchHole(descriptor: number, from: number, bytes: number): number {
  return systemCall('fallocate', descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, bytes);
}

const LOCK_EX = 2;
const LOCK_EX_NB = 6;

/**
 * flock(2), exclusive and without waiting: 0, or -EWOULDBLOCK when another process holds it. The lock goes
 * with the last descriptor, so the death of its holder releases it.
 */
export function lockFile(descriptor: number): number {
  return systemCall('flock', descriptor, LOCK_EX_NB);
}

/** flock(2), exclusive: waits for whoever holds it. For locks that are held for moments only. */
export function waitForLock(descriptor: number): number {
  return systemCall('flock', descriptor, LOCK_EX);
}
