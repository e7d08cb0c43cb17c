import type { PayloadFacts, PayloadSpec } from '../../core/ports/payload.js';
import { capabilityMask } from './fitness.js';

const sets = ['effective', 'permitted', 'inheritable', 'bounding', 'ambient'] as const;

/** What of a payload is not the target's: a text for each. */
function placeDeviations(facts: PayloadFacts): string[] {
  const found: string[] = [];
  if (!facts.noNewPrivileges) found.push('no_new_privs is not set');
  if (!facts.sameNamespaces) found.push("its namespaces are not the target's");
  if (!facts.sameCgroups) found.push("its cgroups are not the target's");
  if (!facts.parentIsInit) found.push("its parent is not the target's init");
  return found;
}

/** What is not as it was asked for, of a process that is about to become the payload. */
export function joinedDeviations(facts: PayloadFacts, spec: PayloadSpec): string[] {
  const wanted = capabilityMask(spec.capabilities);
  const found = placeDeviations(facts);
  for (const [at, held] of facts.capabilities.entries()) {
    if (held !== wanted) found.push(`${sets[at]} capabilities are ${held.toString(16)}`);
  }
  if (!facts.userIds.every((id) => id === spec.user)) found.push(`its uids are ${facts.userIds.join(' ')}`);
  return found;
}

/** The same of a payload that runs: it may have given up some of what it had, and gained nothing. */
export function runningDeviations(facts: PayloadFacts, spec: PayloadSpec): string[] {
  const wanted = capabilityMask(spec.capabilities);
  const found = placeDeviations(facts);
  for (const [at, held] of facts.capabilities.entries()) {
    if ((held & ~wanted) !== 0n) found.push(`${sets[at]} capabilities are ${held.toString(16)}`);
  }
  return found;
}
