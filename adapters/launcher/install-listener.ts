import { errnoNumbers } from '../../core/errors/errno.js';
import { sendWithDescriptors } from '../linux/descriptor-passing.js';
import { isSwitchedOff } from '../linux/kernel-features.js';
import { allocate } from '../linux/memory.js';
import { hotSyscalls, systemCall } from '../linux/native.js';
import {
  FILTER_FLAG_NEW_LISTENER,
  FILTER_FLAG_WAIT_KILLABLE_RECV,
  filterProgram,
  installFilter,
  SECCOMP_RET_ERRNO,
  SECCOMP_RET_USER_NOTIF,
} from '../linux/seccomp.js';
import type { SyscallName } from '../linux/syscall-numbers.js';
import { must } from './launcher-channel.js';
import { handoverDescriptor, type LauncherSetup } from './protocol.js';

const EINVAL = -errnoNumbers.EINVAL;
/** Of open_by_handle_at(2). */
const flagsArgument = 2;

/** A listener of this thread's new filter, and whether it waits killably. */
export interface InstalledListener {
  readonly descriptor: number;
  readonly waitKillable: boolean;
}

/**
 * Installs the filter on this thread (seccomp(2)). io_uring fails with EPERM, because what goes through a
 * ring isn't a system call and so is never seen by a filter. A kernel before 5.19 doesn't know the killable
 * wait: then the plain one is used.
 */
export function installListener(
  setup: Pick<LauncherSetup, 'syscalls' | 'waitKillable' | 'refuseIoUring' | 'nativeDirectories'>,
): InstalledListener {
  const { numbers, architecture } = hotSyscalls();
  const isNative = (name: SyscallName): boolean =>
    setup.nativeDirectories === true && name === 'open_by_handle_at';
  const notified = setup.syscalls.filter((name) => !isNative(name)).map((name) => numbers[name]);
  const besideNative = setup.syscalls.filter(isNative).map((name) => numbers[name]);
  const rings = [numbers.io_uring_setup, numbers.io_uring_enter, numbers.io_uring_register];
  const program = filterProgram(architecture.auditArchitecture, [
    { numbers: notified, action: SECCOMP_RET_USER_NOTIF },
    {
      numbers: besideNative,
      action: SECCOMP_RET_USER_NOTIF,
      unless: { argument: flagsArgument, bits: architecture.openFlags.O_DIRECTORY },
    },
    { numbers: setup.refuseIoUring ? rings : [], action: SECCOMP_RET_ERRNO | errnoNumbers.EPERM },
  ]);
  if (setup.waitKillable && !isSwitchedOff('WAIT_KILLABLE_RECV')) {
    const descriptor = installFilter(program, FILTER_FLAG_NEW_LISTENER | FILTER_FLAG_WAIT_KILLABLE_RECV);
    if (descriptor !== EINVAL) return { descriptor: must('filter', descriptor), waitKillable: true };
  }
  return {
    descriptor: must('filter', installFilter(program, FILTER_FLAG_NEW_LISTENER)),
    waitKillable: false,
  };
}

/**
 * Sends the listener to the parent (SCM_RIGHTS of unix(7)) and lets go of it: while the program itself held a
 * copy, its calls would wait for ever when the agent is gone. Needs no right over this process, unlike
 * pidfd_getfd(2).
 */
export function handOver(descriptor: number): void {
  const memory = allocate(4096);
  must('handover', sendWithDescriptors(handoverDescriptor, memory.address, 1, [descriptor]));
  must('handover', systemCall('close', descriptor));
}
