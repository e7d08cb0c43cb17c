import type { ResolvedPolicy } from '../policy/match.js';
import { type CompiledPolicyData, transferPolicy } from '../serving/transfer-policy.js';

/**
 * The policy that a broker answers by: it opens and hands out sealed handles only, also where a policy that
 * came later says otherwise; and O_PATH descriptors as they are.
 */
export function brokerPolicy(policy: ResolvedPolicy): CompiledPolicyData {
  const compiled = transferPolicy(policy);
  return { ...compiled, confinement: 'sealed', sealedOnly: true, exactPathDescriptors: true };
}
