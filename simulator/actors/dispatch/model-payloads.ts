import type { PayloadHost } from '../../../core/ports/payload.js';
import type { Acting } from './acting.js';
import type { DispatchParts } from './dispatch-parts.js';
import { ModelPayloadSession } from './payload-session.js';

/** The modelled machine as a place for payloads, for one deputy. */
export function modelPayloads(
  parts: DispatchParts,
  acting: Acting,
  whenOpened: (session: ModelPayloadSession) => void,
): PayloadHost {
  return {
    obstacle: () => acting.call('look-for-obstacle', () => undefined),
    open: ({ containerId }) => {
      const session = new ModelPayloadSession(parts, acting, containerId);
      whenOpened(session);
      return session;
    },
  };
}
