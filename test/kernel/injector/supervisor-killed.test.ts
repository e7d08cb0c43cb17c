import { readFileSync, rmSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { startAgentProcess } from '../../lab/agent-process.js';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { descriptorsOf } from '../support/process-resources.js';
import { makeShare } from '../support/share.js';
import { type Flavour, TrapTarget } from '../support/trap-target.js';
import { nr, O } from '../support/trap-thread.js';

/** Long enough to do something while a thread's registers are not its own. */
const pause = { DEPUTY_TEST: '1', DEPUTY_INJECTOR_PAUSE_AT: '10', DEPUTY_INJECTOR_PAUSE_MS: '400' };

const field = (path: string, name: string): string =>
  new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(readFileSync(path, 'utf8'))?.[1] ?? '';

/** Gone, or a zombie that nobody has taken yet. */
function hasEnded(pid: number): boolean {
  try {
    return field(`/proc/${pid}/status`, 'State') === 'Z';
  } catch {
    return true;
  }
}

describeWhen(missingForKernel(), 'a supervisor that is killed while its injector has a thread', () => {
  for (const flavour of ['plain', 'killable'] as const satisfies readonly Flavour[]) {
    test(`the injector finishes what it began, and ends: ${flavour} wait`, { timeout: 60_000 }, async () => {
      const made = makeShare();
      const policy = { version: 1, defaults: { opath: 'exact', confinement: 'none' } };
      // Without a keeper, whose injector outlives supervisors.
      const agent = await startAgentProcess({ policy, environment: pause, arguments: ['--keeper=off'] });
      const injector = agent.status().processes.find(({ role }) => role === 'injector')?.pid ?? 0;
      const target = TrapTarget.start(made.share);
      const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
      onTestFinished(async () => {
        target.kill();
        await agent.stop();
      });
      await target.encode('link', 'link');
      await target.confine({ socketPath: agent.socketPath, flavour });
      const thread = await target.newThread(1);
      const status = `/proc/${target.pid}/task/${await thread.call(nr.gettid)}/status`;
      const before = descriptorsOf(target.pid).length;
      await thread.beginOpenHandle(mount, 'link', O.PATH | O.NOFOLLOW);
      await expect.poll(() => field(status, 'TracerPid'), { interval: 2 }).toBe(`${injector}`);
      // From the attachment to the pause in mid-window is a matter of microseconds.
      await setTimeout(100);
      expect(field(status, 'TracerPid')).toBe(`${injector}`);
      agent.kill('SIGKILL');
      expect(await agent.exited).toBe('SIGKILL');
      // Neither killed nor given a wrong result: the call returns what it would have returned.
      const opened = await thread.wait();
      expect(await thread.describe(opened)).toMatchObject({ type: '120000' });
      expect(descriptorsOf(target.pid)).toHaveLength(before + 1);
      expect(field(status, 'TracerPid')).toBe('0');
      await expect.poll(() => hasEnded(injector)).toBe(true);
      // Nobody is left to answer, which the kernel says; a keeper would have held the listener.
      expect(await thread.openHandle(mount, 'link', O.PATH)).toBe('ENOSYS');
      await target.end();
      rmSync(made.directory, { recursive: true });
    });
  }
});
