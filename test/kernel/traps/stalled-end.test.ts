import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type AgentProcess, startAgentProcess } from '../../lab/agent-process.js';
import { describeWhen } from '../../support/describe-when.js';
import { eventOf } from '../support/request-events.js';
import { makeShare } from '../support/share.js';
import { StalledFiles } from '../support/stalled-files.js';
import { missingForStall, stalledTarget } from '../support/stalled-target.js';
import { TrapTarget } from '../support/trap-target.js';
import { O } from '../support/trap-thread.js';
import { unsealed } from '../support/unsealed.js';

/** The state of a process's first thread (proc_pid_status(5)); Z while another thread keeps the process. */
const stateOf = (pid: number): string | undefined =>
  /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];

/** The supervisor that serves. */
const activeOf = (agent: AgentProcess): number =>
  agent.status().processes.find(({ role, state }) => role === 'supervisor' && state === 'active')?.pid ?? 0;

const quarantined = 'delegation.quarantined';

describeWhen(missingForStall(), 'the end of an agent that a target keeps in the kernel', () => {
  for (const early of [false, true]) {
    const when = early ? 'before the stall is noticed' : 'once the stall is noticed';
    test(`SIGTERM ${when}: nobody waits, and the next agent takes over`, { timeout: 60_000 }, async () => {
      const made = makeShare();
      const directory = mkdtempSync(join(tmpdir(), 'deputy-end-'));
      const files = await StalledFiles.mount();
      const agent = await startAgentProcess({ directory, policy: unsealed });
      chmodSync(directory, 0o755);
      const { socketPath, stateDirectory } = agent;
      const confine = (target: TrapTarget): Promise<void> => target.confine({ socketPath });
      const other = TrapTarget.start(made.share);
      const mount = await other.open('.', O.RDONLY | O.DIRECTORY);
      await other.encode('own', 'own');
      await confine(other);
      const right = await other.openAndDescribe(mount, 'own', O.RDONLY);
      const one = await stalledTarget(TrapTarget.start(made.share), files, 0, confine);
      await one.begin();
      if (!early) expect(await eventOf(stateDirectory, one.target.container, quarantined)).toBeDefined();
      const stuck = activeOf(agent);
      agent.kill('SIGTERM');
      // Listeners are closed although their process can't end yet: nobody is left waiting for an answer.
      expect(await one.wait()).toBe('ENOSYS');
      await expect.poll(() => other.openAndDescribe(mount, 'own', O.RDONLY)).toBe('ENOSYS');
      await expect.poll(() => agent.log.join('\n'), { timeout: 15_000 }).toContain('1 loops are stuck');
      expect(existsSync(socketPath)).toBe(false);
      // The kernel still has the first; the second needs nothing of it.
      const next = await startAgentProcess({ directory, policy: unsealed });
      expect(await agent.exited).toBe(0);
      // All of the stuck supervisor that can end has ended: its first thread, not only what it served.
      await expect.poll(() => stateOf(stuck)).toBe('Z');
      const later = TrapTarget.start(made.share);
      const laterMount = await later.open('.', O.RDONLY | O.DIRECTORY);
      await later.encode('own', 'own');
      await confine(later);
      expect(await later.openAndDescribe(laterMount, 'own', O.RDONLY)).toEqual(right);
      await files.close();
      await Promise.all([other.end(), one.target.end(), later.end()]);
      expect(await next.stop()).toBe(0);
      rmSync(directory, { recursive: true, force: true });
      rmSync(made.directory, { recursive: true, force: true });
    });
  }
});
