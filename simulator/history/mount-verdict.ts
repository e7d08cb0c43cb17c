import { refusalTable } from '../../core/errors/refusals.js';
import type { RequestRecord } from '../../core/request/record.js';
import { offset } from '../../core/request/record-layout.js';
import { nameToHandleAt } from '../../strategies/seccomp-notify/handlers/name-to-handle-at.js';
import { openByHandleAt } from '../../strategies/seccomp-notify/handlers/open-by-handle-at.js';
import { abi } from '../kernel/numbers.js';
import { stepsOf } from './recorded-request.js';

const ofMounts: ReadonlySet<number> = new Set([
  refusalTable.DEPUTY_E_REFUSED_FILESYSTEM.id,
  refusalTable.DEPUTY_E_REFUSED_MOUNT_NOT_SHARED.id,
  refusalTable.DEPUTY_E_REFUSED_MOUNT_ROOT.id,
]);

/** What the policy said of a record's mount then: it stands there only as what came of it. */
export function verdictOf(source: RequestRecord): number {
  const isNaming = source.syscallNumber === abi.nameToHandleAt;
  const { steps } = isNaming ? nameToHandleAt : openByHandleAt;
  const names = stepsOf(source).steps.map(({ step }) => steps[step]?.name);
  if (names.includes('open-mount')) return 0;
  // A file on a mount that is not shared has its handle from the kernel as it is, without a refusal.
  if (isNaming && names.includes('encode-handle')) return refusalTable.DEPUTY_E_REFUSED_MOUNT_NOT_SHARED.id;
  const reason = source.u16(offset.reason);
  return ofMounts.has(reason) ? reason : 0;
}
