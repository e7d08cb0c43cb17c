import { errnoNumbers } from '../../../core/errors/errno.js';
import { fileType } from '../../../core/ports/kernel.js';
import {
  answerWay,
  injectionOutcome,
  maximumHandleBytes,
  offset,
  openMode,
} from '../../../core/request/record-layout.js';
import { type Step, type StepContext, stepPark } from '../../../core/steps/step.js';
import {
  type AnsweringPlaces,
  addDescriptorStep,
  afterOpen,
  answeringSteps,
  markAtOpen,
} from './answering-steps.js';
import { assumeIdentityStep, findMountStep, identifyStep, validateStep } from './opening-steps.js';
import { formerStep, type RecoveryPlaces, recoverySteps } from './recovery-steps.js';
import { ending, endingSteps, firstOwnStep, giveErrno, noteAnswer, refuse } from './shared-steps.js';
import { isTruncated, mayBeTruncated, truncationSteps } from './truncation-steps.js';

/*
 * int open_by_handle_at(int mount_fd, struct file_handle *handle, int flags). The order of the checks is the
 * kernel's own (fs/fhandle.c): a call with two faults gets the errno that the kernel would have given.
 */
const register = { mountDescriptor: 0, handle: 1, flags: 2 } as const;

const O_ACCMODE = 0o3;
const O_WRONLY = 0o1;
const O_CREAT = 0o100;
const O_TRUNC = 0o1000;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const O_PATH = 0o10000000;
const O_TMPFILE_BIT = 0o20000000;

const R_OK = 4;
const W_OK = 2;
const headerBytes = 8;

/** The type word's upper half holds user flags (FILEID_USER_FLAGS_MASK); Linux 6.18 knows these two. */
const userFlagsMask = 0xffff0000;
const knownUserFlags = 0x00030000;

const own = {
  identify: firstOwnStep,
  readHandle: firstOwnStep + 1,
  validate: firstOwnStep + 2,
  findMount: firstOwnStep + 3,
  openMount: firstOwnStep + 4,
  assumeIdentity: firstOwnStep + 5,
  openProbe: firstOwnStep + 6,
  describe: firstOwnStep + 7,
  checkAccess: firstOwnStep + 8,
  open: firstOwnStep + 9,
  addDescriptor: firstOwnStep + 10,
  inject: firstOwnStep + 11,
  injected: firstOwnStep + 12,
  adoptDescriptor: firstOwnStep + 14,
  noteFile: firstOwnStep + 20,
  checkTruncated: firstOwnStep + 21,
  recover: firstOwnStep + 22,
} as const;

function flagsOf({ record }: StepContext): number {
  return record.argumentInt(register.flags);
}

function wantsPathDescriptor(context: StepContext): boolean {
  return (flagsOf(context) & O_PATH) !== 0;
}

/** The kernel's own checks of the header, in its order, then whether the bytes themselves could be read. */
function checkHandle(context: StepContext): number {
  const { record } = context;
  const copiedBytes = record.i32(offset.result);
  if (copiedBytes < headerBytes) return giveErrno(context, -errnoNumbers.EFAULT);
  const handleBytes = record.u32(offset.handleBytes);
  if (handleBytes > maximumHandleBytes || handleBytes === 0) return giveErrno(context, -errnoNumbers.EINVAL);
  const type = record.i32(offset.handleType);
  if (type < 0 || (type & userFlagsMask & ~knownUserFlags) !== 0)
    return giveErrno(context, -errnoNumbers.EINVAL);
  return own.findMount;
}

/**
 * After the mount: what the kernel finds next is a handle that it can't copy; then ours, flags that create.
 */
function checkHandleBytes(context: StepContext): number {
  const { record } = context;
  const copiedBytes = record.i32(offset.result);
  if (copiedBytes < headerBytes + record.u32(offset.handleBytes))
    return giveErrno(context, -errnoNumbers.EFAULT);
  const creates = (flagsOf(context) & (O_CREAT | O_TMPFILE_BIT)) !== 0;
  if (creates && !wantsPathDescriptor(context)) return refuse(context, 'DEPUTY_E_REFUSED_CREATING_FLAGS');
  return own.assumeIdentity;
}

