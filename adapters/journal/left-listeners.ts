import { recordsPerSegment } from '../../core/journal/segment-layout.js';
import { segmentsIn } from './journal.js';
import { JournalTail } from './journal-tail.js';

/** Whose a listener was, as the journal's last word on it says. */
export interface LeftListener {
  readonly delegationId: string;
  readonly strategy: string;
}

/** How far back a supervisor may have written what it had no time to tell the keeper. */
const segmentsBack = 2;

interface Payload {
  readonly kind: string;
  readonly identity?: { readonly key: number; readonly delegationId: string };
  readonly draft?: {
    readonly type: string;
    readonly delegationId: string;
    readonly data: { strategy?: string };
  };
}

/**
 * Finds whose these listeners were: for those that a supervisor had begun to serve when it died, before it
 * could say so to the keeper. Reads the end of what was written before segment `before`.
 */
export function readLeftListeners(
  directory: string,
  keys: ReadonlySet<number>,
  before: number,
): Map<number, LeftListener> {
  const found = new Map<number, LeftListener>();
  if (keys.size === 0) return found;
  const strategies = new Map<string, string>();
  const sink = {
    request: () => undefined,
    event: (text: string) => {
      const { kind, identity, draft } = JSON.parse(text) as Payload;
      if (draft?.type === 'delegation.establishing') {
        strategies.set(draft.delegationId, draft.data.strategy ?? '');
      }
      if (kind !== 'listener' || identity === undefined || !keys.has(identity.key)) return;
      const { key, delegationId } = identity;
      const strategy = strategies.get(delegationId);
      if (strategy !== undefined) found.set(key, { delegationId, strategy });
    },
  };
  for (const segment of segmentsIn(directory)
    .filter((one) => one < before)
    .slice(-segmentsBack)) {
    const end = (segment + 1) * recordsPerSegment;
    const tail = new JournalTail(directory, segment * recordsPerSegment, end);
    while (tail.position < end && tail.read(sink, end - tail.position) > 0);
    tail.close();
  }
  return found;
}
