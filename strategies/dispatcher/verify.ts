import type { PayloadFacts, PayloadSpec } from '../../core/ports/payload.js';
import { capabilityMask } from './fitness.js';

/** What of a payload is not as it was asked for: a text for each. */
export function deviations(facts: PayloadFacts, spec: PayloadSpec): string[] {
  const wanted = capabilityMask(spec.capabilities);
  const found: string[] = [];
  const sets = ['effective', 'permitted', 'inheritable', 'bounding', 'ambient'];
  facts.capabilities.forEach((held, at) => {
    if (held !== wanted) found.push(`${sets[at]} capabilities are ${held.toString(16)}`);
  });
  if (!facts.userIds.every((id) => id === spec.user)) found.push(`its uids are ${facts.userIds.join(' ')}`);
  if (!facts.noNewPrivileges) found.push('no_new_privs is not set');
  if (!facts.sameNamespaces) found.push("its namespaces are not the target's");
  if (!facts.sameCgroups) found.push("its cgroups are not the target's");
  if (!facts.parentIsInit) found.push("its parent is not the target's init");
  return found;
}
