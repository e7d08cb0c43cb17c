import type { EventDraft } from '../../../core/ports/sequencer.js';
import type { Invariant } from '../invariant.js';

/** Safety: whoever reads the events knows which strategy serves, since when, and why not the one before. */
export const fallbacksAreTold: Invariant = {
  id: 'fallbacks-are-told',
  sentence: 'Each change of the strategy is an event with from, to and a reason; all are a legal path.',
  begin: (stage, broken) => ({
    finished: () => {
      const { log } = stage().chain.parts;
      if (log.illegal.length > 0) broken({ illegal: log.illegal });
      const last = new Map<string, string>();
      for (const { type, delegationId, data } of log.events) {
        const told = data as Fields;
        if (type === 'delegation.fellback' && (!told.from || !told.to || !told.code)) broken({ told });
        const before = last.get(delegationId);
        const after = strategyIn(type, told);
        if (after === undefined) continue;
        if (before !== undefined && before !== after && type !== 'delegation.fellback') {
          broken({ delegationId, before, after, type });
        }
        last.set(delegationId, after);
      }
    },
  }),
};

interface Fields {
  readonly strategy?: string;
  readonly from?: string;
  readonly to?: string;
  readonly code?: string;
}

function strategyIn(type: EventDraft['type'], { strategy, to }: Fields): string | undefined {
  if (type === 'delegation.fellback') return to;
  return type === 'delegation.admitted' || type === 'delegation.establishing' ? strategy : undefined;
}
