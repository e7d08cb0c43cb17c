import { defaultFields, defaultLimits } from './defaults.js';
import type { PolicyFields } from './schema.js';

/** A field of a policy that bounds what is done for a target. */
export type BoundingField =
  | 'syscalls'
  | 'shares'
  | 'filesystems'
  | 'confinement'
  | 'dac'
  | 'opath'
  | 'limits';

/** A bound that a policy sets, with how it stands there: `confinement: sealed`. */
export interface PolicyAsk {
  readonly field: BoundingField;
  readonly text: string;
}

/**
 * What a policy asks of whoever serves a target: the fields that are not at their widest. What holds a target
 * to nothing may be used only where nothing is asked. `placement` is about speed, and `record` about the
 * record: neither bounds a target.
 */
export function policyAsks(fields: PolicyFields): PolicyAsk[] {
  const { syscalls, shares, filesystems, confinement, dac, opath, limits } = fields;
  const asks: PolicyAsk[] = [];
  const leftOut = defaultFields.syscalls.filter((name) => !syscalls.includes(name));
  if (leftOut.length > 0) asks.push({ field: 'syscalls', text: `syscalls without ${leftOut.join(', ')}` });
  if (shares !== 'all') asks.push({ field: 'shares', text: `shares: ${shares.length} of them` });
  // The default's list is what deputy can serve, and no wish of whoever wrote the policy; a shorter one is.
  const missing = defaultFields.filesystems.filter((name) => !filesystems.includes(name));
  if (missing.length > 0)
    asks.push({ field: 'filesystems', text: `filesystems without ${missing.join(', ')}` });
  if (confinement !== 'none') asks.push({ field: 'confinement', text: `confinement: ${confinement}` });
  if (dac !== 'capability') asks.push({ field: 'dac', text: `dac: ${dac}` });
  if (opath !== 'fast') asks.push({ field: 'opath', text: `opath: ${opath}` });
  const { inFlightPerTarget, deadlineMs } = limits;
  if (deadlineMs > 0) asks.push({ field: 'limits', text: `limits.deadlineMs: ${deadlineMs}` });
  if (inFlightPerTarget < defaultLimits.inFlightPerTarget) {
    asks.push({ field: 'limits', text: `limits.inFlightPerTarget: ${inFlightPerTarget}` });
  }
  return asks;
}

/** What a policy asks and a strategy that enforces only these fields can't hold a target to. */
export function unheldAsks(fields: PolicyFields, enforces: readonly string[]): PolicyAsk[] {
  return policyAsks(fields).filter(({ field }) => !enforces.includes(field));
}

/** The same as a reason; undefined where all is held. */
export function unheldReason(fields: PolicyFields, enforces: readonly string[]): string | undefined {
  const texts = unheldAsks(fields, enforces).map(({ text }) => text);
  return texts.length === 0
    ? undefined
    : `it can't hold a target to what the policy asks: ${texts.join('; ')}`;
}
