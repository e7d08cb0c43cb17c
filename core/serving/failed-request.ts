import { refusalTable } from '../errors/refusals.js';
import { requestState } from '../machines/request-life.js';
import type { RequestKernel } from '../ports/kernel.js';
import type { RequestRecord } from '../request/record.js';
import { offset } from '../request/record-layout.js';

const EIO = 5;

/** Ends a request whose handler threw: the target gets EIO, what is held for it is closed. */
export function answerFailed(kernel: RequestKernel, record: RequestRecord): void {
  kernel.answerValue(record, 0, EIO);
  for (const field of [offset.sourceDescriptor, offset.probeDescriptor]) {
    if (record.i32(field) >= 0) kernel.closeDescriptor(record.i32(field));
  }
  record.setU16(offset.state, requestState.refused);
  record.setU16(offset.reason, refusalTable.DEPUTY_E_REFUSED_HANDLER_FAILED.id);
  record.setI32(offset.result, -EIO);
}
