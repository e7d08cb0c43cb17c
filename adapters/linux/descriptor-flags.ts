import { systemCall } from './native.js';

const F_SETFD = 2;
const FD_CLOEXEC = 1;

/** Closes the descriptor when this process or a child executes another program: 0 or minus an errno. */
export function setCloseOnExec(descriptor: number): number {
  return systemCall('fcntl', descriptor, F_SETFD, FD_CLOEXEC);
}
