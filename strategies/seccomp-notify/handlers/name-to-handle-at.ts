import { errnoNumbers } from '../../../core/errors/errno.js';
import type { MountEntry } from '../../../core/ports/kernel.js';
import { judgeMount, judgeOpenedMount } from '../../../core/request/compiled-policy.js';
import { answerWay, maximumHandleBytes, offset } from '../../../core/request/record-layout.js';
import { maximumSealableBytes, sealBytes } from '../../../core/seals/seal-layout.js';
import { recoveryStepCount } from '../../../core/steps/handler.js';
import type { Step, StepContext } from '../../../core/steps/step.js';
import { assumeIdentityStep, identifyStep, validateStep } from './opening-steps.js';
import { recoverySteps } from './recovery-steps.js';
import { isSealed, sealHandleStep } from './seal-steps.js';
import {
  ending,
  endingSteps,
  firstOwnStep,
  giveErrno,
  noteAnswer,
  refuse,
  refuseByNumber,
} from './shared-steps.js';

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
/** What the kernel writes as the type of a handle that has no room (FILEID_INVALID). */
const noType = 0xff;
const EOVERFLOW = -errnoNumbers.EOVERFLOW;

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
  locateMount: firstOwnStep + 11 + recoveryStepCount,
  openMount: firstOwnStep + 12 + recoveryStepCount,
  sealHandle: firstOwnStep + 13 + recoveryStepCount,
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
  const room = record.u32(offset.handleBytes);
  if (room > maximumHandleBytes) return giveErrno(context, -errnoNumbers.EINVAL);
  // The caller's memory won't say it any more once it was written to, and the record neither.
  record.setU8(offset.handleRoom, room + 1);
  return wantsSeal(context) ? own.locateMount : own.encode;
}

/** A handle that only identifies a file (fanotify(7)) must equal the kernel's; nothing opens by it. */
function wantsSeal(context: StepContext): boolean {
  return isSealed(context) && (flagsOf(context) & AT_HANDLE_FID) === 0;
}

/** The handle of a file that is on no share stays the kernel's own: it opens nothing through deputy. */
function isSealing(context: StepContext): boolean {
  const mount = context.record.mount as MountEntry | undefined;
  return wantsSeal(context) && mount?.verdict === 0;
}

function roomOf({ record }: StepContext): number {
  return record.u8(offset.handleRoom) - 1;
}

/** With a seal to come the kernel gets all the room that leaves: what it needs is known then. */
function afterEncoding(context: StepContext, result: number): number {
  const { record } = context;
  if (result < 0 && result !== EOVERFLOW) return giveErrno(context, result);
  record.setI32(offset.result, result);
  if (!isSealing(context)) return own.writeMountId;
  const bytes = record.u32(offset.handleBytes);
  if (bytes > maximumSealableBytes) return refuse(context, 'DEPUTY_E_REFUSED_SEAL_ROOM');
  if (result === 0 && bytes + sealBytes <= roomOf(context)) return own.sealHandle;
  record.setU32(offset.handleBytes, bytes + sealBytes);
  record.setI32(offset.handleType, noType);
  record.setI32(offset.result, EOVERFLOW);
  return own.writeMountId;
}

/** Nobody waits for the answer any more, or the address is a bad one. */
function unwritten(context: StepContext, result: number): number {
  return result === -errnoNumbers.ENOENT ? ending.cancelled : giveErrno(context, result);
}

/** What stands behind a written handle: 0, or EOVERFLOW when only its header was written. */
function afterWriting(context: StepContext, result: number): number {
  if (result < 0) return unwritten(context, result);
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
    act: ({ kernel, record }) => {
      // An earlier try may have written there: what it had read holds.
      if (record.u8(offset.handleRoom) > 0) return headerBytes;
      return kernel.readHandle(record, register.handle);
    },
    next: (context, result) => {
      const { record } = context;
      if (record.u8(offset.handleRoom) > 0) record.setU32(offset.handleBytes, roomOf(context));
      record.setI32(offset.result, result);
      return own.validate;
    },
  },
  validateStep(() => own.judge),
  { name: 'judge-call', event: 'DECIDE', next: checkFlagsAndPath },
  assumeIdentityStep(() => own.openPath),
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
    act: (context) => {
      const { kernel, record } = context;
      record.setU32(offset.handleBytes, isSealing(context) ? maximumSealableBytes : roomOf(context));
      const flags = flagsOf(context) & (AT_HANDLE_FID | AT_HANDLE_CONNECTABLE | AT_HANDLE_MNT_ID_UNIQUE);
      return kernel.encodeHandle(record, record.i32(offset.probeDescriptor), flags);
    },
    next: afterEncoding,
  },
  {
    name: 'write-mount-id',
    act: (context) =>
      context.kernel.writeMountId(
        context.record,
        register.mountId,
        (flagsOf(context) & AT_HANDLE_MNT_ID_UNIQUE) !== 0,
      ),
    next: (context, result) => (result < 0 ? unwritten(context, result) : own.writeHandle),
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
  {
    // Which share is it a handle of? The file's type goes into the seal.
    name: 'locate-mount',
    act: ({ kernel, record }) => kernel.locateMount(record, record.i32(offset.probeDescriptor)),
    next: (context, result) => {
      const { record, policy } = context;
      const mount = record.mount as MountEntry | undefined;
      if (result < 0 || mount === undefined) {
        return policy.sealedOnly ? refuse(context, 'DEPUTY_E_REFUSED_MOUNT_NOT_SHARED') : own.encode;
      }
      record.setU8(offset.fileType, result);
      if (mount.verdict < 0) mount.verdict = judgeMount(policy, mount);
      if (mount.verdict === 0) return own.openMount;
      return policy.sealedOnly ? refuseByNumber(context, mount.verdict) : own.encode;
    },
  },
  {
    name: 'open-mount',
    act: ({ kernel, record }) => kernel.openMount(record, record.i32(offset.probeDescriptor)),
    next: (context, result) => {
      if (result < 0) return refuse(context, 'DEPUTY_E_REFUSED_MOUNT_UNREACHABLE');
      const refusal = judgeOpenedMount(context.policy, context.record.mount as MountEntry);
      return refusal === 0 ? own.encode : refuseByNumber(context, refusal);
    },
  },
  sealHandleStep(() => own.writeMountId),
];

/** The handler of name_to_handle_at: its steps and the one it starts with. */
export const nameToHandleAt = {
  syscall: 'name_to_handle_at',
  first: own.identify,
  recover: own.recover,
  steps: [...endingSteps, ...ownSteps],
} as const;
