import { chmodSync, cpSync, rmSync } from 'node:fs';
import { startAgentProcess } from '../../lab/agent-process.js';
import { AgentTree, sleep, until } from '../takeover/support/agent-tree.js';
import { CrashFile } from '../takeover/support/crash-stage.js';
import { SteadyTarget } from '../takeover/support/steady-target.js';
import { compileTarget } from './compile.js';
import { makeShare } from './share.js';

export interface RecordOptions {
  /** Where each next supervisor dies, by its step; an empty text is a SIGKILL at any moment. */
  readonly deaths: readonly string[];
  readonly pauseUs: number;
  /** Copies the state directory here before it is removed. */
  readonly keepAt: string;
}

/** Records a real history: a target that calls, and supervisors that die while they serve it. */
export async function recordHistory({ deaths, pauseUs, keepAt }: RecordOptions): Promise<void> {
  const made = makeShare();
  const crashes = new CrashFile();
  const agent = await startAgentProcess({
    directory: made.directory,
    environment: { DEPUTY_TEST: '1', DEPUTY_CRASH_FILE: crashes.path },
  });
  try {
    chmodSync(made.directory, 0o755);
    const tree = new AgentTree(agent);
    const target = await SteadyTarget.start({
      program: compileTarget('steady'),
      socketPath: agent.socketPath,
      share: made.share,
      flavour: 'killable',
      threads: 3,
      exactEvery: 4,
      pauseUs,
    });
    await until(() => agent.status().targets[0]?.state === 'active', 'the delegation');
    for (const death of deaths) {
      const before = tree.takeOvers.length;
      if (death === '') process.kill(tree.active, 'SIGKILL');
      else crashes.arm([death]);
      await tree.takenOver(before);
      await sleep(350);
    }
    const { wrong } = await target.end();
    if (wrong > 0) throw new Error(`${wrong} calls were answered wrongly`);
    await agent.stop();
    cpSync(agent.stateDirectory, keepAt, { recursive: true, filter: (path) => !path.endsWith('.sock') });
  } finally {
    await agent.stop();
    crashes.remove();
    rmSync(made.directory, { recursive: true, force: true });
  }
}
