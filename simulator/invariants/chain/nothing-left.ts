import type { Invariant } from '../invariant.js';

/** Safety: a strategy that does not serve has left nothing that clients, or calls, still come to. */
export const nothingLeft: Invariant = {
  id: 'nothing-left',
  sentence: 'No socket, listener or payload is left to wait for somebody who does not serve.',
  begin: (stage, broken) => ({
    finished: () => {
      const { parts, container } = stage().chain;
      if (container?.current.init.process.alive !== true) return;
      const life = container.current;
      for (const one of parts.listeners) {
        if (one.life === life && one.isOpen && one.answerer === undefined) broken({ left: 'listener' });
      }
      for (const one of parts.sockets) {
        if (one.answerer?.process.alive === true && !one.isServing) broken({ left: 'socket' });
      }
      const { payloads } = parts.dispatch;
      const waiting = payloads.filter(
        ({ process, isExecuted }) => process.state === 'running' && !isExecuted,
      );
      if (waiting.length > 0) broken({ left: waiting.map(({ process }) => process.actor) });
    },
  }),
};
