import type { Degradation, Limits, PolicyFields } from './schema.js';

/** Some of a policy's fields, as a file has them. */
export type WrittenFields = {
  readonly [Field in Exclude<keyof PolicyFields, 'limits' | 'degradation'>]?: PolicyFields[Field] | undefined;
} & {
  readonly limits?: Some<Limits> | undefined;
  readonly degradation?: Some<Degradation> | undefined;
};

type Some<Numbers> = { readonly [Name in keyof Numbers]?: Numbers[Name] | undefined };

/** The base with what was written put over it; limits are merged one by one, lists are replaced. */
export function mergeFields(base: PolicyFields, written: WrittenFields): PolicyFields {
  const { limits = {}, degradation = {} } = written;
  return {
    syscalls: written.syscalls ?? base.syscalls,
    shares: written.shares ?? base.shares,
    filesystems: written.filesystems ?? base.filesystems,
    confinement: written.confinement ?? base.confinement,
    dac: written.dac ?? base.dac,
    opath: written.opath ?? base.opath,
    placement: written.placement ?? base.placement,
    strategies: written.strategies ?? base.strategies,
    record: written.record ?? base.record,
    limits: {
      inFlightPerTarget: limits.inFlightPerTarget ?? base.limits.inFlightPerTarget,
      deadlineMs: limits.deadlineMs ?? base.limits.deadlineMs,
      deadlineErrno: limits.deadlineErrno ?? base.limits.deadlineErrno,
    },
    degradation: {
      afterMs: degradation.afterMs ?? base.degradation.afterMs,
      silentMs: degradation.silentMs ?? base.degradation.silentMs,
    },
  };
}
