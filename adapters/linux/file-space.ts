import { systemCall } from './native.js';

/**
 * Allocates the blocks of a file from its start, zeroed (fallocate(2)): 0 or minus an errno such as -ENOSPC.
 */
export function allocateFile(descriptor: number, bytes: number): number {
  return systemCall('fallocate', descriptor, 0, 0, bytes);
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
