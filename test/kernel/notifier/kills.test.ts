import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeWhen, isLong, missingForKernel } from '../../support/describe-when.js';
import { replayStateDirectory } from '../../support/replay.js';
import { compileTarget } from '../support/compile.js';
import { LineProcess } from '../support/line-process.js';
import { sleep, until } from '../takeover/support/agent-tree.js';
import type { SteadyReport } from '../takeover/support/steady-target.js';
import { NotifierProcess } from './support/notifier-process.js';
import { wrapped } from './support/wrapped.js';

const kills = isLong ? 100 : 6;
const threads = 4;
/** So many calls say that every thread has gone on. */
const progressCalls = 100;

describeWhen(missingForKernel(), 'a sidecar that is killed, all of it at once', () => {
  test(`${kills} times under load: every call of the program beside it is right`, {
    timeout: isLong ? 1_200_000 : 120_000,
  }, async () => {
    const sidecar = await new NotifierProcess().start();
    const words = [compileTarget('steady'), '-', 'steady', sidecar.share, 'killable', `${threads}`];
    const target = new LineProcess(...wrapped(sidecar.socketPath, words));
    const started = JSON.parse(await target.next('started')) as SteadyReport;
    const mark = async (): Promise<SteadyReport> => JSON.parse(await target.ask('mark'));
    const stallsUs: number[] = [];
    for (let round = 0; round < kills; round++) {
      const { calls } = await mark();
      // Under way, and not only begun: what is killed has calls of all threads in hand.
      await goesOn(mark, calls);
      await sleep(Math.random() * 30);
      await mark();
      await sidecar.killAll();
      const before = await mark();
      await sidecar.start();
      const longestUs = await goesOn(mark, before.calls);
      stallsUs.push(longestUs);
      expect(await mark(), `after kill ${round}`).toMatchObject({ wrong: 0, enosys: 0, interrupted: 0 });
    }
    const end = JSON.parse(await target.ask('end')) as SteadyReport;
    expect(end).toMatchObject({ wrong: 0, enosys: 0, interrupted: 0, descriptors: started.descriptors });
    expect(await target.end()).toBe(0);
    await until(() => sidecar.events().some(({ type }) => type === 'delegation.released'), 'its end');
    expect(await sidecar.stop()).toBe(0);
    replayStateDirectory(sidecar.stateDirectory);
    // One delegation, however often its sidecar died, and it went on each time.
    const events = sidecar.events();
    const count = (name: string): number => events.filter(({ type }) => type === name).length;
    expect(count('delegation.requested')).toBe(1);
    expect(count('delegation.recovering')).toBe(kills);
    expect(count('request.lost')).toBe(0);
    stallsUs.sort((a, b) => a - b);
    console.log(
      `${kills} kills: ${end.calls} calls, ${end.wrong} wrong; longest call by kill: ` +
        `median ${((stallsUs[kills >> 1] ?? 0) / 1e6).toFixed(2)} s, max ${((stallsUs.at(-1) ?? 0) / 1e6).toFixed(2)} s`,
    );
    await sidecar.end();
  });
});

describeWhen(missingForKernel(), 'a sidecar that is killed, and its state with it', () => {
  test('a call that was received, and of which nothing is known any more, is made anew', {
    timeout: 120_000,
  }, async () => {
    const crashFolder = mkdtempSync(join(tmpdir(), 'deputy-crash-'));
    chmodSync(crashFolder, 0o777);
    const crashFile = join(crashFolder, 'crash');
    const environment = { DEPUTY_TEST: '1', DEPUTY_CRASH_FILE: crashFile };
    // Without seals: their keys are gone, too.
    const policy = { version: 1, defaults: { confinement: 'none' } };
    const sidecar = await new NotifierProcess({ policy, environment }).start();
    const words = [compileTarget('steady'), '-', 'steady', sidecar.share, 'killable', `${threads}`];
    const target = new LineProcess(...wrapped(sidecar.socketPath, words));
    await target.next('started');
    const mark = async (): Promise<SteadyReport> => JSON.parse(await target.ask('mark'));
    await goesOn(mark, 0);
    // Its keeper starts no other one, so that the call is still in hand when all is gone.
    process.kill(sidecar.pid, 'SIGSTOP');
    const supervisor = sidecar.supervisor;
    writeFileSync(crashFile, 'assume-identity:before');
    await until(() => stateOf(supervisor) === 'Z', 'the end of the supervisor');
    await sidecar.killAll();
    rmSync(sidecar.stateDirectory, { recursive: true });
    await sidecar.start();
    await goesOn(mark, (await mark()).calls);
    await until(() => sidecar.log.includes('calls whose records are lost are made anew'), 'a reissue');
    const end = JSON.parse(await target.ask('end')) as SteadyReport;
    expect(end).toMatchObject({ end: true, wrong: 0, enosys: 0, interrupted: 0 });
    await target.end();
    await sidecar.end();
    rmSync(crashFolder, { recursive: true, force: true });
  });
});

/** The state of a process (proc_pid_stat(5)); Z until its parent, which is stopped, takes its end. */
function stateOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.charAt(stat.lastIndexOf(')') + 2);
}

/** Waits until the target has gone on: the longest call until then. */
async function goesOn(mark: () => Promise<SteadyReport>, since: number): Promise<number> {
  let longestUs = 0;
  const end = performance.now() + 30_000;
  for (;;) {
    const report = await mark();
    longestUs = Math.max(longestUs, report.longestUs);
    if (report.calls >= since + progressCalls) return longestUs;
    if (performance.now() > end) throw new Error('the target hangs');
    await sleep(5);
  }
}
