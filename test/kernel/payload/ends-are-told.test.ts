import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWhen, isLong, missingForKernel } from '../../support/describe-when.js';
import { compileTarget } from '../support/compile.js';
import { until } from '../takeover/support/agent-tree.js';
import { DispatchTarget } from './dispatch-target.js';

const rounds = isLong ? 25 : 1;

describeWhen(missingForKernel(), "a dispatch dies between its payload's end and its own", () => {
  let target: DispatchTarget;
  let program: string;
  beforeAll(async () => {
    program = compileTarget('payload', ['-static']);
    target = await new DispatchTarget().start();
  });
  afterAll(() => target.end());

  const types = (name: string): string[] => target.events(name).map(({ type }) => type);
  const countOf = (all: readonly string[], type: string): number => all.filter((one) => one === type).length;

  async function dieAt(crashes: readonly string[], name: string, command: readonly string[]): Promise<void> {
    const crashFile = join(target.directory, `${name}.crashes`);
    for (const point of crashes) {
      writeFileSync(crashFile, point);
      const env = { ...process.env, DEPUTY_TEST: '1', DEPUTY_CRASH_FILE: crashFile };
      const child = target.begin(['--name', name], command, env);
      expect(await new Promise((resolve) => child.once('exit', (_code, by) => resolve(by)))).toBe('SIGKILL');
    }
  }

  /** The folder of a payload. */
  function folderOf(name: string): string {
    const folder = join(target.stateDirectory, 'payloads');
    return join(folder, readdirSync(folder).find((one) => one.endsWith(`.${name}`)) ?? '');
  }

  for (let round = 0; round < rounds; round++) {
    test(`one after the other: the next has the exit code, and starts no second payload (${round})`, {
      timeout: 60_000,
    }, async () => {
      const name = `told-${round}`;
      // With its last event written, then by whoever was to tell it in its place.
      const between = isLong ? ['settle-untold:before', 'settle-untold:after'] : [];
      const crashes = ['close:after', ...between, 'collect-untold:after'];
      await dieAt(crashes, name, [program, 'exit', '7']);
      const { code, stderr } = await target.run(['--name', name], [program, 'exit', '8']);
      expect({ code, stderr }).toEqual({ code: 7, stderr: '' });
      const all = types(name);
      expect([countOf(all, 'delegation.requested'), countOf(all, 'delegation.released')]).toEqual([1, 1]);
      // Told once: the next one is a payload of its own, whose shim need not be gone for that.
      expect((await target.run(['--name', name], [program, 'exit', '8'])).code).toBe(8);
    });

    test(`behind its last word to the shim, for which that is not enough (${round})`, async () => {
      const name = `said-${round}`;
      await dieAt(['collect:after'], name, [program, 'exit', '9']);
      const { code, stderr } = await target.run(['--name', name], [program, 'exit', '8']);
      expect({ code, stderr }).toEqual({ code: 9, stderr: '' });
      expect(countOf(types(name), 'delegation.requested')).toBe(1);
      await until(() => !existsSync(join(folderOf(name), 'ended')), 'the end to be forgotten');
    });
  }

  test('and so does the shim, when the payload has ended: its record has the exit code', async () => {
    const name = 'record';
    await dieAt(['follow:after'], name, [program, 'exit', '11']);
    for (const pid of target.helpers('shim')) process.kill(pid, 'SIGKILL');
    const { code, stderr } = await target.run(['--name', name], [program, 'exit', '8']);
    expect({ code, stderr }).toEqual({ code: 11, stderr: '' });
    const all = types(name);
    expect([countOf(all, 'delegation.requested'), all.at(-1)]).toEqual([1, 'delegation.released']);
  });
});
