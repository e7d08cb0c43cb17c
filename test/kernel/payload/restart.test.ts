import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cgroupMount, makeLabCgroup, removeLabCgroup } from '../../lab/lab-cgroup.js';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { compileTarget } from '../support/compile.js';
import { until } from '../takeover/support/agent-tree.js';
import { DispatchTarget } from './dispatch-target.js';

describeWhen(missingForKernel(), 'who attaches to a payload that runs', () => {
  let target: DispatchTarget;
  let program: string;
  beforeAll(async () => {
    program = compileTarget('payload', ['-static']);
    target = await new DispatchTarget().start();
  });
  afterAll(() => target.end());

  /** Starts a payload and leaves it alone: its number. */
  async function leave(flags: readonly string[], command: readonly string[]): Promise<number> {
    const { stdout, stderr, code } = await target.run([...flags, '--detach'], command);
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    return Number(/^ready (\d+)$/m.exec(stdout.toString())?.[1]);
  }

  test.runIf(cgroupMount() !== undefined)(
    'finds it after the end of all in its own cgroup, as of a pod',
    async () => {
      const cgroup = makeLabCgroup();
      const words = target.command(['--name', 'pod'], [program, 'copy']);
      // In a cgroup namespace of its own, with the rest of the hierarchy to be seen through the old mount.
      const line = 'echo $$ > "$0/cgroup.procs" && exec unshare --cgroup "$@"';
      const child = spawn('sh', ['-c', line, cgroup, ...words], { stdio: ['pipe', 'pipe', 'inherit'] });
      child.stdin.write('before\n');
      await once(child.stdout, 'data');
      const [shim] = target.helpers('shim');
      expect(readFileSync(`/proc/${shim}/cgroup`, 'latin1')).toMatch(/^0::\/deputy-payloads$/m);
      writeFileSync(`${cgroup}/cgroup.kill`, '1');
      await once(child, 'exit');
      const { code, stdout } = await target.run(['--name', 'pod'], [program, 'copy'], Buffer.from('after\n'));
      expect(code).toBe(3);
      expect(stdout.toString()).toMatch(/after\n$/);
      await removeLabCgroup(cgroup);
    },
  );

  test('learns its end where the placeholder does not answer any more', async () => {
    const flags = ['--name', 'unnamed', '--placeholder-socket', `${target.directory}/nobody`];
    const payload = await leave(['--name', 'unnamed'], [program, 'sleep', '60']);
    process.kill(payload, 'SIGKILL');
    const { code, stderr } = await target.run(flags, [program, 'sleep', '60']);
    expect({ code, stderr }).toEqual({ code: 128 + 9, stderr: '' });
  });

  test('learns its end where it was to listen, and ended', async () => {
    const path = `${target.directory}/listener.sock`;
    const flags = ['--name', 'listener', '--readiness', `socket:${path}`];
    const payload = await leave(flags, [program, 'listen', path]);
    process.kill(payload, 'SIGTERM');
    const { code, stderr } = await target.run(flags, [program, 'listen', path]);
    expect({ code, stderr }).toEqual({ code: 128 + 15, stderr: '' });
  });

  test('learns its end where the container is gone, too', async () => {
    const gone = await new DispatchTarget().start();
    const flags = ['--placeholder-socket', gone.socketPath];
    const child = gone.begin(flags, [program, 'copy']);
    await until(() => gone.processes().length === 1, 'the payload');
    child.stdin?.write('before\n');
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    gone.kill();
    await gone.exited;
    const again = await gone.run(flags, [program, 'copy']);
    expect({ code: again.code, stderr: again.stderr }).toEqual({ code: 128 + 9, stderr: '' });
    expect(gone.events().at(-1)?.type).toBe('delegation.released');
    // It was told once; from then on there is nobody.
    const late = await gone.run(flags, [program, 'copy']);
    expect({ code: late.code, stderr: late.stderr }).toMatchObject({ code: 125 });
    expect(late.stderr).toContain('DEPUTY_E_TARGET_GONE');
    await gone.end();
  });

  test('finds it by the longest names, which are told apart', async () => {
    const names = ['a', 'b'].map((last) => `${'long-'.repeat(40)}${last}`);
    const payloads: number[] = [];
    for (const name of names) payloads.push(await leave(['--name', name], [program, 'sleep', '60']));
    expect(new Set(payloads).size).toBe(2);
    for (const [at, name] of names.entries()) {
      process.kill(payloads[at] as number, 'SIGKILL');
      expect((await target.run(['--name', name], [program, 'sleep', '60'])).code).toBe(128 + 9);
    }
  });

  test('and is left by whoever reads its output: it goes on, and so does the command', async () => {
    const words = target.command(['--name', 'unread'], [program, 'count', '50']);
    const line = `${words.map((word) => `'${word}'`).join(' ')} | head -n 1; echo "code \${PIPESTATUS[0]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', line], { encoding: 'utf8' });
    expect({ stdout, stderr }).toEqual({ stdout: '0\ncode 6\n', stderr: '' });
  });

  test('leaves with SIGTERM, if told so, and writes no end of it', async () => {
    const flags = ['--name', 'left', '--sigterm', 'leave'];
    const child = target.begin(flags, [program, 'copy']);
    const code = new Promise((resolve) => child.once('exit', resolve));
    await until(() => target.processes().length === 1, 'the payload');
    child.stdin?.write('here\n');
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    child.kill('SIGTERM');
    expect(await code).toBe(0);
    expect(target.processes()).toHaveLength(1);
    expect(target.events('left').map(({ type }) => type)).not.toContain('delegation.releasing');
    const again = await target.run(flags, [program, 'copy'], Buffer.from('again\n'));
    expect({ code: again.code, stdout: again.stdout.toString() }).toEqual({ code: 3, stdout: 'again\n' });
    expect(target.events('left').at(-1)?.type).toBe('delegation.released');
  });

  test('leaves with SIGTERM before it is ready, too, and what was read does not come again', async () => {
    const flags = ['--name', 'early', '--sigterm', 'leave', '--readiness', 'fd', '--deadline', '60000'];
    const child = target.begin(flags, [program, 'sleep', '60']);
    const code = new Promise((resolve) => child.once('exit', (value, by) => resolve(by ?? value)));
    let output = '';
    child.stdout?.on('data', (bytes: Buffer) => {
      output += bytes.toString();
    });
    // It never says that it is ready, so that nobody follows it yet.
    await until(() => output === 'begun\n', 'its output');
    child.kill('SIGTERM');
    expect(await code).toBe(0);
    const [payload = 0] = target.processes();
    process.kill(payload, 'SIGKILL');
    const again = await target.run(flags, [program, 'sleep', '60']);
    expect({ code: again.code, stdout: again.stdout.toString() }).toEqual({ code: 128 + 9, stdout: '' });
  });
});
