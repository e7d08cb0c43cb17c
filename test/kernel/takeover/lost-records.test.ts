import {
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { recordAreaOffset, segmentBytes } from '../../../core/journal/segment-layout.js';
import { startAgentProcess } from '../../lab/agent-process.js';
import { describeWhen, isLong, missingForKernel } from '../../support/describe-when.js';
import { compileTarget } from '../support/compile.js';
import { makeShare } from '../support/share.js';
import { AgentTree, sleep, until } from './support/agent-tree.js';
import { SteadyTarget } from './support/steady-target.js';

/** Takes all records out of a journal, and leaves its segments be. */
function emptyRecords(stateDirectory: string): void {
  const directory = join(stateDirectory, 'journal');
  const zeros = Buffer.alloc(segmentBytes - recordAreaOffset);
  for (const name of readdirSync(directory).filter((one) => one.endsWith('.segment'))) {
    const descriptor = openSync(join(directory, name), 'r+');
    writeSync(descriptor, zeros, 0, zeros.length, recordAreaOffset);
    closeSync(descriptor);
  }
}

describeWhen(missingForKernel(), 'a call that was received and whose record is lost', () => {
  for (const [flavour, counts] of [
    ['plain', isLong ? [1, 4] : [4]],
    ['killable', isLong ? [1, 4] : [1]],
  ] as const) {
    for (const threads of counts) {
      const name = `${threads} threads, ${flavour} wait: it is made anew and gets its answer`;
      test(name, { timeout: 90_000 }, async () => {
        const made = makeShare();
        const directory = mkdtempSync(join(tmpdir(), 'deputy-lost-'));
        // Whoever runs a step has the target's file system ids by then.
        const crashFolder = mkdtempSync(join(tmpdir(), 'deputy-crash-'));
        chmodSync(crashFolder, 0o777);
        const crashFile = join(crashFolder, 'crash');
        const agent = await startAgentProcess({
          directory,
          arguments: ['--no-standby'],
          environment: { DEPUTY_TEST: '1', DEPUTY_CRASH_FILE: crashFile },
        });
        chmodSync(directory, 0o755);
        const tree = new AgentTree(agent);
        const { socketPath, stateDirectory } = agent;
        const program = compileTarget('steady');
        const target = await SteadyTarget.start({ program, socketPath, share: made.share, flavour, threads });
        await until(() => agent.status().targets[0]?.state === 'active', 'the delegation');
        await sleep(1_500);
        const before = tree.takeOvers.length;
        const first = tree.active;
        agent.kill('SIGSTOP');
        writeFileSync(crashFile, 'open-direct:before');
        await until(() => stateOf(first) === 'Z', 'the end of the supervisor');
        emptyRecords(stateDirectory);
        agent.kill('SIGCONT');
        await tree.takenOver(before);
        const { calls } = await target.mark();
        // With a killable wait and no other call to tell where its id is, nobody can know it: said in the docs.
        const isFindable = flavour === 'plain' || threads > 1;
        if (isFindable) await until(() => agent.log.some((line) => line.includes('made anew')), 'a reissue');
        if (isFindable) await goesOn(target, calls + 100 * threads);
        else target.process.kill();
        if (isFindable) {
          expect(await target.end()).toMatchObject({ wrong: 0, enosys: 0, interrupted: 0 });
        }
        await agent.stop();
        rmSync(directory, { recursive: true, force: true });
        rmSync(made.directory, { recursive: true, force: true });
        rmSync(crashFolder, { recursive: true, force: true });
      });
    }
  }
});

/** The state of a process (proc_pid_stat(5)); Z until its parent, which is stopped, takes its end. */
function stateOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.charAt(stat.lastIndexOf(')') + 2);
}

/** Waits until a target has made so many calls. */
async function goesOn(target: SteadyTarget, calls: number): Promise<void> {
  for (let tries = 0; tries < 150; tries++) {
    if ((await target.mark()).calls > calls) return;
    await sleep(100);
  }
  throw new Error('the target hangs');
}
