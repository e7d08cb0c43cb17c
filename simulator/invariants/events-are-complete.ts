import { offset } from '../../core/request/record-layout.js';
import type { Invariant } from './invariant.js';

/** Liveness: what was written down is told of, unless the journal was damaged meanwhile. */
export const eventsAreComplete: Invariant = {
  id: 'events-are-complete',
  sentence: 'Each request that was finished, and whose record is sound, has its event in the store.',
  begin: (stage, broken) => {
    const awaited = new Map<string, string>();
    return {
      committed: ({ actor }, record) => {
        const isOurs = stage().answering.targets.some(({ policy }) => policy.record === 'each');
        if (isOurs && record.u32(offset.listener) > 0) awaited.set(`${record.notificationId}`, actor);
      },
      stored: ({ type, data }) => {
        if (type.startsWith('request.')) awaited.delete((data as { notificationId: string }).notificationId);
      },
      faulted: ({ kind }) => {
        if (kind === 'journal') awaited.clear();
      },
      storeLost: (lost) => {
        for (const { type, data } of lost) {
          if (type.startsWith('request.')) {
            awaited.set((data as { notificationId: string }).notificationId, 'the store');
          }
        }
      },
      finished: () => {
        if (!stage().answering.isDone || awaited.size === 0) return;
        broken({ missing: awaited.size, notifications: [...awaited.keys()].slice(0, 8) });
      },
    };
  },
};
