import type { RefusalCode } from '../../../core/errors/refusals.js';
import type { MountEntry } from '../../../core/ports/kernel.js';
import { offset } from '../../../core/request/record-layout.js';
import { sealBytes } from '../../../core/seals/seal-layout.js';
import { scopeOf } from '../../../core/seals/seal-scope.js';
import {
  checkSeal,
  putSeal,
  sealedFileType,
  sealKeyId,
  unsealed,
} from '../../../core/seals/sealed-handle.js';
import type { Step, StepContext } from '../../../core/steps/step.js';
import { refuse } from './shared-steps.js';

const refusalOf: Readonly<Record<number, RefusalCode>> = {
  [unsealed.wrong]: 'DEPUTY_E_REFUSED_SEAL_WRONG',
  [unsealed.keyUnknown]: 'DEPUTY_E_REFUSED_SEAL_KEY',
  [unsealed.noSeal]: 'DEPUTY_E_REFUSED_NOT_SEALED',
};

/** Does the policy want handles sealed? */
export function isSealed({ policy }: StepContext): boolean {
  return policy.confinement === 'sealed';
}

/** Is the file of the type that its handle was sealed with? Always, where handles aren't sealed. */
export function isTypeAsSealed(context: StepContext, type: number): boolean {
  return !isSealed(context) || context.record.u8(offset.fileType) === type;
}

function scope({ policy, record }: StepContext): string {
  return scopeOf(policy, record.mount as MountEntry);
}

/** The size of the handle as it came, also when an earlier try has taken the seal off already. */
function sealedSize({ record }: StepContext): number {
  const native = record.u8(offset.nativeBytes);
  return native === 0 ? record.u32(offset.handleBytes) : native + sealBytes;
}

/**
 * Nothing is opened by a handle that does not verify. One that does stands in the record as the kernel's own
 * from then on, and its file's type is known.
 */
export function verifySealStep(next: number): Step {
  return {
    name: 'verify-seal',
    act: (context) => checkSeal(context.record, sealedSize(context), scope(context), context.seals),
    next: (context, result) => {
      const { record } = context;
      const bytes = sealedSize(context);
      record.setU32(offset.keyId, sealKeyId(record, bytes));
      const refusal = refusalOf[result];
      if (refusal !== undefined) return refuse(context, refusal);
      record.setU8(offset.fileType, sealedFileType(record, bytes));
      // In this order: whoever goes on after a crash in between still finds the size that it had.
      record.setU8(offset.nativeBytes, bytes - sealBytes);
      record.setU32(offset.handleBytes, bytes - sealBytes);
      return next;
    },
  };
}

/**
 * Seals the kernel's handle in the record. A successor takes the key that its predecessor took, if that is
 * still known, so that the target finds what it may have been given already.
 */
export function sealHandleStep(next: (context: StepContext) => number): Step {
  return {
    name: 'seal-handle',
    act: (context) => {
      const { record, seals } = context;
      const type = record.u8(offset.fileType);
      const bytes = record.u32(offset.handleBytes);
      const former = record.u32(offset.keyId);
      const { currentKey } = seals;
      const within = scope(context);
      if (former !== 0 && putSeal(record, bytes, type, former, within, seals)) return 0;
      record.setU32(offset.keyId, currentKey);
      return currentKey !== 0 && putSeal(record, bytes, type, currentKey, within, seals) ? 0 : -1;
    },
    next: (context, result) => {
      if (result < 0) return refuse(context, 'DEPUTY_E_REFUSED_SEAL_UNAVAILABLE');
      const { record } = context;
      record.setU32(offset.handleBytes, record.u32(offset.handleBytes) + sealBytes);
      return next(context);
    },
  };
}
