import { deputyError } from '../errors/deputy-error.js';
import type { Sequencer } from '../ports/sequencer.js';
import { type DelegationEvents, errorData } from './delegation-events.js';

/** Before these a delegation had begun to answer; whoever is in another was not served yet. */
const neverServed: ReadonlySet<string> = new Set(['requested', 'assessed', 'admitted', 'establishing']);

export interface SettleOptions {
  readonly isKnown: (delegationId: string) => boolean;
  /** Those whose targets live, and whose listeners are gone. */
  readonly lost: ReadonlySet<string>;
  /** How they ended, where that is known. */
  readonly reason: string | undefined;
}

/**
 * Ends what predecessors left open and nobody went on with: delegations whose targets ended while no
 * supervisor was there, and those that were cut off before they were served (their containers, if they live,
 * are delegated to anew).
 */
export async function settlePredecessors(
  sequencer: Sequencer,
  log: DelegationEvents,
  { isKnown, lost, reason: known }: SettleOptions,
): Promise<void> {
  const reason = known ?? 'the target ended while no supervisor served it';
  for (const { delegationId, tenant, state, counts } of await sequencer.caughtUp()) {
    if (isKnown(delegationId)) continue;
    // What is known to have ended was there, whoever was to say that it served.
    if (known === undefined && neverServed.has(state)) {
      const error = deputyError('DEPUTY_E_DELEGATION_INTERRUPTED', { delegationId, state });
      log.emit(delegationId, tenant, 'delegation.failed', errorData(error));
      continue;
    }
    if (lost.has(delegationId)) {
      const error = deputyError('DEPUTY_E_LISTENER_LOST', { delegationId });
      log.emit(delegationId, tenant, 'delegation.failed', { ...errorData(error), counts });
      continue;
    }
    log.emit(delegationId, tenant, 'delegation.releasing', { reason });
    log.emit(delegationId, tenant, 'delegation.released', { counts, reason });
  }
}