/** The flags of the first, harmless open: O_PATH, with those flags that O_PATH itself heeds (open(2)). */
function probeFlags(context: StepContext): number {
  if (!wantsPathDescriptor(context)) return O_PATH | O_CLOEXEC;
  const { O_DIRECTORY, O_NOFOLLOW } = context.kernel.abi;
  return O_PATH | O_CLOEXEC | (flagsOf(context) & (O_DIRECTORY | O_NOFOLLOW));
}

/** The flags of the open whose descriptor the target gets, but for the mark. */
function realFlags(context: StepContext): number {
  const flags = flagsOf(context);
  if ((flags & O_PATH) === 0) return (isTruncated(context) ? flags & ~O_TRUNC : flags) | O_CLOEXEC;
  const { O_DIRECTORY, O_NOFOLLOW } = context.kernel.abi;
  return O_NONBLOCK | O_CLOEXEC | (flags & (O_DIRECTORY | O_NOFOLLOW));
}

function accessMode(context: StepContext): number {
  const flags = flagsOf(context);
  if ((flags & O_PATH) !== 0) return R_OK;
  const access = flags & O_ACCMODE;
  const wanted = access === 0 ? R_OK : access === O_WRONLY ? W_OK : R_OK | W_OK;
  return (flags & O_TRUNC) === 0 ? wanted : wanted | W_OK;
}

/** What may be done with a file of this type: the exact way for O_PATH, an ordinary open for files only. */
function judgeType(context: StepContext, type: number): number {
  const { record, policy } = context;
  const ordinary = type === fileType.regular || type === fileType.directory;
  if (wantsPathDescriptor(context)) {
    const fast = ordinary && !policy.exactPathDescriptors;
    record.setU8(offset.openMode, fast ? openMode.fast : openMode.exact);
    return fast ? own.checkAccess : own.inject;
  }
  record.setU8(offset.openMode, openMode.plain);
  return judgePlain(context, type);
}

/**
 * An open without O_PATH: what the kernel finds wrong before it looks at permissions comes first
 * (fs/namei.c).
 */
function judgePlain(context: StepContext, type: number): number {
  if (type === fileType.symlink) return giveErrno(context, -errnoNumbers.ELOOP);
  const wantsDirectory = (flagsOf(context) & context.kernel.abi.O_DIRECTORY) !== 0;
  if (wantsDirectory && type !== fileType.directory) return giveErrno(context, -errnoNumbers.ENOTDIR);
  if (type === fileType.socket) return giveErrno(context, -errnoNumbers.ENXIO);
  if (type !== fileType.regular && type !== fileType.directory) {
    return refuse(context, 'DEPUTY_E_REFUSED_FILE_TYPE');
  }
  // Writing to a directory is EISDIR whoever asks; the open itself says so.
  const hopeless = type === fileType.directory && (accessMode(context) & W_OK) !== 0;
  return context.policy.enforceDac && !hopeless ? own.checkAccess : beforeOpen(context);
}

/** O_TRUNC is an effect that must not happen twice. */
function beforeOpen(context: StepContext): number {
  if ((flagsOf(context) & (O_TRUNC | O_PATH)) !== O_TRUNC) return own.open;
  return mayBeTruncated(context) ? own.checkTruncated : own.noteFile;
}

/** A successor goes on with the arguments that were copied: it acts on what its predecessor acted on. */
function resume(context: StepContext): number {
  const { record } = context;
  const left = formerStep(context);
  if (left === ending.answerErrno || left === ending.answerRefusal) return left;
  if (left <= own.validate) return record.threadId === 0 ? own.identify : own.readHandle;
  if (left > own.openMount) record.setI32(offset.result, headerBytes + record.u32(offset.handleBytes));
  return own.findMount;
}

const recovering: RecoveryPlaces = {
  recover: own.recover,
  resume,
  answers: [own.adoptDescriptor + 2],
  injecting: [own.inject, own.injected],
  adding: [own.addDescriptor, ...[0, 1, 3, 4].map((step) => own.adoptDescriptor + step)],
};

const answering: AnsweringPlaces = {
  add: own.addDescriptor,
  adopt: own.adoptDescriptor,
  closeOnExec: (context) => (flagsOf(context) & O_CLOEXEC) !== 0,
  flags: realFlags,
};

