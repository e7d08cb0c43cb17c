// A controller embeds deputy: an engine of its own, a target that it starts, the events as they come.
// Run as root after `npm run build`: node docs/examples/embed.mjs
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine, defaultPolicy } from 'deputy';
import { assessShares, openHost } from 'deputy/adapters/host';
import { launchTarget } from 'deputy/adapters/launcher';
import { handlersModule, seccompNotify } from 'deputy/strategies/seccomp-notify';

const directory = mkdtempSync(join(tmpdir(), 'deputy-embed-'));
const host = await openHost({ stateDirectory: directory, handlersModule });
const engine = createEngine({
  ...host,
  strategies: [seccompNotify({ service: host.service, assessShares })],
  policy: defaultPolicy(),
});

const stop = new AbortController();
const events = (async () => {
  for await (const event of engine.events({ fromPosition: 1, signal: stop.signal })) {
    console.log(event.version, event.type);
    if (event.type === 'delegation.released') return;
  }
})();

// Any listener will do: one that a runtime handed over, or that of a target started here, as nobody.
const target = await launchTarget({ argv: ['sh', '-c', 'echo hello from $(id -u)'], uid: 65534, gid: 65534 });
const { processId, listener } = target;
const delegation = await engine.delegate({
  target: { containerId: `example-${processId}`, processId, listener },
});
console.log('state', delegation.state);
await target.start();
await target.exited;
await engine.close();
await events;
stop.abort();
await host.close();
rmSync(directory, { recursive: true });
