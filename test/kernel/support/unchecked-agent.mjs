// An agent that lacks the check that DEPUTY_UNCHECKED names: SOCKET STATE. Prints `ready` when it serves; SIGTERM ends it.
import { parsePolicy, silentLogger } from 'deputy';
import { startAgent } from 'deputy/adapters/agent';
import { seccompNotify } from 'deputy/strategies/seccomp-notify';

const [socketPath, stateDirectory] = process.argv.slice(2);
const say = (fields, text) => process.stdout.write(`${text} ${JSON.stringify(fields)}\n`);
const logger = { ...silentLogger, error: say, child: () => logger };
const agent = await startAgent({
  socketPath,
  stateDirectory,
  // Its targets took their handles before they had a filter.
  policy: parsePolicy({ version: 1, defaults: { confinement: 'none', dac: 'capability' } }),
  logger,
  strategies: ({ service }) => [seccompNotify({ service })],
  host: { handlersModule: new URL('./unchecked-handlers.mjs', import.meta.url) },
  onFatal: (message) => say({}, `fatal ${message}`),
});
process.on('SIGTERM', () => void agent.close().then(() => process.exit(0)));
process.stdout.write('ready\n');
