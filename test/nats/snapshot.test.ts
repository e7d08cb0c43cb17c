import { chmodSync, rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { makeShare } from '../kernel/support/share.js';
import { TrapTarget } from '../kernel/support/trap-target.js';
import { runDeputy, startAgentProcess } from '../lab/agent-process.js';
import { LabNatsServer, missingForNats } from '../lab/nats-server.js';
import { describeWhen, missingForKernel } from '../support/describe-when.js';

const maximumAgeMs = 2_000;
const waitMs = 20_000;

describeWhen([...missingForKernel(), ...missingForNats()], 'a stream that forgets soon', () => {
  test('a live delegation outlives its beginning: its state stands in a snapshot', async () => {
    const server = await LabNatsServer.start();
    const made = makeShare();
    const nats = ['--nats', server.url, '--node', 'short'];
    const age = ['--nats-max-age-ms', `${maximumAgeMs}`];
    const agent = await startAgentProcess({ arguments: [...nats, ...age] });
    chmodSync(agent.directory, 0o755);
    const target = TrapTarget.start(made.share);
    await target.confine({ socketPath: agent.socketPath, container: 'long-lived' });
    const types = (): string[] =>
      runDeputy(['events', ...nats, '--json'])
        .stdout.split('\n')
        .filter(Boolean)
        .map((line) => (JSON.parse(line) as { type: string }).type);
    await expect.poll(types, { timeout: waitMs }).toContain('delegation.snapshot');
    // Its beginning ages out; what is left are snapshots.
    await expect.poll(types, { timeout: waitMs, interval: 200 }).not.toContain('delegation.active');
    const status = runDeputy(['status', ...nats]);
    expect(status).toMatchObject({ status: 0, stderr: '' });
    expect(status.stdout).toMatch(/active/);
    expect(status.stdout).not.toContain('incomplete');
    await target.end();
    await agent.stop();
    await server.remove();
    rmSync(made.directory, { recursive: true, force: true });
  }, 60_000);
});
