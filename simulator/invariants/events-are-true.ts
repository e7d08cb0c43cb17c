import type { DeputyEvent } from '../../core/events/event.js';
import { offset } from '../../core/request/record-layout.js';
import type { Notification, Response } from '../kernel/filter.js';
import { no } from '../kernel/numbers.js';
import type { ModelThread } from '../kernel/process.js';
import type { Invariant } from './invariant.js';

type Told = { readonly value?: number; readonly number?: number };

/** Safety: an event says of a call what its target got. */
export const eventsAreTrue: Invariant = {
  id: 'events-are-true',
  sentence: 'An event of a request says what its target was answered.',
  begin: (_, broken) => {
    const replies = new Map<string, Response>();
    const interrupted = new Set<string>();
    /** Calls whose thread died before anybody answered, and calls that a successor went on with. */
    const orphaned = new Set<string>();
    const takenOver = new Set<string>();
    const waiting = new Map<ModelThread, Notification>();
    /** What a call returned that nobody replied to: the injector gave it, in a register. */
    const injected = new Map<string, number>();
    const told = new Map<string, DeputyEvent>();
    let isJournalDamaged = false;
    let isInjectorHung = false;
    return {
      notified: (notification) => waiting.set(notification.thread, notification),
      replied: ({ id, response }) => {
        if (response !== undefined) replies.set(`${id}`, response);
      },
      interrupted: ({ id }) => interrupted.add(`${id}`),
      died: ({ threads }) => {
        for (const thread of threads) {
          const id = waiting.get(thread)?.id;
          if (id !== undefined && !replies.has(`${id}`)) orphaned.add(`${id}`);
        }
      },
      committed: (_, record) => {
        if (record.u16(offset.formerStep) > 0) takenOver.add(`${record.notificationId}`);
      },
      returned: (thread, _call, result) => {
        const id = waiting.get(thread)?.id;
        if (id !== undefined && !replies.has(`${id}`) && result !== no('EINTR'))
          injected.set(`${id}`, result);
      },
      faulted: ({ kind }) => {
        if (kind === 'journal') isJournalDamaged = true;
      },
      stepped: ({ process, kind }) => {
        // It goes on when its keeper is gone, and another injector there, which takes it for dead.
        if (kind === 'injector' && process.heldUntilUs > 0) isInjectorHung = true;
      },
      stored: (event) => {
        if (!event.type.startsWith('request.')) return;
        told.set((event.data as RequestTold).notificationId, event);
        const isLost = event.type === 'request.lost' && !isJournalDamaged;
        const { notificationId } = event.data as RequestTold;
        const isUnseen =
          interrupted.has(notificationId) || (orphaned.has(notificationId) && takenOver.has(notificationId));
        const problem = isLost ? 'its record was there' : problemOf(event, replies, isUnseen);
        if (problem !== undefined) broken({ event: event.id, type: event.type, data: event.data, problem });
      },
      finished: () => {
        for (const [id, result] of injected) {
          const event = told.get(id);
          const { data } = event ?? {};
          if (data === undefined || resultOf(data as RequestTold) === result) continue;
          if (isInjectorHung && event?.type === 'request.cancelled') continue;
          broken({ event: event?.id, type: event?.type, data, problem: `the injector gave it ${result}` });
        }
      },
    };
  },
};

interface RequestTold {
  readonly notificationId: string;
  readonly result?: Told;
  readonly way?: string;
}

function resultOf({ result }: RequestTold): number | undefined {
  return result?.value ?? (result?.number === undefined ? undefined : -result.number);
}

function problemOf(
  { type, data }: DeputyEvent,
  replies: ReadonlyMap<string, Response>,
  isUnseen: boolean,
): string | undefined {
  if (!type.startsWith('request.')) return undefined;
  const { notificationId, result, way } = data as RequestTold;
  const reply = replies.get(notificationId);
  // The exact way gives the result in a register.
  if (way === 'inject') return undefined;
  if (type === 'request.cancelled') {
    return reply === undefined || reply.error === -513 ? undefined : 'it was answered';
  }
  if (type === 'request.lost') return undefined;
  // Whoever died in the moment of its answer can't be asked whether a signal or a death came first.
  if (reply === undefined) return isUnseen ? undefined : 'it was not answered';
  if (way === 'continue') return reply.isContinue ? undefined : 'it was not let go on';
  const told = result?.value ?? -(result?.number ?? 0);
  const given = reply.error === 0 ? reply.value : reply.error;
  return told === given ? undefined : `it was answered ${given}`;
}
