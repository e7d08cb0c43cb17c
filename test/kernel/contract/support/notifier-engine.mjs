/**
 * The sidecar's notifier, as `deputy notifier` has it: notifier-engine.mjs STATE POLICY STRATEGY SOCKET answers
 * the calls of programs that deputy-wrap runs, as user 107 with the one capability.
 */
import { fileURLToPath } from 'node:url';
import { built } from './built.mjs';
import { obey, policy, policyPath, stateDirectory, strategy, words } from './engine-common.mjs';

const { openNotifier } = await built('adapters/notifier/index.js');
const { commandLineLogger } = await built('adapters/logging/index.js');
const id = 107;

const [socketPath] = words;
const notifier = await openNotifier({
  socketPath,
  user: id,
  group: id,
  groups: [],
  cgroup: 'any',
  container: 'suite',
  stateDirectory,
  policy,
  policyPath,
  ...(strategy === 'auto' ? {} : { strategy }),
  supervisorEntry: fileURLToPath(new URL('../../../../dist/adapters/cli/supervisor.js', import.meta.url)),
  logLevel: 'fatal',
  logger: commandLineLogger('fatal'),
});
// Programs are told that nobody comes after it; with this process goes the last copy of their listeners.
await obey({ end: () => notifier.close(true).then(() => undefined) });
