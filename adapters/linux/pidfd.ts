import { systemCall } from './native.js';

const SIGNAL_NONE = 0;

/** pidfd_open(2): a descriptor, closed on exec, or minus an errno. */
export function openProcess(processId: number): number {
  return systemCall('pidfd_open', processId, 0);
}

/** Does the process of a pidfd live, or wait to be reaped? (pidfd_send_signal(2) with no signal.) */
export function isProcessThere(pidfd: number): boolean {
  return systemCall('pidfd_send_signal', pidfd, SIGNAL_NONE, 0, 0) !== -3;
}

/** A copy of another process's descriptor, on the same open file description (pidfd_getfd(2)). */
export function takeDescriptor(pidfd: number, number: number): number {
  return systemCall('pidfd_getfd', pidfd, number, 0);
}
