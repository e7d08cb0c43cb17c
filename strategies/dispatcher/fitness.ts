import type { PayloadSpec, TargetFacts } from '../../core/ports/payload.js';

const CAP_SYS_PTRACE = 1n << 19n;

/** Capability numbers as the mask that /proc/PID/status has. */
export function capabilityMask(numbers: readonly number[]): bigint {
  return numbers.reduce((mask, number) => mask | (1n << BigInt(number)), 0n);
}

/**
 * Why a process of the target could take the payload over, or undefined. ptrace(2) takes CAP_SYS_PTRACE, or
 * the same uid and all the capabilities of the one that is traced; a user namespace of the target's own makes
 * neither count for a payload that is not in it.
 */
export function takeOver(
  facts: TargetFacts,
  spec: Pick<PayloadSpec, 'user' | 'capabilities'>,
): string | undefined {
  if (!facts.userNamespaceIsOurs) return undefined;
  const held = facts.permittedCapabilities | facts.boundingCapabilities;
  if ((held & CAP_SYS_PTRACE) !== 0n) return 'it may hold CAP_SYS_PTRACE';
  const wanted = capabilityMask(spec.capabilities);
  const isSameUser = facts.userIds.some((id) => id === spec.user);
  if (isSameUser && wanted !== 0n && (held & wanted) === wanted) {
    return `it runs as uid ${spec.user} too, and may hold all capabilities that the payload gets`;
  }
  return undefined;
}
