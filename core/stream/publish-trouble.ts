import { type DeputyError, deputyError } from '../errors/deputy-error.js';
import type { PublishReply } from '../ports/stream.js';
import type { StoreState } from '../publishing/published-store.js';

/** Why a publish has to be looked after; without an error it says nothing that the stream's end won't. */
export interface Trouble {
  readonly state: StoreState;
  readonly error?: DeputyError;
}

/** Codes of the server's. */
const code = {
  wrongLastSequence: 10071,
  wrongLastSequenceConstant: 10164,
  wrongLastMessageId: 10070,
  storeFailed: 10077,
  insufficientResources: 10023,
  storageExceeded: 10047,
  messageTooLarge: 10054,
} as const;

const wrongEnd = new Set<number>([
  code.wrongLastSequence,
  code.wrongLastSequenceConstant,
  code.wrongLastMessageId,
]);
const full = new Set<number>([code.storeFailed, code.insufficientResources, code.storageExceeded]);

/** Only the stream's end says what these mean: ours was stored already, or somebody else's was. */
const harmless: Trouble = { state: 'open' };

/** What a server's answer means that is not a plain yes. */
export function troubleOf(reply: PublishReply, stream: string, servers: string): Trouble {
  if (reply.kind === 'stored') return harmless;
  if (reply.kind === 'nobody') {
    return away(servers, 'no server has the stream now (no responders)');
  }
  if (wrongEnd.has(reply.code)) return harmless;
  if (full.has(reply.code)) {
    return { state: 'full', error: deputyError('DEPUTY_E_STREAM_FULL', { stream, detail: reply.text }) };
  }
  if (reply.code === code.messageTooLarge) {
    const details = { limit: 'fewer', needed: 'more', detail: reply.text };
    return { state: 'full', error: deputyError('DEPUTY_E_NATS_PAYLOAD_LIMIT', details) };
  }
  return away(servers, `${reply.text} (${reply.code})`);
}

/** The server is not to be reached, or says nothing. */
export function away(servers: string, detail: string): Trouble {
  return { state: 'away', error: deputyError('DEPUTY_E_NATS_UNAVAILABLE', { servers, detail }) };
}
