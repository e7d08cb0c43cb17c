import { errnoNumbers } from '../../../core/errors/errno.js';
import { answerWay, maximumHandleBytes, offset } from '../../../core/request/record-layout.js';
import type { Step, StepContext } from '../../../core/steps/step.js';
import { assumeIdentityStep, identifyStep, validateStep } from './opening-steps.js';
import { recoverySteps } from './recovery-steps.js';
import { ending, endingSteps, firstOwnStep, giveErrno, noteAnswer } from './shared-steps.js';

/*
 * name_to_handle_at(2): int name_to_handle_at(int dirfd, const char *pathname, struct file_handle *handle,
 * int *mount_id, int flags). It needs no privilege; deputy answers it so that handles can be sealed.
 */
const register = { directory: 0, path: 1, handle: 2, mountId: 3, flags: 4 } as const;

const AT_HANDLE_MNT_ID_UNIQUE = 0x1;
const AT_HANDLE_CONNECTABLE = 0x2;
const AT_HANDLE_FID = 0x200;
const AT_SYMLINK_FOLLOW = 0x400;
const AT_EMPTY_PATH = 0x1000;
const knownFlags =
  AT_HANDLE_MNT_ID_UNIQUE | AT_HANDLE_CONNECTABLE | AT_HANDLE_FID | AT_SYMLINK_FOLLOW | AT_EMPTY_PATH;

const headerBytes = 8;

const own = {
  identify: firstOwnStep,
  readPath: firstOwnStep + 1,
  readHandle: firstOwnStep + 2,
  validate: firstOwnStep + 3,
  judge: firstOwnStep + 4,
  assumeIdentity: firstOwnStep + 5,
  openPath: firstOwnStep + 6,
  encode: firstOwnStep + 7,
  writeMountId: firstOwnStep + 8,
  writeHandle: firstOwnStep + 9,
  answer: firstOwnStep + 10,
  recover: firstOwnStep + 11,
} as const;

function flagsOf({ record }: StepContext): number {
  return record.argumentInt(register.flags);
}

/** Flags first, then the path, as fs/fhandle.c has it; the handle's header is looked at after the path. */
function checkFlagsAndPath(context: StepContext): number {
  const { record } = context;
  const flags = flagsOf(context);
  const connectable = (flags & AT_HANDLE_CONNECTABLE) !== 0;
  if ((flags & ~knownFlags) !== 0) return giveErrno(context, -errnoNumbers.EINVAL);
  if (connectable && (flags & (AT_HANDLE_FID | AT_EMPTY_PATH)) !== 0) {
    return giveErrno(context, -errnoNumbers.EINVAL);
  }
  const pathResult = record.pathBytes;
  if (pathResult < 0) return giveErrno(context, pathResult);
  if (pathResult === 0 && (flags & AT_EMPTY_PATH) === 0) return giveErrno(context, -errnoNumbers.ENOENT);
  return own.assumeIdentity;
}

function checkHandleHeader(context: StepContext): number {
  const { record } = context;
  if (record.i32(offset.result) < headerBytes) return giveErrno(context, -errnoNumbers.EFAULT);
  if (record.u32(offset.handleBytes) > maximumHandleBytes) return giveErrno(context, -errnoNumbers.EINVAL);
  return own.encode;
}

/** What stands behind a written handle: 0, or EOVERFLOW when only its header was written. */
function afterWriting(context: StepContext, result: number): number {
  if (result < 0) return giveErrno(context, result);
  const encoded = context.record.i32(offset.result);
  return encoded < 0 ? giveErrno(context, encoded) : own.answer;
}

const ownSteps: readonly Step[] = [
  identifyStep(own.readPath),
  {
    name: 'read-path',
    act: ({ kernel, record }) => kernel.readPath(record, register.path),
    next: ({ record }, result) => {
      record.pathBytes = result;
      return own.readHandle;
    },
  },
  {
    name: 'read-handle',
    act: ({ kernel, record }) => kernel.readHandle(record, register.handle),
    next: ({ record }, result) => {
      record.setI32(offset.result, result);
      return own.validate;
    },
  },
  validateStep(() => own.judge),
  { name: 'judge-call', event: 'DECIDE', next: checkFlagsAndPath },
  assumeIdentityStep(own.openPath),
  {
    name: 'open-path',
    act: (context) =>
      context.kernel.openPath(
        context.record,
        context.record.argumentInt(register.directory),
        (flagsOf(context) & AT_SYMLINK_FOLLOW) !== 0,
      ),
    next: (context, result) => {
      if (result < 0) return giveErrno(context, result);
      context.record.setI32(offset.probeDescriptor, result);
      return checkHandleHeader(context);
    },
  },
  {
    name: 'encode-handle',
    act: (context) =>
      context.kernel.encodeHandle(
        context.record,
        context.record.i32(offset.probeDescriptor),
        flagsOf(context) & (AT_HANDLE_FID | AT_HANDLE_CONNECTABLE | AT_HANDLE_MNT_ID_UNIQUE),
      ),
    next: (context, result) => {
      if (result < 0 && result !== -errnoNumbers.EOVERFLOW) return giveErrno(context, result);
      context.record.setI32(offset.result, result);
      return own.writeMountId;
    },
  },
  {
    name: 'write-mount-id',
    act: (context) =>
      context.kernel.writeMountId(
        context.record,
        register.mountId,
        (flagsOf(context) & AT_HANDLE_MNT_ID_UNIQUE) !== 0,
      ),
    next: (context, result) => (result < 0 ? giveErrno(context, result) : own.writeHandle),
  },
  {
    name: 'write-handle',
    act: ({ kernel, record }) => {
      const bytes = record.i32(offset.result) < 0 ? 0 : record.u32(offset.handleBytes);
      return kernel.writeHandle(record, register.handle, bytes);
    },
    next: afterWriting,
  },
  {
    name: 'answer-value',
    event: 'ANSWER',
    act: ({ kernel, record }) => kernel.answerValue(record, 0, 0),
    next: (context, result) => {
      if (result < 0 && result !== -errnoNumbers.EINPROGRESS) return ending.cancelled;
      noteAnswer(context, 0, answerWay.send);
      return ending.answered;
    },
  },
  // What was written into the target's memory is written again, the same.
  ...recoverySteps({
    recover: own.recover,
    resume: ({ record }) => (record.threadId === 0 ? own.identify : own.readPath),
    answers: [own.answer],
    injecting: [],
    adding: [],
  }),
];

/** The handler of name_to_handle_at: its steps and the one it starts with. */
export const nameToHandleAt = {
  syscall: 'name_to_handle_at',
  first: own.identify,
  recover: own.recover,
  steps: [...endingSteps, ...ownSteps],
} as const;
