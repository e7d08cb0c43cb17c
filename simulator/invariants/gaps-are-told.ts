import type { Invariant } from './invariant.js';

/** What a publisher says when its stream is not whole. */
const codes = new Set(['DEPUTY_E_STREAM_FENCED', 'DEPUTY_E_STREAM_GAP', 'DEPUTY_E_STREAM_WENT_BACKWARDS']);

/** Liveness: what a stream lacks, somebody was told of. */
export const gapsAreTold: Invariant = {
  id: 'gaps-are-told',
  sentence: 'Where a stream lacks an event before a later one of its delegation, a coded error says so.',
  begin: (stage, broken) => {
    const versions = new Map<string, number>();
    /** Delegations whose numbers were let go with a journal begin where nobody can say. */
    let isJournalWhole = true;
    let gap: { readonly event: string; readonly position: number } | undefined;
    return {
      stored: ({ id, delegationId, version }, position) => {
        const last = versions.get(delegationId) ?? 0;
        if (version > last + 1 && isJournalWhole) gap ??= { event: id, position };
        versions.set(delegationId, Math.max(last, version));
      },
      storeLost: (_lost, left) => {
        versions.clear();
        for (const { delegationId, version } of left) versions.set(delegationId, version);
      },
      faulted: ({ kind }) => {
        if (kind === 'journal') isJournalWhole = false;
      },
      noted: (_actor, name, { code }) => {
        if (name === 'stream-state' && codes.has(`${code}`)) gap = undefined;
      },
      finished: () => {
        if (gap !== undefined && stage().scenario.setup.store === 'jetstream') broken(gap);
      },
    };
  },
};
