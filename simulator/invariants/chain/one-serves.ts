import type { ChainCast } from '../../actors/chain/chain-cast.js';
import type { Invariant } from '../invariant.js';

/** Who serves the container's present life: by listener, by a broker, or a payload in it. */
export function serving({ parts, container }: ChainCast): string[] {
  const life = container?.current;
  const listeners = parts.listeners.filter((one) => one.life === life && one.answerer !== undefined);
  const brokers = parts.sockets.filter((one) => one.life === life && one.isServing);
  const payloads = parts.dispatch.payloads.filter(
    (one) => one.life === life && one.isExecuted && one.process.state === 'running',
  );
  return [
    ...listeners.map(() => 'listener'),
    ...brokers.map(() => 'sidecar-caps'),
    ...payloads.map(() => 'dispatcher'),
  ];
}

/**
 * Safety: what failed has let go before another one takes its place. Two things pass: a payload that a dead
 * engine started is not ended by whoever fails to go on with it, since it may be another's; and one whose
 * shim was killed before it could tell that it had executed it.
 */
export const oneServes: Invariant = {
  id: 'one-serves',
  sentence: 'A target is never served by two strategies at a time.',
  begin: (stage, broken) => ({
    stepped: () => {
      const { chain } = stage();
      const served = serving(chain);
      if (served.length > 1 && !(served.includes('dispatcher') && isPayloadLeft(chain))) broken({ served });
    },
  }),
};

/**
 * Did somebody fail to go on with a payload that another engine, dead by then, had started, or whose shim was
 * killed, so that there is nobody who could be told to end it?
 */
export function isPayloadLeft({ parts, controller }: ChainCast): boolean {
  const hasDeadShim = parts.dispatch.shims.some(({ self }) => !self.process.alive);
  if (controller?.self.actor === 'controller-1' && !hasDeadShim) return false;
  return parts.log.events.some(
    ({ type, data }) =>
      type === 'delegation.fellback' && (data as { readonly from?: string }).from === 'dispatcher',
  );
}
