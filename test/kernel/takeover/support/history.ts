import { join } from 'node:path';
import { openFileEventStore } from '../../../../adapters/event-store/index.js';
import type { DeputyEvent } from '../../../../core/events/event.js';
import { validateEvent } from '../../../../core/events/validate-event.js';
import { foldDelegation } from '../../../../core/machines/delegation-state.js';

/** What the event store says of one container, once it is checked: one stream, no gap, a legal path. */
export interface History {
  readonly events: readonly DeputyEvent[];
  readonly recoveries: number;
  /** How requests came through take-overs, by the word in their events. */
  readonly byRecovery: Readonly<Record<string, number>>;
  readonly requests: number;
}

/** Reads and checks a container's history. Throws with the reason when it is not as it must be. */
export async function historyOf(stateDirectory: string, containerId: string): Promise<History> {
  const store = await openFileEventStore({ directory: join(stateDirectory, 'events'), readOnly: true });
  const events: DeputyEvent[] = [];
  let stream: string | undefined;
  for await (const { event } of store.readAll()) {
    if (event.type === 'delegation.requested' && event.data.target.containerId === containerId) {
      if (stream !== undefined) throw new Error(`the container has two delegations, ${stream} and another`);
      stream = event.delegationId;
    }
    if (event.delegationId === stream) events.push(event);
  }
  await store.close();
  events.forEach(({ version }, index) => {
    if (version !== index + 1) throw new Error(`event ${index + 1} of the stream has version ${version}`);
  });
  for (const event of events) validateEvent(event);
  foldDelegation(events);
  const byRecovery: Record<string, number> = {};
  const seen = new Set<string>();
  for (const event of events) {
    if (!event.type.startsWith('request.')) continue;
    const { notificationId, recovery } = event.data as { notificationId: string; recovery: string };
    if (seen.has(notificationId)) throw new Error(`notification ${notificationId} has two events`);
    seen.add(notificationId);
    byRecovery[recovery] = (byRecovery[recovery] ?? 0) + 1;
  }
  const recoveries = events.filter(({ type }) => type === 'delegation.recovering').length;
  return { events, recoveries, byRecovery, requests: seen.size };
}
