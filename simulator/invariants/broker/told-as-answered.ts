import { offset } from '../../../core/request/record-layout.js';
import type { Invariant } from '../invariant.js';

interface Told {
  readonly notificationId: string;
  readonly result?: { readonly value?: number; readonly number?: number };
}

/**
 * Safety: an event of a request says what its client was answered. A broker counts from 1 when it begins, so
 * that one number may stand for two requests, of a dead broker and of its successor.
 */
export const toldAsAnswered: Invariant = {
  id: 'told-as-answered',
  sentence: 'An event of a request says what went to its client, once; what went to nobody was given up.',
  begin: (_, broken) => {
    const sent: { readonly id: bigint; readonly result: number }[] = [];
    const takenOver = new Set<string>();
    /** Records that were closed, and events, by notification. */
    const closed = new Map<string, number>();
    const told = new Map<string, number>();
    const count = (counts: Map<string, number>, key: string): number => {
      counts.set(key, (counts.get(key) ?? 0) + 1);
      return counts.get(key) ?? 0;
    };
    return {
      noted: (_actor, name, { type, id, result }) => {
        if (name === 'answered' && type !== 'hello') {
          sent.push({ id: BigInt(id as number), result: result as number });
        }
      },
      committed: (_process, record) => {
        const id = `${record.notificationId}`;
        if (record.u32(offset.listener) > 0) count(closed, id);
        if (record.u16(offset.formerStep) > 0) takenOver.add(id);
      },
      storeLost: () => told.clear(),
      stored: ({ type, data }) => {
        if (!type.startsWith('request.')) return;
        const { notificationId, result } = data as Told;
        if (count(told, notificationId) > (closed.get(notificationId) ?? 0)) {
          broken({ notificationId, problem: 'told more often than it was made' });
        }
        if (type === 'request.cancelled' || type === 'request.lost') return;
        // Whether a dead broker's last words were sent is seen by nobody: its client asks again where not.
        if (takenOver.has(notificationId)) return;
        const value = result?.value ?? -(result?.number ?? 0);
        const id = BigInt(notificationId) & 0xffff_ffffn;
        // Of an open the event has a number of the broker's own table, and the packet 0.
        const isIt = (given: number): boolean => given === value || (given >= 0 && value >= 0);
        if (!sent.some((one) => one.id === id && isIt(one.result))) {
          broken({ notificationId, type, value, problem: 'no such answer was sent' });
        }
      },
    };
  },
};
