// A dispatch that is killed while its strategies are still assessed: CONTAINER PROCESS STATE. Its delegation has been
// asked for, and nothing more.
import { createEngine, defaultPolicy } from 'deputy';
import { openEventHost } from 'deputy/adapters/host';
import { linuxPayloads } from 'deputy/adapters/payload';
import { dispatcher } from 'deputy/strategies/dispatcher';

const [containerId, processId, stateDirectory] = process.argv.slice(2);
const host = await openEventHost({ stateDirectory });
const payloads = linuxPayloads({ target: containerId, stateDirectory, name: 'payload' });
const strategy = {
  ...dispatcher({ payloads, payload: () => ({}) }),
  assess: () => process.kill(process.pid, 9),
};
const engine = createEngine({ ...host, strategies: [strategy], policy: defaultPolicy() });
await engine.delegate({
  target: { containerId, processId: Number(processId) },
  strategy: 'dispatcher',
});
