import { errnoNumbers } from '../../../core/errors/errno.js';
import { fileType } from '../../../core/ports/kernel.js';
import { offset, openMode } from '../../../core/request/record-layout.js';
import type { Step, StepContext } from '../../../core/steps/step.js';
import { type AnsweringPlaces, afterOpen, markAtOpen } from './answering-steps.js';
import { accessMode, realFlags, wantsDirectory, wantsPathDescriptor, wantsTruncation } from './open-call.js';
import { isSealed } from './seal-steps.js';
import { giveErrno, refuse } from './shared-steps.js';

/**
 * A sealed handle says what type its file is of, and a file's type never changes. So where nothing else needs
 * a look at the file first, it is opened at once, and looked at then.
 */
export function mayOpenDirectly(context: StepContext): boolean {
  const { record, policy } = context;
  if (!isSealed(context) || wantsTruncation(context)) return false;
  if (wantsPathDescriptor(context) && policy.exactPathDescriptors) return false;
  const type = record.u8(offset.fileType);
  return type === fileType.directory || (type === fileType.regular && !wantsDirectory(context));
}

/** Where these steps stand, and what they go on to. */
export interface DirectPlaces {
  /** The number of the first of directSteps(). */
  readonly openDirect: number;
  /** The step that begins the careful way. */
  readonly openProbe: number;
  readonly answering: AnsweringPlaces;
}

/** What follows: open-direct, describe-opened, check-opened, close-opened. */
export function directSteps({ openDirect, openProbe, answering }: DirectPlaces): readonly Step[] {
  const checkOpened = openDirect + 2;
  return [
    {
      name: 'open-direct',
      act: (context) => {
        const flags = realFlags(context);
        return context.kernel.openByHandle(context.record, flags | markAtOpen(flags));
      },
      next: (context, result) => {
        const { record } = context;
        const isPath = wantsPathDescriptor(context);
        record.setU8(offset.openMode, isPath ? openMode.fast : openMode.plain);
        if (result >= 0) {
          record.setI32(offset.sourceDescriptor, result);
          return openDirect + 1;
        }
        if (isPath) return openProbe;
        return denied(context, result);
      },
    },
    {
      name: 'describe-opened',
      act: ({ kernel, record }) => kernel.describeFile(record, record.i32(offset.sourceDescriptor)),
      next: (context, result) => {
        if (result < 0) return giveErrno(context, result);
        if (result !== context.record.u8(offset.fileType))
          return refuse(context, 'DEPUTY_E_REFUSED_SEAL_FILE_TYPE');
        const isChecked = context.policy.enforceDac || wantsPathDescriptor(context);
        return isChecked ? checkOpened : afterOpen(context, answering);
      },
    },
    {
      name: 'check-opened',
      act: (context) => {
        const { kernel, record } = context;
        return kernel.checkAccess(record, record.i32(offset.sourceDescriptor), accessMode(context));
      },
      next: (context, result) => {
        if (result >= 0) return afterOpen(context, answering);
        return wantsPathDescriptor(context) ? openDirect + 3 : denied(context, result);
      },
    },
    {
      // What the target may not read can't stand in for an O_PATH descriptor.
      name: 'close-opened',
      act: ({ kernel, record }) => kernel.closeDescriptor(record.i32(offset.sourceDescriptor)),
      next: ({ record }) => {
        record.setI32(offset.sourceDescriptor, -1);
        return openProbe;
      },
    },
  ];
}

/** With `dac: enforce` a missing right is deputy's own no, whoever finds it. */
function denied(context: StepContext, result: number): number {
  return context.policy.enforceDac && result === -errnoNumbers.EACCES
    ? refuse(context, 'DEPUTY_E_REFUSED_ACCESS')
    : giveErrno(context, result);
}
