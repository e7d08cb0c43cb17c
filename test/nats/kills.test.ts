import { chmodSync, rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { compileTarget } from '../kernel/support/compile.js';
import { makeShare } from '../kernel/support/share.js';
import { AgentTree, sleep } from '../kernel/takeover/support/agent-tree.js';
import { SteadyTarget } from '../kernel/takeover/support/steady-target.js';
import { startAgentProcess } from '../lab/agent-process.js';
import { LabNatsServer, missingForNats } from '../lab/nats-server.js';
import { describeWhen, isLong, missingForKernel } from '../support/describe-when.js';
import { expectAllPublished, untilPublished } from './support/published.js';

/** Median and maximum, for people: on a machine that others use nothing can be asserted of them. */
function longest(valuesUs: readonly number[]): string {
  const sorted = [...valuesUs].sort((one, other) => one - other);
  const ms = (us: number | undefined): string => ((us ?? 0) / 1_000).toFixed(1);
  return `median ${ms(sorted[Math.floor(sorted.length / 2)])} ms, max ${ms(sorted.at(-1))} ms`;
}

/** On a machine that others use its keeper may have ended it a moment ago: it did nothing for too long. */
function killIfThere(processId: number): void {
  try {
    process.kill(processId, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

const rounds = isLong ? 50 : 3;

describeWhen([...missingForKernel(), ...missingForNats()], 'a server and supervisors that are killed', () => {
  test(`${rounds} kills of each: every request is in the stream once, in order`, {
    timeout: isLong ? 900_000 : 120_000,
  }, async () => {
    const made = makeShare();
    const server = await LabNatsServer.start();
    const node = 'kills';
    const words = ['--nats', server.url, '--node', node, '--nats-max-bytes', `${8 * 2 ** 30}`];
    // All of the journal is to be there in the end, to be compared with the stream.
    const keep = ['--journal-retention-ms', '3600000', '--journal-bytes', `${16 * 2 ** 30}`];
    const agent = await startAgentProcess({ directory: made.directory, arguments: [...words, ...keep] });
    chmodSync(made.directory, 0o755);
    const tree = new AgentTree(agent);
    const { socketPath, stateDirectory } = agent;
    const program = compileTarget('steady');
    const target = await SteadyTarget.start({ program, socketPath, share: made.share, flavour: 'killable' });
    await expect.poll(() => agent.status().targets[0]?.state, { timeout: 20_000 }).toBe('active');
    await tree.hasStandby();
    const awayUs: number[] = [];
    const thereUs: number[] = [];
    for (let round = 0; round < rounds; round++) {
      await target.mark();
      await sleep(200);
      thereUs.push((await target.mark()).longestUs);
      await server.kill();
      await sleep(100 + Math.random() * 150);
      // Nobody of those who answer has noticed.
      const { longestUs, wrong, calls } = await target.mark();
      expect({ wrong, answered: calls > 0 }).toEqual({ wrong: 0, answered: true });
      awayUs.push(longestUs);
      const before = tree.takeOvers.length;
      killIfThere(tree.active);
      if (round % 2 === 0) await server.restart();
      await tree.takenOver(before);
      if (round % 2 === 1) await server.restart();
      await sleep(100 + Math.random() * 200);
    }
    const end = await target.end();
    expect(end).toMatchObject({ wrong: 0, enosys: 0, interrupted: 0 });
    await untilPublished(server, node, stateDirectory);
    expect(await agent.stop()).toBe(0);
    const { messages, tickets } = await expectAllPublished(server, node, stateDirectory);
    console.log(
      `${end.calls} calls, ${tickets.length} requests, ${messages} messages; the longest call in 200 ms:`,
      `with NATS ${longest(thereUs)}, without ${longest(awayUs)}`,
    );
    await server.remove();
    rmSync(made.directory, { recursive: true, force: true });
  });
});
