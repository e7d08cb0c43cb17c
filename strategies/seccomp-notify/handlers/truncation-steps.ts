import { effectMark, offset } from '../../../core/request/record-layout.js';
import type { Step, StepContext } from '../../../core/steps/step.js';
import { isMarked, mark } from './answering-steps.js';
import { giveErrno } from './shared-steps.js';

function fingerprint({ kernel, record }: StepContext): number {
  return kernel.fingerprintFile(record, record.i32(offset.probeDescriptor));
}

/**
 * Before an open with O_TRUNC, which must not happen twice: what others wrote into the file meanwhile would
 * be gone. note-file (the first try remembers what the file looks like), check-truncated (a successor
 * compares). `open` is the step that opens.
 */
export function truncationSteps(open: number): readonly Step[] {
  return [
    {
      name: 'note-file',
      act: fingerprint,
      next: (context, result) => {
        // What can't be looked at can't be told from what was emptied: nothing has been done to it yet.
        if (result < 0) return giveErrno(context, result);
        context.record.setU32(offset.fingerprint, result);
        mark(context, effectMark.truncate);
        return open;
      },
    },
    {
      name: 'check-truncated',
      act: fingerprint,
      next: (context, result) => {
        if (result < 0) return giveErrno(context, result);
        if (result !== context.record.u32(offset.fingerprint)) mark(context, effectMark.truncated);
        return open;
      },
    },
  ];
}

/** Has a predecessor begun to truncate? */
export function mayBeTruncated(context: StepContext): boolean {
  return isMarked(context, effectMark.truncate);
}

/** Is it known that it did? */
export function isTruncated(context: StepContext): boolean {
  return isMarked(context, effectMark.truncated);
}
