/**
 * An engine with the sidecar's broker, as `deputy broker` has it: broker-engine.mjs STATE POLICY STRATEGY
 * SOCKET SHARE serves the folder SHARE at SOCKET, as user 107 with the one capability.
 */
import { built } from './built.mjs';
import { begin, obey, policy, stateDirectory, words } from './engine-common.mjs';

const { createEngine } = await built('core/index.js');
const { brokerHandlerOf, sidecarCaps } = await built('strategies/sidecar-caps/index.js');
const { openBrokerHost } = await built('adapters/broker/broker-host.js');
const { becomeTarget } = await built('adapters/broker/privileges.js');
const id = 107;

const [socketPath, share] = words;
await becomeTarget({ user: id, group: id, groups: [] });
const host = await openBrokerHost({
  socketPath,
  shares: [{ name: 'share', path: share, targetPath: share }],
  rules: { user: id, groups: [id], cgroup: 'any' },
  handlerOf: brokerHandlerOf,
  stateDirectory,
});
const engine = createEngine({ ...host, strategies: [sidecarCaps(host)], policy });
const delegation = await begin(engine, host, { containerId: 'suite' }, 'sidecar-caps');
const end = async () => {
  await engine.close();
  await host.close();
};
await obey({ release: () => engine.release(delegation), end });
