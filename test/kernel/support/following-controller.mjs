// A controller that embeds the engine and follows a container from life to life: CONTAINER RUNTIME_ROOT STATE PROGRAM
// WORD... It asks for what is to be done all the time, and twice at once; it prints each delegation that there is.
import { setTimeout as sleep } from 'node:timers/promises';
import { createEngine, defaultPolicy } from 'deputy';
import { openEventHost } from 'deputy/adapters/host';
import { findLife, linuxPayloads } from 'deputy/adapters/payload';
import { dispatcher } from 'deputy/strategies/dispatcher';

const [target, runtimeRoot, stateDirectory, ...argv] = process.argv.slice(2);
const where = { target, stateDirectory, name: 'library', runtimeRoots: [runtimeRoot] };
const spec = {
  argv,
  capabilities: [2],
  user: 107,
  group: 107,
  groups: [],
  from: 'host',
  environment: {},
  directory: '/',
  readiness: { kind: 'none' },
  deadlineMs: 10_000,
  terminal: false,
  output: 'caller',
  lossy: true,
  bufferBytes: 65_536,
  filter: 'default',
};

const host = await openEventHost({ stateDirectory: `${stateDirectory}/controller` });
const strategy = dispatcher({ payloads: linuxPayloads(where), payload: () => spec });
const engine = createEngine({ ...host, strategies: [strategy], policy: defaultPolicy() });
const findTarget = () => findLife(where);
let isStopped = false;
process.stdin.resume().once('end', () => {
  isStopped = true;
});

/** A container that has only just been started is refused at first. */
async function tryOn(act) {
  while (!isStopped) {
    const result = await act().catch(() => undefined);
    if (result !== undefined) return result;
    await sleep(100);
  }
  return undefined;
}

function say(id) {
  const status = engine.status().delegations.find((one) => one.id === id);
  process.stdout.write(`${status.containerId} ${status.restartCount}\n`);
}

const first = await tryOn(async () => {
  const found = await findTarget();
  return found && engine.delegate({ target: found, strategy: 'dispatcher', findTarget });
});
let id = first?.id;
if (id !== undefined) say(id);
while (!isStopped) {
  const results = await tryOn(() => Promise.all([engine.reconcile(id), engine.reconcile(id)]));
  const next = new Set(results?.map(({ delegationId }) => delegationId));
  const [successor] = next;
  if (next.size > 1) process.stdout.write('two successors\n');
  if (successor !== undefined) {
    id = successor;
    say(id);
  }
  await sleep(50);
}
await engine.close();
await host.close();
process.exit(0);
