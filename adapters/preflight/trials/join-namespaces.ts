import { errnoText } from '../../../core/errors/errno.js';
import type { TrialResult } from '../../../core/preflight/entry.js';
import {
  CLONE_FS,
  joinNamespaces,
  namespaceFlag,
  openNamespace,
  unshareNamespaces,
} from '../../linux/namespaces.js';
import { joinedNamespaces } from '../../payload/proc-facts.js';

/**
 * Leaves its namespaces for new ones and joins the former again, one by one (setns(2)): what a joiner does
 * with a target's, without a target.
 */
export function joinNamespacesAgain(): TrialResult {
  const former = joinedNamespaces.map((name) => ({ name, descriptor: openNamespace('self', name) }));
  const unopened = former.find(({ descriptor }) => descriptor < 0);
  if (unopened)
    return { ok: false, detail: `/proc/self/ns/${unopened.name}: ${errnoText(-unopened.descriptor)}` };
  const flags = joinedNamespaces.reduce((sum, name) => sum | namespaceFlag[name], CLONE_FS);
  const left = unshareNamespaces(flags);
  if (left < 0) return { ok: false, detail: `unshare: ${errnoText(-left)}` };
  for (const { name, descriptor } of former) {
    const result = joinNamespaces(descriptor, namespaceFlag[name]);
    if (result < 0) return { ok: false, detail: `setns of ${name}: ${errnoText(-result)}` };
  }
  return { ok: true, detail: `${joinedNamespaces.join(', ')} were left and joined again` };
}
