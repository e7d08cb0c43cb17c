import type { DeputyEvent } from '../../core/events/event.js';
import type { Invariant } from './invariant.js';

/** Safety: no call is answered twice, and none that is over is told of twice. */
export const answeredOnce: Invariant = {
  id: 'answered-once',
  sentence: 'A call is answered at most once, and one event tells of it.',
  begin: (_, broken) => {
    const answered = new Set<string>();
    const told = new Map<string, string>();
    const forget = (event: DeputyEvent): boolean => told.delete(notificationOf(event) ?? '');
    return {
      replied: ({ id, filter }) => {
        const name = `${filter.key}/${id}`;
        if (answered.has(name)) broken({ notification: name });
        answered.add(name);
      },
      // They are told of again.
      storeLost: (lost) => lost.forEach(forget),
      stored: (event) => {
        const name = notificationOf(event);
        if (name === undefined) return;
        const earlier = told.get(name);
        if (earlier !== undefined) broken({ notification: name, events: [earlier, event.id] });
        told.set(name, event.id);
      },
    };
  },
};

function notificationOf({ type, delegationId, data }: DeputyEvent): string | undefined {
  if (!type.startsWith('request.')) return undefined;
  const { notificationId } = data as { readonly notificationId: string };
  return `${delegationId}/${notificationId}`;
}