const ownSteps: readonly Step[] = [
  identifyStep(own.readHandle),
  {
    name: 'read-handle',
    act: ({ kernel, record }) => kernel.readHandle(record, register.handle),
    next: ({ record }, result) => {
      record.setI32(offset.result, result);
      return own.validate;
    },
  },
  validateStep(checkHandle),
  findMountStep(own.openMount, ({ record }) => record.argumentInt(register.mountDescriptor)),
  {
    name: 'open-mount',
    act: ({ kernel, record }) => kernel.openMount(record),
    next: (context, result) =>
      result < 0 ? refuse(context, 'DEPUTY_E_REFUSED_MOUNT_UNREACHABLE') : checkHandleBytes(context),
  },
  assumeIdentityStep(own.openProbe),
  {
    name: 'open-probe',
    act: (context) => context.kernel.openByHandle(context.record, probeFlags(context)),
    next: (context, result) => {
      if (result < 0) return giveErrno(context, result);
      context.record.setI32(offset.probeDescriptor, result);
      return own.describe;
    },
  },
  {
    name: 'describe-file',
    act: ({ kernel, record }) => kernel.describeFile(record, record.i32(offset.probeDescriptor)),
    next: (context, result) => {
      if (result < 0) return giveErrno(context, result);
      context.record.setU8(offset.fileType, result);
      return judgeType(context, result);
    },
  },
  {
    // Before the open, so that O_TRUNC can't empty a file that the caller may not touch.
    name: 'check-access',
    act: (context) =>
      context.kernel.checkAccess(
        context.record,
        context.record.i32(offset.probeDescriptor),
        accessMode(context),
      ),
    next: (context, result) => {
      if (result >= 0) return beforeOpen(context);
      if (wantsPathDescriptor(context)) return exactInstead(context);
      return result === -errnoNumbers.EACCES
        ? refuse(context, 'DEPUTY_E_REFUSED_ACCESS')
        : giveErrno(context, result);
    },
  },
  {
    name: 'open',
    act: (context) => {
      const flags = realFlags(context);
      return context.kernel.openByHandle(context.record, flags | markAtOpen(flags));
    },
    next: (context, result) => {
      if (result < 0)
        return wantsPathDescriptor(context) ? exactInstead(context) : giveErrno(context, result);
      context.record.setI32(offset.sourceDescriptor, result);
      return afterOpen(context, answering);
    },
  },
  addDescriptorStep(answering),
  {
    name: 'inject-descriptor',
    event: 'INJECT',
    act: (context) =>
      context.kernel.injectDescriptor(
        context.record,
        context.record.i32(offset.probeDescriptor),
        (flagsOf(context) & O_CLOEXEC) !== 0,
      ),
    next: (context, result) =>
      result < 0 ? refuse(context, 'DEPUTY_E_REFUSED_INJECTION_UNAVAILABLE') : stepPark,
  },
  {
    // Resumed when the injector's outcome stands in the record.
    name: 'injected',
    next: judgeInjection,
  },
  { name: 'injection-completed', event: 'INJECTED', next: () => ending.closeSource },
  ...answeringSteps(answering),
  ...truncationSteps(own.open),
  ...recoverySteps(recovering),
];

function exactInstead({ record }: StepContext): number {
  record.setU8(offset.openMode, openMode.exact);
  return own.inject;
}

function judgeInjection(context: StepContext): number {
  const { record } = context;
  const outcome = record.u16(offset.injectionOutcome);
  const result = record.i32(offset.result);
  if (outcome === injectionOutcome.completed) {
    noteAnswer(context, result, answerWay.inject);
    return own.injected + 1;
  }
  if (outcome === injectionOutcome.traced) return refuse(context, 'DEPUTY_E_REFUSED_TRACED');
  if (outcome === injectionOutcome.errno) return giveErrno(context, result);
  return ending.cancelled;
}

/** The handler of open_by_handle_at: its steps and the one it starts with. */
export const openByHandleAt = {
  syscall: 'open_by_handle_at',
  first: own.identify,
  recover: own.recover,
  steps: [...endingSteps, ...ownSteps],
} as const;
