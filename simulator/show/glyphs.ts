import type { EntryType } from '../trace/vocabulary.js';

/** How a type of entry is drawn: one column wide, told apart by shape and not by colour alone. */
export interface Glyph {
  readonly glyph: string;
  /** For terminals that have no UTF-8. */
  readonly ascii: string;
  readonly meaning: string;
}

export const glyphs: Readonly<Record<EntryType, Glyph>> = {
  actor: { glyph: '○', ascii: 'o', meaning: 'an actor starts' },
  step: { glyph: '•', ascii: '.', meaning: 'a step' },
  call: { glyph: '▷', ascii: '>', meaning: 'a call' },
  completion: { glyph: '◁', ascii: '<', meaning: 'a completion' },
  notification: { glyph: '◆', ascii: '*', meaning: 'a notification' },
  answer: { glyph: '✓', ascii: '=', meaning: 'an answer' },
  signal: { glyph: '↯', ascii: '!', meaning: 'a signal' },
  fault: { glyph: '✗', ascii: 'x', meaning: 'a fault' },
  event: { glyph: '■', ascii: '#', meaning: 'an event' },
  state: { glyph: '△', ascii: '^', meaning: 'a state, as it changed' },
  assumed: { glyph: '?', ascii: '?', meaning: 'assumed: not in the record' },
  violation: { glyph: '▲', ascii: 'V', meaning: 'an invariant is broken' },
  note: { glyph: '·', ascii: ',', meaning: 'a note' },
};
