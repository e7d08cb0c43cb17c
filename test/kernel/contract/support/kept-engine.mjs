/**
 * An engine below a keeper, as `deputy agent` and `deputy run` have it, for one target that it starts:
 * kept-engine.mjs STATE POLICY STRATEGY PROGRAM WORDS... The one that answers is its child, which may be
 * killed.
 */
import { built } from './built.mjs';
import { obey, policyPath, stateDirectory, strategy, words } from './engine-common.mjs';

const { openKeeper } = await built('adapters/cli/agent-parts.js');
const { commandLineLogger } = await built('adapters/logging/index.js');
const { launchTarget } = await built('adapters/launcher/index.js');
const id = 107;

const logger = commandLineLogger('fatal');
const flags = { state: stateDirectory, policy: policyPath, standby: false };
const keeper = openKeeper(strategy === 'auto' ? flags : { ...flags, strategy }, 'fatal', logger);
await keeper.start();
const streams = ['ignore', 'inherit', 'inherit'];
const target = await launchTarget({ argv: words, uid: id, gid: id, waitKillable: true, streams });
const { processId, listener } = target;
const state = {
  containerId: 'suite',
  processId,
  metadata: '',
  bundle: '',
  annotations: {},
  listenerIndex: 0,
};
const kept = keeper.take(state, listener, 'suite');
await keeper.served(kept.key);
await target.start();
// With this process go the listeners that it keeps: the target lives, and nobody answers it.
await obey({ target: () => processId, end: () => keeper.stop() });
