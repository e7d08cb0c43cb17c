import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findCommand } from '../../lab/paths.js';
import { describeWhen, isLong, missingForKernel } from '../../support/describe-when.js';
import { compileTarget } from '../support/compile.js';
import { DispatchTarget } from './dispatch-target.js';

const dispatches = isLong ? 50 : 2;
const CAP_DAC_READ_SEARCH = '4';

interface Sight {
  readonly looks: number;
  readonly joiners: number;
  readonly payloads: number;
  /** What no process of the target may see. */
  readonly wrong: readonly string[];
}

/** Somebody inside a target who looks at all of its processes, from start to end. */
class Watcher {
  private constructor(
    private readonly child: ChildProcess,
    private text = '',
  ) {
    child.stdout?.on('data', (bytes: Buffer) => {
      this.text += bytes.toString();
    });
  }

  static async start(target: DispatchTarget, user: number): Promise<Watcher> {
    const identity = ['setpriv', '--bounding-set', '-all', '--reuid', `${user}`, '--regid', `${user}`];
    const enter = [
      '--target',
      `${target.processId}`,
      '--mount',
      '--pid',
      '--',
      ...identity,
      '--clear-groups',
    ];
    const child = spawn('nsenter', [...enter, compileTarget('watch'), CAP_DAC_READ_SEARCH]);
    const watcher = new Watcher(child);
    await once(child.stdout, 'data');
    return watcher;
  }

  async end(): Promise<Sight> {
    this.child.stdin?.end();
    await once(this.child, 'close');
    const number = (name: string): number => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(this.text)?.[1]);
    const wrong = this.text.split('\n').filter((line) => line.startsWith('process '));
    return { looks: number('looks'), joiners: number('joiners'), payloads: number('payloads'), wrong };
  }
}

describeWhen(missingForKernel(), 'whoever looks on from inside a target', () => {
  let target: DispatchTarget;
  let program: string;
  beforeAll(async () => {
    program = compileTarget('payload', ['-static']);
    target = await new DispatchTarget().start();
  });
  afterAll(() => target.end());

  for (const user of [0, 107]) {
    test(`as uid ${user} sees no process with more than was asked for, nor reaches into one`, async () => {
      const watcher = await Watcher.start(target, user);
      for (let round = 0; round < dispatches; round++) {
        const { code } = await target.run(['--user', `${user}`], [program, 'exit', '0']);
        expect(code).toBe(0);
      }
      const sight = await watcher.end();
      console.log(`uid ${user}: ${JSON.stringify(sight)}`);
      expect(sight.wrong).toEqual([]);
      // It did see some while they waited; on a busy machine it may miss one.
      expect(sight.joiners).toBeGreaterThan(0);
    });
  }

  test('would see one that comes in with all privileges, as nsenter brings it', async () => {
    const watcher = await Watcher.start(target, 107);
    const words = ['--target', `${target.processId}`, '--mount', '--pid', '--', program, 'sleep', '1'];
    spawnSync('nsenter', words);
    const { wrong } = await watcher.end();
    expect(wrong.join('\n')).toMatch(/held [0-9a-f]{8,} in Cap/);
  });
});

/** In this order, and each once unless it says otherwise: see the head of joiner.c. */
const outside = [
  ['limits', /^prlimit64\(|^setrlimit\(/],
  ['OOM score', /^openat\(.*"\/proc\/self\/oom_score_adj"/],
  ['namespaces', /^setns\(11/],
  ['cgroups', /^write\(\d\d, "0", 1\)/],
  ['securebits', /^prctl\(PR_SET_SECUREBITS/],
  ['bounding set', /^prctl\(PR_CAPBSET_DROP/],
  ['groups', /^setgroups\(/],
  ['group', /^setresgid\(/],
  ['user', /^setresuid\(/],
  ['capability sets', /^capset\(/],
  ['ambient set', /^prctl\(PR_CAP_AMBIENT/],
  ['no_new_privs', /^prctl\(PR_SET_NO_NEW_PRIVS, 1/],
  ['not dumpable', /^prctl\(PR_SET_DUMPABLE, SUID_DUMP_DISABLE/],
  ['into the pid namespace', /^clone3\(/],
] as const;
const inside = [
  ['session', /^setsid\(/],
  ['descriptors', /^close_range\(3, 4294967295, CLOSE_RANGE_CLOEXEC/],
  ['the word', /^recvfrom\(10,/],
  ['filter', /^prctl\(PR_SET_SECCOMP, SECCOMP_MODE_FILTER/],
  ['execution', /^execveat\(12, ""/],
] as const;

const missingForStrace = [
  ...missingForKernel(),
  ...(findCommand('strace') === undefined ? ['strace: node test/setup/prepare.mjs --packages'] : []),
];

describeWhen(missingForStrace, 'the calls of a joiner', () => {
  /** What each process called, by its number, in the order of time. */
  function callsIn(log: string): Map<string, string[]> {
    const calls = new Map<string, string[]>();
    for (const [, pid = '', call = ''] of log.matchAll(/^(\d+)\s+(.*)$/gm)) {
      // The rest of a call that was cut in two by another's says nothing new.
      if (call.startsWith('<... ') || /^(---|\+\+\+)/.test(call)) continue;
      calls.set(pid, [...(calls.get(pid) ?? []), call]);
    }
    return calls;
  }

  function positions(calls: readonly string[], wanted: readonly (readonly [string, RegExp])[]): string[] {
    const found = wanted.map(([name, pattern]) => ({
      name,
      at: calls.findIndex((call) => pattern.test(call)),
    }));
    expect(found.filter(({ at }) => at < 0).map(({ name }) => name)).toEqual([]);
    return [...found].sort((a, b) => a.at - b.at).map(({ name }) => name);
  }

  test('come in the order in which nothing is inside that could still be taken over', async () => {
    const target = await new DispatchTarget().start();
    const log = join(target.directory, 'calls');
    const program = compileTarget('payload', ['-static']);
    const command = target.command(['--user', '107', '--deadline', '60000'], [program, 'exit', '7']);
    const traced = ['prlimit64', 'setrlimit', 'openat', 'setns', 'write', 'prctl', 'setgroups', 'setresgid'];
    traced.push(
      'setresuid',
      'capset',
      'clone',
      'clone3',
      'fork',
      'vfork',
      'setsid',
      'close_range',
      'recvfrom',
    );
    traced.push('execve', 'execveat');
    const strace = ['-f', '-qq', '--seccomp-bpf', '-o', log, '-e', `trace=${traced.join(',')}`, '-s', '64'];
    const { status } = spawnSync('strace', [...strace, ...command], { input: '' });
    expect(status).toBe(7);
    const calls = callsIn(readFileSync(log, 'latin1'));
    await target.end();
    const joiner = [...calls.values()].find((own) =>
      own.some((call) => /^execve\("[^"]*\/native\/joiner"/.test(call)),
    );
    const payload = [...calls.values()].find((own) => own.some((call) => call.startsWith('execveat(12')));
    const own = (joiner ?? []).slice((joiner ?? []).findIndex((call) => call.startsWith('execve(')));
    expect(positions(own, outside)).toEqual(outside.map(([name]) => name));
    expect(positions(payload ?? [], inside)).toEqual(inside.map(([name]) => name));
    // Its only child is made at the end, and nothing is given back afterwards.
    expect(own.findIndex((call) => /^(clone|fork|vfork)/.test(call))).toBe(own.length - 1);
    for (const call of payload ?? []) expect(call).not.toMatch(/^(capset|setresuid|setns|setgroups)/);
  });
});
