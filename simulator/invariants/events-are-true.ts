import type { DeputyEvent } from '../../core/events/event.js';
import type { Response } from '../kernel/filter.js';
import type { ModelProcess } from '../kernel/process.js';
import type { Invariant } from './invariant.js';

type Told = { readonly value?: number; readonly number?: number };

/** Safety: an event says of a call what its target got. */
export const eventsAreTrue: Invariant = {
  id: 'events-are-true',
  sentence: 'An event of a request says what its target was answered.',
  begin: (_, broken) => {
    const replies = new Map<string, Response>();
    const interrupted = new Set<string>();
    const waiting = new Map<ModelProcess, Set<string>>();
    return {
      notified: ({ id, thread: { process } }) => {
        waiting.set(process, (waiting.get(process) ?? new Set()).add(`${id}`));
      },
      // A call's end by a death looks the same from outside as one by a signal.
      died: (process) => {
        for (const id of waiting.get(process) ?? []) interrupted.add(id);
      },
      replied: ({ id, response }) => {
        if (response !== undefined) replies.set(`${id}`, response);
      },
      interrupted: ({ id }) => interrupted.add(`${id}`),
      stored: (event) => {
        const problem = problemOf(event, replies, interrupted);
        if (problem !== undefined) broken({ event: event.id, type: event.type, data: event.data, problem });
      },
    };
  },
};

function problemOf(
  { type, data }: DeputyEvent,
  replies: ReadonlyMap<string, Response>,
  interrupted: ReadonlySet<string>,
): string | undefined {
  if (!type.startsWith('request.')) return undefined;
  const { notificationId, result, way } = data as {
    readonly notificationId: string;
    readonly result?: Told;
    readonly way?: string;
  };
  const reply = replies.get(notificationId);
  // The exact way gives the result in a register.
  if (way === 'inject') return undefined;
  if (type === 'request.cancelled') {
    return reply === undefined || reply.error === -513 ? undefined : 'it was answered';
  }
  if (type === 'request.lost') return undefined;
  // Whoever died in the moment of its answer can't be asked whether a signal came first.
  if (reply === undefined) return interrupted.has(notificationId) ? undefined : 'it was not answered';
  if (way === 'continue') return reply.isContinue ? undefined : 'it was not let go on';
  const told = result?.value ?? -(result?.number ?? 0);
  const given = reply.error === 0 ? reply.value : reply.error;
  return told === given ? undefined : `it was answered ${given}`;
}
