import { deputyError } from '../errors/deputy-error.js';
import type { Sequencer } from '../ports/sequencer.js';
import { type DelegationEvents, errorData } from './delegation-events.js';

/** Before these a delegation had begun to answer; whoever is in another was not served yet. */
const neverServed: ReadonlySet<string> = new Set(['requested', 'assessed', 'admitted', 'establishing']);

/**
 * Ends what predecessors left open and nobody went on with: delegations whose targets ended while no
 * supervisor was there, and those that were cut off before they were served (their containers, if they live,
 * are delegated to anew).
 */
export async function settlePredecessors(
  sequencer: Sequencer,
  log: DelegationEvents,
  isKnown: (delegationId: string) => boolean,
  lost: ReadonlySet<string>,
): Promise<void> {
  for (const { delegationId, tenant, state, counts } of await sequencer.caughtUp()) {
    if (isKnown(delegationId)) continue;
    if (neverServed.has(state)) {
      const error = deputyError('DEPUTY_E_DELEGATION_INTERRUPTED', { delegationId, state });
      log.emit(delegationId, tenant, 'delegation.failed', errorData(error));
      continue;
    }
    if (lost.has(delegationId)) {
      const error = deputyError('DEPUTY_E_LISTENER_LOST', { delegationId });
      log.emit(delegationId, tenant, 'delegation.failed', { ...errorData(error), counts });
      continue;
    }
    const reason = 'the target ended while no supervisor served it';
    log.emit(delegationId, tenant, 'delegation.releasing', { reason });
    log.emit(delegationId, tenant, 'delegation.released', { counts, reason });
  }
}
