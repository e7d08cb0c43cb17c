import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { exitStatusOf, openProcess } from '../linux/pidfd.js';

/**
 * Does the kernel tell how a process ended that somebody else has reaped? Tried with one of our own. Node
 * reaps it before it says so.
 */
export async function kernelTellsExit(): Promise<boolean> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  const pidfd = openProcess(child.pid as number);
  await exited;
  if (pidfd < 0) return false;
  try {
    return exitStatusOf(pidfd) === 0;
  } finally {
    closeSync(pidfd);
  }
}
