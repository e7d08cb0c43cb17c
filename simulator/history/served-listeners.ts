import { defaultPolicy } from '../../core/policy/defaults.js';
import type { ResolvedPolicy } from '../../core/policy/match.js';
import { resolvePolicy } from '../../core/policy/match.js';
import { parsePolicy } from '../../core/policy/parse.js';
import { fieldsSchema } from '../../core/policy/schema.js';
import { type CompiledPolicyData, transferPolicy } from '../../core/serving/transfer-policy.js';
import type { History } from './read-history.js';

/** Whose a listener is, and what its target may have done for it. */
export interface ListenerFacts {
  readonly delegationId: string | undefined;
  readonly policy: CompiledPolicyData;
  /** The journal and the events do not have the policy: it is the default one. */
  readonly isPolicyAssumed: boolean;
}

/** Finds out whose each listener is, from the journal's own words and the events. */
export function listenersOf(history: History): ReadonlyMap<number, ListenerFacts> {
  const admitted = new Map<string, { fields: unknown; digest: string }>();
  const owners = new Map<number, string>();
  const note = (delegationId: string, data: unknown): void => {
    const { policy, policyDigest } = data as { policy: unknown; policyDigest: string };
    admitted.set(delegationId, { fields: policy, digest: policyDigest });
  };
  for (const { type, delegationId, data } of history.events) {
    if (type === 'delegation.admitted') note(delegationId, data);
  }
  for (const { payload } of history.words) {
    if (payload.kind === 'listener') owners.set(payload.identity.key, payload.identity.delegationId);
    if (payload.kind === 'draft' && payload.draft.type === 'delegation.admitted') {
      note(payload.draft.delegationId, payload.draft.data);
    }
  }
  const facts = new Map<number, ListenerFacts>();
  for (const { listener } of history.requests) {
    if (facts.has(listener)) continue;
    const delegationId = owners.get(listener);
    const known = admitted.get(delegationId ?? '');
    const policy = known === undefined ? undefined : policyOf(known.fields, known.digest);
    facts.set(listener, {
      delegationId,
      policy: transferPolicy(policy ?? assumedPolicy()),
      isPolicyAssumed: policy === undefined,
    });
  }
  return facts;
}

function policyOf(fields: unknown, digest: string): ResolvedPolicy | undefined {
  const parsed = fieldsSchema.safeParse(fields);
  if (!parsed.success) return undefined;
  const policy = parsePolicy({ version: 1, defaults: parsed.data });
  return { ...resolvePolicy(policy, { containerId: 'recorded', metadata: '' }), digest };
}

function assumedPolicy(): ResolvedPolicy {
  return resolvePolicy(defaultPolicy(), { containerId: 'unknown', metadata: '' });
}
