import { errnoNumbers } from '../../../core/errors/errno.js';
import { fileType } from '../../../core/ports/kernel.js';
import {
  answerWay,
  injectionOutcome,
  maximumHandleBytes,
  offset,
  openMode,
} from '../../../core/request/record-layout.js';
import { recoveryStepCount } from '../../../core/steps/handler.js';
import { type Step, type StepContext, stepPark } from '../../../core/steps/step.js';
import {
  type AnsweringPlaces,
  addDescriptorStep,
  afterOpen,
  answeringSteps,
  markAtOpen,
} from './answering-steps.js';
import { type ConfiningPlaces, checkRootStep, confine } from './confining-steps.js';
import { directSteps, mayOpenDirectly } from './direct-open-steps.js';
import {
  accessMode,
  flagsOf,
  headerBytes,
  O_CLOEXEC,
  probeFlags,
  realFlags,
  register,
  W_OK,
  wantsCreation,
  wantsDirectory,
  wantsPathDescriptor,
  wantsTruncation,
} from './open-call.js';
import { assumeIdentityStep, findMountStep, identifyStep, validateStep } from './opening-steps.js';
import { formerStep, type RecoveryPlaces, recoverySteps } from './recovery-steps.js';
import { isTypeAsSealed, verifySealStep } from './seal-steps.js';
import { ending, endingSteps, firstOwnStep, giveErrno, noteAnswer, refuse } from './shared-steps.js';
import { mayBeTruncated, truncationSteps } from './truncation-steps.js';

/*
 * int open_by_handle_at(int mount_fd, struct file_handle *handle, int flags). The order of the checks is the
 * kernel's own (fs/fhandle.c): a call with two faults gets the errno that the kernel would have given.
 */
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
  verifySeal: firstOwnStep + 22 + recoveryStepCount,
  openDirect: firstOwnStep + 23 + recoveryStepCount,
  checkRoot: firstOwnStep + 27 + recoveryStepCount,
} as const;

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
  if (wantsCreation(context)) return refuse(context, 'DEPUTY_E_REFUSED_CREATING_FLAGS');
  return confine(context, confining);
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
  if (wantsDirectory(context) && type !== fileType.directory)
    return giveErrno(context, -errnoNumbers.ENOTDIR);
  if (type === fileType.socket) return giveErrno(context, -errnoNumbers.ENXIO);
  if (type !== fileType.regular && type !== fileType.directory) {
    return refuse(context, 'DEPUTY_E_REFUSED_FILE_TYPE');
  }
  // Writing to a directory is EISDIR whoever asks (may_open()). Said here: a redone O_TRUNC
  // whose directory has changed meanwhile must not pass for a file that is emptied already.
  const writes = (accessMode(context) & W_OK) !== 0;
  if (type === fileType.directory && writes) return giveErrno(context, -errnoNumbers.EISDIR);
  return context.policy.enforceDac ? own.checkAccess : beforeOpen(context);
}

/** O_TRUNC is an effect that must not happen twice. */
function beforeOpen(context: StepContext): number {
  if (!wantsTruncation(context)) return own.open;
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

const confining: ConfiningPlaces = {
  verifySeal: own.verifySeal,
  checkRoot: own.checkRoot,
  confined: own.assumeIdentity,
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
  assumeIdentityStep((context) => (mayOpenDirectly(context) ? own.openDirect : own.openProbe)),
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
      if (!isTypeAsSealed(context, result)) return refuse(context, 'DEPUTY_E_REFUSED_SEAL_FILE_TYPE');
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
  verifySealStep(own.assumeIdentity),
  ...directSteps({ openDirect: own.openDirect, openProbe: own.openProbe, answering }),
  checkRootStep(confining),
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
  if (outcome === injectionOutcome.filtered) {
    return refuse(context, 'DEPUTY_E_REFUSED_INJECTION_UNAVAILABLE');
  }
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
