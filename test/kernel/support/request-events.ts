import { join } from 'node:path';
import { openFileEventStore } from '../../../adapters/event-store/index.js';
import type { DeputyEvent } from '../../../core/events/event.js';

/** What a test looks at of a request's event. */
export interface SeenRequest {
  readonly type: string;
  readonly syscall: string;
  readonly result: string | number | undefined;
  readonly reason: string | undefined;
  readonly way: string | undefined;
  readonly opath: string | undefined;
}

const waitMs = 5_000;

/** All events of a container's delegation, in order; or, for a function, of the container that it says yes to. */
export async function eventsOf(
  stateDirectory: string,
  container: string | ((id: string) => boolean),
): Promise<DeputyEvent[]> {
  const isOne = typeof container === 'string' ? (id: string) => id === container : container;
  const store = await openFileEventStore({ directory: join(stateDirectory, 'events'), readOnly: true });
  const found: DeputyEvent[] = [];
  let delegationId: string | undefined;
  for await (const { event } of store.readAll()) {
    const { target } = event.data as { target?: { containerId?: string } };
    if (event.type === 'delegation.requested' && isOne(target?.containerId ?? '')) {
      delegationId = event.delegationId;
    }
    if (event.delegationId === delegationId) found.push(event);
  }
  await store.close();
  return found;
}

/** Waits until the container has so many requests in the store, and a moment more for one too many. */
export async function requestsOf(
  stateDirectory: string,
  container: string,
  count: number,
): Promise<SeenRequest[]> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const requests = (await eventsOf(stateDirectory, container)).filter(({ type }) =>
      type.startsWith('request.'),
    );
    if (requests.length >= count || Date.now() > deadline) return requests.map(seen);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Waits for an event of this type of the container: it, or undefined. */
export async function eventOf(
  stateDirectory: string,
  container: string,
  type: string,
): Promise<DeputyEvent | undefined> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const event = (await eventsOf(stateDirectory, container)).find((one) => one.type === type);
    if (event !== undefined || Date.now() > deadline) return event;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function seen(event: DeputyEvent): SeenRequest {
  const data = event.data as Record<string, unknown>;
  const { errno, value } = (data['result'] ?? {}) as { errno?: string; value?: number };
  return {
    type: event.type,
    syscall: data['syscall'] as string,
    result: errno ?? value,
    reason: data['reason'] as string | undefined,
    way: data['way'] as string | undefined,
    opath: data['opath'] as string | undefined,
  };
}
