import type { EventDraft } from '../ports/sequencer.js';
import type { ListenerIdentity } from './listener-identity.js';

/** An event record's payload in the journal: a draft, word of a listener, or that it is gone. */
export type Payload =
  | { readonly kind: 'draft'; readonly timeMs: number; readonly draft: EventDraft }
  | { readonly kind: 'listener'; readonly identity: ListenerIdentity }
  | { readonly kind: 'gone'; readonly key: number }
  /** Time passed without a record: summaries of seconds before it are over. */
  | { readonly kind: 'tick'; readonly timeMs: number };

/** Undefined when it is damaged: after a loss of power the order may have what its record has not. */
export function parsePayload(text: string): Payload | undefined {
  try {
    return (JSON.parse(text) as Payload | null) ?? undefined;
  } catch {
    return undefined;
  }
}
