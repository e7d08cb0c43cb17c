import { parsePolicy } from '../../../core/policy/parse.js';
import type { Policy } from '../../../core/policy/schema.js';
import type { Strategy } from '../../../core/ports/strategy.js';
import { knownStrategies } from '../../../core/preflight/table.js';
import { dispatcher } from '../../../strategies/dispatcher/index.js';
import { fileHandle } from '../../../strategies/file-handle/index.js';
import { listenerAbilities } from '../../../strategies/seccomp-notify/abilities.js';
import { seccompNotify } from '../../../strategies/seccomp-notify/index.js';
import { sidecarCaps } from '../../../strategies/sidecar-caps/index.js';
import type { ContainerLife } from '../dispatch/container.js';
import { modelPayloads } from '../dispatch/model-payloads.js';
import { chainBroker } from './chain-broker.js';
import type { ChainParts } from './chain-parts.js';
import type { ChainService } from './chain-service.js';
import type { PortCalls } from './port-calls.js';

/** The policy as it is read at this moment. */
export function writtenPolicy({ scenario, world }: Pick<ChainParts, 'scenario' | 'world'>): Policy {
  const read = scenario.chain.reloads.findLast(({ atUs }) => atUs <= world.nowUs);
  return parsePolicy(read?.policy ?? scenario.policy);
}

/** What the engine is given for it. */
export function enginePolicy(parts: ChainParts): Policy {
  const policy = writtenPolicy(parts);
  if (!parts.oldWays.has('forgets-the-list')) return policy;
  const all = [...new Set([...policy.defaults.strategies, ...knownStrategies])];
  return { ...policy, defaults: { ...policy.defaults, strategies: all } };
}

/** The four strategies, the real ones, over what this machine has. */
export function engineStrategies(
  parts: ChainParts,
  calls: PortCalls,
  service: ChainService,
  life: () => ContainerLife,
): Strategy[] {
  const opened = modelPayloads(parts.dispatch, calls, (session) => {
    void session.ended.then(() => session.collect());
  });
  const open: typeof opened.open = (target, spec) => {
    const session = opened.open(target, spec);
    if (parts.oldWays.has('abandons-nothing')) session.abandon = () => Promise.resolve();
    return session;
  };
  const joinObstacle = (): Promise<string | undefined> =>
    calls.call('look-for-obstacle', () => parts.machine.joinObstacle());
  const dispatching = dispatcher({
    payloads: { open, obstacle: joinObstacle },
    payload: () => parts.dispatch.spec,
  });
  const claims = parts.oldWays.has('claims-to-enforce') ? { enforces: listenerAbilities.enforces } : {};
  return [
    seccompNotify({ service }),
    fileHandle({ service }),
    sidecarCaps({ broker: chainBroker(parts, calls, life) }),
    { ...dispatching, ...claims },
  ].map((strategy) => breaking(parts, calls, strategy));
}

/** A strategy that can't go on some time after it began to serve, where the scenario says so. */
function breaking(parts: ChainParts, calls: PortCalls, strategy: Strategy): Strategy {
  const { breaks } = parts.scenario.chain;
  const due = breaks.find((one) => one.strategy === strategy.name);
  if (due === undefined) return strategy;
  return {
    ...strategy,
    establish: async (context) => {
      const establishment = await strategy.establish(context);
      calls.later(due.afterUs, () => {
        if (parts.broken.has(strategy.name)) return;
        parts.broken.add(strategy.name);
        parts.world.watch.noted?.(calls.self.actor, 'broke', { strategy: strategy.name });
        context.hooks.ended('it can not go on', new Error('as the scenario has it'));
      });
      return establishment;
    },
  };
}
