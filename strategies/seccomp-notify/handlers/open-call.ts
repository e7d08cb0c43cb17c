import type { StepContext } from '../../../core/steps/step.js';
import { isTruncated } from './truncation-steps.js';

/** The registers of open_by_handle_at(int mount_fd, struct file_handle *handle, int flags). */
export const register = { mountDescriptor: 0, handle: 1, flags: 2 } as const;

const O_ACCMODE = 0o3;
const O_WRONLY = 0o1;
const O_CREAT = 0o100;
const O_TRUNC = 0o1000;
const O_NONBLOCK = 0o4000;
export const O_CLOEXEC = 0o2000000;
export const O_PATH = 0o10000000;
const O_TMPFILE_BIT = 0o20000000;

const R_OK = 4;
export const W_OK = 2;
export const headerBytes = 8;

/** The flags that the caller gave. */
export function flagsOf({ record }: StepContext): number {
  return record.argumentInt(register.flags);
}

export function wantsPathDescriptor(context: StepContext): boolean {
  return (flagsOf(context) & O_PATH) !== 0;
}

/** A handle names a file that exists. */
export function wantsCreation(context: StepContext): boolean {
  return (flagsOf(context) & (O_CREAT | O_TMPFILE_BIT)) !== 0 && !wantsPathDescriptor(context);
}

/** O_PATH heeds no O_TRUNC (open(2)). */
export function wantsTruncation(context: StepContext): boolean {
  return (flagsOf(context) & (O_TRUNC | O_PATH)) === O_TRUNC;
}

export function wantsDirectory(context: StepContext): boolean {
  return (flagsOf(context) & context.kernel.abi.O_DIRECTORY) !== 0;
}

/** The flags of the first, harmless open: O_PATH, with those flags that O_PATH itself heeds (open(2)). */
export function probeFlags(context: StepContext): number {
  if (!wantsPathDescriptor(context)) return O_PATH | O_CLOEXEC;
  const { O_DIRECTORY, O_NOFOLLOW } = context.kernel.abi;
  return O_PATH | O_CLOEXEC | (flagsOf(context) & (O_DIRECTORY | O_NOFOLLOW));
}

/** The flags of the open whose descriptor the target gets, but for the mark. */
export function realFlags(context: StepContext): number {
  const flags = flagsOf(context);
  if ((flags & O_PATH) === 0) return (isTruncated(context) ? flags & ~O_TRUNC : flags) | O_CLOEXEC;
  const { O_DIRECTORY, O_NOFOLLOW } = context.kernel.abi;
  return O_NONBLOCK | O_CLOEXEC | (flags & (O_DIRECTORY | O_NOFOLLOW));
}

export function accessMode(context: StepContext): number {
  const flags = flagsOf(context);
  if ((flags & O_PATH) !== 0) return R_OK;
  const access = flags & O_ACCMODE;
  const wanted = access === 0 ? R_OK : access === O_WRONLY ? W_OK : R_OK | W_OK;
  return (flags & O_TRUNC) === 0 ? wanted : wanted | W_OK;
}
