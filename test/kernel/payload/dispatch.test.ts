import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWhen, isLong, missingForKernel } from '../../support/describe-when.js';
import { compileTarget } from '../support/compile.js';
import { sleep, until } from '../takeover/support/agent-tree.js';
import { DispatchTarget } from './dispatch-target.js';

const CAP_DAC_READ_SEARCH = '0000000000000004';
/** What file servers are given: CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, FSETID, SETGID, SETUID, MKNOD, SETFCAP. */
const fileServer = 'CHOWN,DAC_OVERRIDE,DAC_READ_SEARCH,FOWNER,FSETID,SETGID,SETUID,MKNOD,SETFCAP';
const fileServerMask = '00000000880000df';

/** A field of /proc/PID/status. */
function field(status: Buffer, name: string): string {
  return new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(status.toString())?.[1]?.trim() ?? '';
}

/** The most memory that a process has had so far, KiB (VmHWM of proc_pid_status(5)). */
function highWaterKib(pid: number): number {
  return Number.parseInt(field(readFileSync(`/proc/${pid}/status`), 'VmHWM'), 10);
}

describeWhen(missingForKernel(), 'a dispatched payload', () => {
  let target: DispatchTarget;
  let program: string;
  beforeAll(async () => {
    program = compileTarget('payload', ['-static']);
    target = await new DispatchTarget().start();
  });
  afterAll(() => target.end());

  for (const [list, mask, user] of [
    ['DAC_READ_SEARCH', CAP_DAC_READ_SEARCH, 0],
    ['CAP_DAC_READ_SEARCH', CAP_DAC_READ_SEARCH, 107],
    [fileServer, fileServerMask, 0],
    ['none', '0000000000000000', 107],
  ] as const) {
    test(`has exactly ${list} as uid ${user}, below the target's init`, async () => {
      const { code, stdout, stderr } = await target.run(
        ['--capabilities', list, '--user', `${user}`],
        [program, 'status'],
      );
      expect(stderr).toBe('');
      expect(code).toBe(0);
      for (const set of ['CapEff', 'CapPrm', 'CapInh', 'CapBnd', 'CapAmb'])
        expect(field(stdout, set)).toBe(mask);
      expect(field(stdout, 'Uid').split('\t')).toEqual(Array(4).fill(`${user}`));
      expect(field(stdout, 'Groups')).toBe('');
      expect(field(stdout, 'NoNewPrivs')).toBe('1');
      expect(field(stdout, 'Seccomp')).toBe('2');
      expect(field(stdout, 'PPid')).toBe('1');
    });
  }

  test('gives its exit code and its signal', async () => {
    expect((await target.run([], [program, 'exit', '42'])).code).toBe(42);
    expect((await target.run([], [program, 'die', '11'])).code).toBe(128 + 11);
    expect((await target.run([], ['/nowhere/at/all'])).code).toBe(127);
    expect((await target.run([], ['/etc/passwd'])).code).toBe(126);
    const dynamic = await target.run([], ['/bin/cat']);
    expect(dynamic.code).toBe(125);
    expect(dynamic.stderr).toContain('DEPUTY_E_PAYLOAD_NOT_STATIC');
    expect(target.processes()).toEqual([]);
  });

  test('of a dry run says what it would cost, and is not started', async () => {
    const words = ['--dry-run', '--json', '--user', '107', '--name', 'dry'];
    const { code, stdout, stderr } = await target.run(words, [program, 'exit', '0']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const found = JSON.parse(stdout.toString()) as { program: string; exitCode: string; costs: string[] };
    expect(found.program).toContain('static, sealed in memory');
    // As the kernel has it: before Linux 6.15 it gives none.
    expect([null, 'the kernel (PIDFD_INFO_EXIT)']).toContain(found.exitCode);
    expect(found.costs.join('\n')).toContain('confinement');
    expect(target.processes()).toEqual([]);
    const refused = await target.run(['--dry-run'], ['/bin/cat']);
    expect(refused.code).toBe(125);
    expect(refused.stderr).toContain('DEPUTY_E_PAYLOAD_NOT_STATIC');
  });

  test('each step is an event with what it saw', async () => {
    await target.run(['--name', 'steps'], [program, 'exit', '0']);
    const events = target.events('steps');
    const steps = events.flatMap(({ data }) => (typeof data['step'] === 'string' ? [data['step']] : []));
    expect(steps).toEqual([
      'identify',
      'judge',
      'lock',
      'open-program',
      'join',
      'verify-joined',
      'name',
      'execute',
      'await-ready',
      'verify',
    ]);
    const joined: unknown = events.find(({ data }) => data['step'] === 'join');
    const { reports } = (joined as { data: { evidence: { reports: string } } }).data.evidence;
    // Nothing that is left to do takes a privilege once a process can be seen from inside.
    expect(reports.split(', ').map((one) => one.split(' ')[0])).toEqual([
      ...['shim', 'open', 'rlimits', 'oom-score-adj', 'exec-label', 'namespaces', 'cgroup'],
      ...['capabilities', 'user', 'no-new-privs', 'reparent', 'descriptors'],
    ]);
    expect(events.at(-1)?.type).toBe('delegation.released');
  });

  test('stdin comes out of stdout, byte for byte', { timeout: isLong ? 600_000 : 60_000 }, async () => {
    const input = randomBytes(isLong ? 1 << 30 : 24 << 20);
    const child = target.begin([], [program, 'copy']);
    const chunks: Buffer[] = [];
    let count = 0;
    child.stdout?.on('data', (bytes: Buffer) => {
      count += chunks.push(bytes) > 0 ? bytes.length : 0;
    });
    const code = new Promise((resolve) => child.once('close', resolve));
    child.stdin?.write(input);
    await until(() => count === input.length, 'all of it', isLong ? 580_000 : 50_000);
    // All has come through, and nobody held it: the shim has its buffers, deputy what Node takes and no more.
    const [shim = 0] = target.helpers('shim');
    const [shimKib, deputyKib] = [highWaterKib(shim), highWaterKib(child.pid as number)];
    console.log(`${input.length >> 20} MiB: at most ${shimKib} KiB in the shim, ${deputyKib} KiB in deputy`);
    expect(shimKib).toBeLessThan(8 << 10);
    expect(deputyKib).toBeLessThan(400 << 10);
    child.stdin?.end();
    expect(await code).toBe(3);
    expect(Buffer.concat(chunks).equals(input)).toBe(true);
  });

  test('waits for a reader that stalls, or goes on without what is dropped, which is counted', async () => {
    const file = join(target.directory, 'output');
    const output = Buffer.from(Array.from({ length: 200_000 }, (_, line) => `${line}\n`).join(''));
    writeFileSync(file, output, { mode: 0o644 });
    const begin = (flags: readonly string[]) => {
      const child = target.begin(['--buffer', '4096', ...flags], [program, 'show', file]);
      // Nobody listens to its stdout, so that it is full soon.
      const code = new Promise((resolve) => child.once('close', resolve));
      return { child, code };
    };
    const read = async ({ child, code }: ReturnType<typeof begin>) => {
      const chunks: Buffer[] = [];
      let stderr = '';
      child.stderr?.on('data', (bytes: Buffer) => {
        stderr += bytes.toString();
      });
      child.stdout?.on('data', (bytes: Buffer) => chunks.push(bytes));
      return { code: await code, stdout: Buffer.concat(chunks), stderr };
    };
    const waiting = begin(['--name', 'waiting']);
    await until(() => target.processes().length === 1, 'the payload', 20_000);
    await sleep(300);
    expect(target.processes()).toHaveLength(1);
    const whole = await read(waiting);
    expect({ code: whole.code, stderr: whole.stderr }).toEqual({ code: 0, stderr: '' });
    expect(whole.stdout.equals(output)).toBe(true);
    const lossy = begin(['--name', 'lossy', '--lossy']);
    await until(() => target.events('lossy').some(({ data }) => data['step'] === 'execute'), 'it', 20_000);
    await until(() => target.processes().length === 0, 'its end without a reader', 20_000);
    const rest = await read(lossy);
    const dropped = Number(/^(\d+) bytes of its output were dropped/.exec(rest.stderr)?.[1]);
    expect({ code: rest.code, total: rest.stdout.length + dropped }).toEqual({
      code: 0,
      total: output.length,
    });
    // With whoever had it in hand more went than it had told of: the next one counts that, too.
    const killed = begin(['--name', 'killed', '--lossy']);
    await until(() => target.events('killed').some(({ data }) => data['step'] === 'execute'), 'it', 20_000);
    await until(() => target.processes().length === 0, 'its end without a reader', 20_000);
    killed.child.kill('SIGKILL');
    const first = await read(killed);
    const last = await read(begin(['--name', 'killed', '--lossy']));
    const lost = Number(/^(\d+) bytes of its output were dropped/.exec(last.stderr)?.[1]);
    expect(last.code).toBe(0);
    const total = first.stdout.length + last.stdout.length + lost;
    expect(total).toBeGreaterThanOrEqual(output.length);
    // What it had written, and not said so yet, is told as well.
    expect(total).toBeLessThan(output.length + 256 * 1024);
  });

  test('is ready when it says so on descriptor 3, or listens; else it is ended', async () => {
    const said = await target.run(['--readiness', 'fd'], [program, 'ready', '0']);
    expect(said.code).toBe(5);
    const path = `${target.directory}/payload.sock`;
    const detached = await target.run(
      ['--readiness', `socket:${path}`, '--name', 'listener', '--detach'],
      [program, 'listen', path],
    );
    expect(detached.stderr).toBe('');
    expect(detached.stdout.toString()).toMatch(/^ready \d+\n$/);
    const [payload] = target.processes();
    expect(detached.stdout.toString()).toBe(`ready ${payload}\n`);
    process.kill(payload as number, 'SIGKILL');
    const never = await target.run(
      ['--readiness', 'fd', '--deadline', '300', '--name', 'never'],
      [program, 'sleep', '60'],
    );
    expect(never.code).toBe(125);
    expect(never.stderr).toContain('DEPUTY_E_PAYLOAD_NOT_READY');
    expect(target.processes()).toEqual([]);
    // The one that was left alone is attached to once more, to learn its end.
    const again = await target.run(['--name', 'listener'], [program, 'listen', path]);
    expect(again.code).toBe(128 + 9);
  });

  test('has a terminal, and sees it change its size while it runs', async () => {
    const words = target.command(['--name', 'terminal', '--tty'], [program, 'terminal']);
    const log = join(target.directory, 'typescript');
    // Once the payload has said that it has one; it waits ten seconds for the new size.
    const resize = `for i in $(seq 400); do grep -aq 'terminal 1 1' ${log} && break; sleep 0.05; done`;
    const later = `(${resize}; stty -F /dev/tty rows 33 cols 111) &`;
    const line = `stty rows 20 cols 80; ${later} ${words.map((word) => `'${word}'`).join(' ')}`;
    const { stdout, status } = spawnSync('script', ['-qefc', line, log], { encoding: 'utf8' });
    expect(stdout).toContain('terminal 1 1');
    expect(stdout).toContain('size 33x111');
    expect(status).toBe(4);
  });

  test("of the target's own root is refused where the target could change it", async () => {
    const path = `${target.directory}/own-program`;
    copyFileSync(program, path);
    const { code, stderr } = await target.run(['--from', 'target'], [path, 'exit', '0']);
    expect(code).toBe(125);
    expect(stderr).toContain('DEPUTY_E_PAYLOAD_CHANGEABLE');
    // Root's own folders and files, with all that the loader reads: the target can change none of it.
    expect((await target.run(['--from', 'target'], ['/bin/true'])).code).toBe(0);
  });

  test('is started once', async () => {
    const first = target.begin(['--name', 'once'], [program, 'sleep', '60']);
    await new Promise((resolve) => first.stdout?.once('data', resolve));
    const [payload] = target.processes();
    const second = await target.run(['--name', 'once'], [program, 'sleep', '60']);
    expect(second.stdout.toString()).toBe(`running ${payload}\n`);
    expect(second.code).toBe(0);
    expect(target.processes()).toEqual([payload]);
    first.kill('SIGTERM');
    const code = await new Promise((resolve) => first.once('exit', resolve));
    expect(code).toBe(128 + 15);
    expect(target.processes()).toEqual([]);
  });
});

describeWhen(missingForKernel(), "a payload whose output goes to the container's log", () => {
  test('writes there itself, and is followed all the same', async () => {
    const target = new DispatchTarget();
    const log = `${target.directory}/log`;
    await target.start({ log });
    const program = compileTarget('payload', ['-static']);
    const { code, stdout, stderr } = await target.run(['--output', 'container'], [program, 'count', '3']);
    expect({ code, stdout: stdout.toString(), stderr }).toEqual({ code: 6, stdout: '', stderr: '' });
    await until(() => readFileSync(log, 'utf8') === '0\n1\n2\n', 'its output in the log', 5_000);
    // Nobody else holds the log's pipe open: it ends with the container.
    target.kill();
    await target.exited;
    await target.end();
  });

  test('is refused where that is no pipe and no terminal', async () => {
    const target = await new DispatchTarget().start();
    const words = [compileTarget('payload', ['-static']), 'exit', '0'];
    const { code, stderr } = await target.run(['--output', 'container'], words);
    expect(code).toBe(125);
    expect(stderr).toContain('DEPUTY_E_LOG_INVALID');
    expect(target.processes()).toEqual([]);
    await target.end();
  });
});

describeWhen(missingForKernel(), 'a target that could take a payload over', () => {
  for (const [what, options] of [
    ['CAP_SYS_PTRACE', { bounding: '+sys_ptrace', noNewPrivileges: false }],
    ['uid 0', { bounding: '+dac_read_search', user: 0, noNewPrivileges: false }],
  ] as const) {
    test(`is refused: ${what}`, async () => {
      const target = await new DispatchTarget().start(options);
      const { code, stderr } = await target.run([], [compileTarget('payload', ['-static']), 'exit', '0']);
      expect(code).toBe(125);
      expect(stderr).toContain('DEPUTY_E_TARGET_COULD_TAKE_OVER');
      expect(stderr).toContain(what);
      await target.end();
    });
  }
});
