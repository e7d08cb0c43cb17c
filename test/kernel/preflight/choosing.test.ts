import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collectTrials } from '../../../adapters/preflight/index.js';
import { knownStrategies } from '../../../core/preflight/table.js';
import { runDeputy } from '../../lab/agent-process.js';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { makeFreezer } from '../injector/support/freezer.js';
import { DispatchTarget } from '../payload/dispatch-target.js';
import { compileTarget } from '../support/compile.js';
import { type Circumstances, preflight, reasonsAgainst, withoutNotifier } from './support/preflight.js';

const restrictedPod = `
apiVersion: v1
kind: Pod
metadata: { name: vm }
spec:
  securityContext: { runAsNonRoot: true, runAsUser: 107, seccompProfile: { type: RuntimeDefault } }
  containers:
  - name: virtiofsd
    image: virtiofsd
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
`;
const wide = { confinement: 'none', dac: 'capability' };

describeWhen(missingForKernel(), 'deputy preflight on this machine', () => {
  test.each(['restricted', 'baseline'])(
    'at level %s: seccomp-notify, and why the sidecar is refused',
    (level) => {
      const answer = preflight(['--level', level], { pod: restrictedPod });
      expect(answer).toMatchObject({ status: 0, chosen: 'seccomp-notify', level, pods: ['Pod/vm'] });
      const refusal = reasonsAgainst(answer, 'sidecar-caps').find((text) => text.includes('PodSecurity'));
      expect(refusal).toContain(`Pod/vm, with what it needs, violates PodSecurity "${level}:latest"`);
      expect(refusal).toContain('DAC_READ_SEARCH');
      const sidecar = answer.strategies.find(({ strategy }) => strategy === 'sidecar-caps');
      expect(sidecar?.forms?.map(({ form, possible }) => [form, possible])).toEqual([
        ['notifier', false],
        ['broker', false],
      ]);
      expect(reasonsAgainst(answer, 'seccomp-notify')).toEqual([]);
    },
  );

  test('at level privileged: all are ranked, and the level is a reason against none', () => {
    const answer = preflight(['--level', 'privileged'], {
      pod: restrictedPod,
      policy: {
        defaults: { ...wide, strategies: ['dispatcher', 'file-handle', 'sidecar-caps', 'seccomp-notify'] },
      },
    });
    expect(answer).toMatchObject({ status: 0, chosen: 'dispatcher' });
    expect(answer.strategies.map(({ strategy, rank }) => [strategy, rank])).toEqual(
      expect.arrayContaining([
        ['dispatcher', 1],
        ['seccomp-notify', expect.any(Number)],
      ]),
    );
    expect(new Set(answer.strategies.map(({ strategy }) => strategy))).toEqual(new Set(knownStrategies));
    expect(answer.stdout).not.toContain('violates PodSecurity');
    for (const { strategy, trials, price } of answer.strategies) {
      expect(trials.length, strategy).toBeGreaterThan(0);
      for (const trial of trials) expect(trial, strategy).not.toMatchObject({ detail: 'not tried' });
      for (const text of Object.values(price)) expect(text).not.toBe('');
    }
  });

  test('for people: places, reasons, remedies and prices; nothing of a manifest reaches the terminal raw', () => {
    const pod = restrictedPod.replace('name: vm', 'name: "vm\\e[31m"');
    const { stdout, status } = preflight(['--level', 'baseline'], { pod, json: false });
    expect(status).toBe(0);
    expect(stdout).toContain('1.  seccomp-notify');
    expect(stdout).toMatch(/no {2}sidecar-caps\n.*why not {3}/);
    expect(stdout).toContain('-> ');
    expect(stdout).toMatch(/latency {3}[\d.]+ us a call/);
    expect(stdout).not.toContain('\u001b');
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('chosen: seccomp-notify (level baseline:latest)');
  });

  test.each([
    ['a version', ['--level', 'baseline', '--level-version', '1.30'], 'DEPUTY_E_POD_SECURITY_UNKNOWN'],
    ['a target', ['--target', 'nobody-knows-it'], 'DEPUTY_E_TARGET_UNKNOWN'],
    ['a process', ['--target', '4194303'], 'DEPUTY_E_TARGET_UNKNOWN'],
  ])('ends with 2 where %s is not right', (_, words, message) => {
    const { status, stdout, stderr } = preflight(words);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  test('a strategy that there is none of is an error of the policy', () => {
    const { status, stderr } = preflight([], { policy: { defaults: { strategies: ['dispatch'] } } });
    expect(status).toBe(2);
    expect(stderr).toContain("did you mean 'dispatcher'?");
  });

  test('the trials leave nothing behind, and what they need privilege for fails without', async () => {
    const before = spawnSync('ls', ['/tmp'], { encoding: 'utf8' }).stdout.match(/deputy-trial-/g);
    const trials = await collectTrials();
    expect(trials).toMatchObject({
      notifier: { ok: true },
      'open-by-handle': { ok: true },
      'join-namespaces': { ok: true },
      'become-and-open': { ok: true },
      'same-user-access': { ok: !isYamaOn() },
    });
    expect(spawnSync('ls', ['/tmp'], { encoding: 'utf8' }).stdout.match(/deputy-trial-/g)).toEqual(before);
    const bare = ['--bounding-set=-all,+setuid,+setgid,+setpcap', '--inh-caps=-all', '--ambient-caps=-all'];
    const code = `const { collectTrials } = await import(${JSON.stringify(builtIndex())});
      console.log(JSON.stringify(await collectTrials()));`;
    const { stdout } = spawnSync('setpriv', [...bare, process.execPath, '--input-type=module', '-e', code], {
      encoding: 'utf8',
    });
    expect(JSON.parse(stdout)).toMatchObject({
      'open-by-handle': { ok: false },
      'join-namespaces': { ok: false },
      'become-and-open': { ok: false },
      'payload-programs': { ok: false },
    });
  });
});

/** A sidecar's notifier is refused there, as it should be. */
function isYamaOn(): boolean {
  try {
    return readFileSync('/proc/sys/kernel/yama/ptrace_scope', 'utf8').trim() !== '0';
  } catch {
    return false;
  }
}

function builtIndex(): string {
  return new URL('../../../dist/adapters/preflight/index.js', import.meta.url).href;
}

describeWhen(missingForKernel(), 'deputy preflight on a kernel without the notifier', () => {
  test('picks the dispatcher, where list and fields of the policy permit it', () => {
    const policy = { defaults: { ...wide, strategies: ['seccomp-notify', 'dispatcher'] } };
    const answer = preflight(['--level', 'restricted'], {
      pod: restrictedPod,
      policy,
      withoutNotifier: true,
    });
    expect(answer).toMatchObject({ status: 0, chosen: 'dispatcher' });
    expect(reasonsAgainst(answer, 'seccomp-notify')).toEqual([expect.stringMatching(/^notifier: .*ENOSYS/)]);
  });

  test('refuses with the reasons, where the fields ask what it can’t hold, or the list leaves it out', () => {
    const held = preflight(['--level', 'restricted'], { pod: restrictedPod, withoutNotifier: true });
    expect(held).toMatchObject({ status: 1, chosen: null });
    expect(reasonsAgainst(held, 'seccomp-notify')).toEqual([expect.stringMatching(/^notifier: .*ENOSYS/)]);
    expect(reasonsAgainst(held, 'dispatcher')).toEqual([
      expect.stringContaining('confinement: sealed; dac: enforce'),
    ]);
    const policy = { defaults: { ...wide, strategies: ['seccomp-notify'] } };
    const listed = preflight([], { policy, withoutNotifier: true, json: false });
    expect(listed.status).toBe(1);
    expect(listed.stdout).toContain("not in the policy's list");
    expect(listed.stdout).toContain('none can be used at level privileged:latest');
  });
});

describeWhen(missingForKernel(), 'deputy run --strategy', () => {
  const run = (
    strategy: string,
    { words = [], ...circumstances }: Circumstances & { words?: string[] } = {},
  ) =>
    preflight(['--strategy', strategy, ...words, '--', 'sh', '-c', 'exit 7'], {
      command: 'run',
      json: false,
      ...circumstances,
    });

  test('auto: the ranking is followed to the one that serves a program', () => {
    const policy = { defaults: { ...wide, strategies: ['dispatcher', 'seccomp-notify'] } };
    expect(run('auto', { policy })).toMatchObject({ status: 7, stderr: '' });
  });

  test('a name: that one, though another one comes first', () => {
    const policy = { defaults: { strategies: ['seccomp-notify', 'file-handle'] } };
    const state = mkdtempSync(join(tmpdir(), 'deputy-named-'));
    const words = ['--strategy', 'file-handle', '--state', state, '--', 'sh', '-c', 'exit 7'];
    expect(preflight(words, { command: 'run', json: false, policy })).toMatchObject({
      status: 7,
      stderr: '',
    });
    const { stdout } = runDeputy(['events', '--state', state, '--json']);
    expect(stdout).toContain('"chosen":"file-handle"');
    rmSync(state, { recursive: true });
  });

  test('sidecar-caps: behind the wrapper, and deputy is its user with one capability by then', () => {
    const state = mkdtempSync(join(tmpdir(), 'deputy-beside-'));
    chmodSync(state, 0o755);
    const policy = { defaults: { strategies: ['sidecar-caps', 'seccomp-notify'] } };
    // With a call, which waits until it is served: one that makes none may have ended before.
    const call = `${compileTarget('wrapped')} /etc passwd 0 >/dev/null`;
    const shown = 'grep Seccomp_filters /proc/self/status; grep -e Uid -e CapEff /proc/$PPID/status';
    const look = `${call}; ${shown}; exit 7`;
    const words = ['--strategy', 'auto', '--state', join(state, 'made', 'own'), '--', 'sh', '-c', look];
    // The folders above its own let it in, whoever has made them.
    const umask = process.umask(0o077);
    const { status, stdout, stderr } = preflight(words, { command: 'run', json: false, policy });
    process.umask(umask);
    expect({ status, stderr }).toEqual({ status: 7, stderr: '' });
    expect(stdout.split('\n').slice(0, 3)).toEqual([
      'Seccomp_filters:\t1',
      'Uid:\t65534\t65534\t65534\t65534',
      'CapEff:\t0000000000000004',
    ]);
    const told = runDeputy(['events', '--state', join(state, 'made', 'own'), '--json']).stdout;
    expect(told).toContain('"chosen":"sidecar-caps"');
    expect(told).toContain('"type":"delegation.released"');
    rmSync(state, { recursive: true });
    const usage = run('sidecar-caps', { words: ['--standby'] });
    expect(usage.status).toBe(2);
    expect(usage.stderr).toContain('are not for the strategy sidecar-caps');
  });

  test('auto: never one that the policy forbids; nor another one than is asked for', () => {
    const policy = { defaults: { ...wide, strategies: ['dispatcher'] } };
    const forbidden = run('auto', { policy });
    expect(forbidden.status).toBe(125);
    expect(forbidden.stderr).toContain('DEPUTY_E_STRATEGY_REFUSED');
    expect(forbidden.stderr).toContain("seccomp-notify: not in the policy's list");
    const named = run('dispatcher', { policy });
    expect(named.status).toBe(125);
    expect(named.stderr).toContain('dispatcher: `deputy run` starts a program');
    expect(named.stderr).not.toContain('seccomp-notify:');
  });

  test('auto: without the notifier the reasons against each', () => {
    const { status, stderr } = run('auto', { withoutNotifier: true });
    expect(status).toBe(125);
    expect(stderr).toMatch(/seccomp-notify: notifier: .*ENOSYS/);
    expect(stderr).toContain('dispatcher: `deputy run` starts a program');
  });
});

describeWhen(missingForKernel(), 'deputy preflight --target', () => {
  let target: DispatchTarget;
  beforeAll(async () => {
    target = await new DispatchTarget().start();
  });
  afterAll(() => target.end());

  /** The number of the last process that was made in the target's pid namespace; to ask makes one more. */
  function lastProcess(): number {
    const words = ['-t', `${target.processId}`, '-m', '-p', 'cat', '/proc/sys/kernel/ns_last_pid'];
    return Number(spawnSync('nsenter', words, { encoding: 'utf8' }).stdout);
  }

  test('enters not its pid namespace', () => {
    const before = lastProcess();
    const policy = { defaults: { ...wide, strategies: ['dispatcher'] } };
    const answer = preflight(['--target', `${target.processId}`], { policy });
    expect(lastProcess()).toBe(before + 1);
    expect(target.processes()).toEqual([]);
    expect(answer).toMatchObject({
      status: 0,
      chosen: 'dispatcher',
      target: { isInit: true, isFrozen: false },
    });
    expect(reasonsAgainst(answer, 'file-handle').join()).toContain('it opens sealed handles only');
  });

  test('enters not its cgroup: in one that is frozen no trial would come to its end', async () => {
    const paused = await new DispatchTarget().start();
    const freezer = makeFreezer('v2');
    try {
      freezer.add(paused.processId);
      freezer.freeze();
      expect(await freezer.isFrozen()).toBe(true);
      const answer = preflight(['--target', `${paused.processId}`], { policy: { defaults: wide } });
      expect(answer.chosen).toBe('seccomp-notify');
      expect(reasonsAgainst(answer, 'dispatcher')).toEqual(['its cgroup is frozen']);
      const trials = answer.strategies.flatMap((one) => one.trials);
      expect(trials.filter(({ ok }) => !ok)).toEqual([]);
    } finally {
      freezer.thaw();
      await paused.end();
      freezer.remove();
    }
  });

  test('the dispatcher that is picked without the notifier does its work there', () => {
    const program = compileTarget('payload', ['-static']);
    const command = target.command([], [program, 'status']);
    const { stdout, status } = spawnSync(process.execPath, [withoutNotifier, ...command], {
      encoding: 'utf8',
    });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^CapEff:\t0000000000000004$/m);
    // Its own filter comes by prctl(2), which works where seccomp(2) does not; the other one is ours.
    expect(stdout).toMatch(/^Seccomp_filters:\t2$/m);
  });

  test('says of a process that is no init, and could take a payload over, why not the dispatcher', async () => {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    await once(child, 'spawn');
    try {
      const answer = preflight(['--target', `${child.pid}`], { policy: { defaults: wide } });
      const reasons = reasonsAgainst(answer, 'dispatcher').join('\n');
      expect(reasons).toContain('not the first of a pid namespace');
      expect(reasons).toContain('could take the payload over: it may hold CAP_SYS_PTRACE');
      expect(answer.chosen).toBe('seccomp-notify');
    } finally {
      child.kill('SIGKILL');
    }
  });
});

describe('latencies', () => {
  test('are those of the report of this build', async () => {
    const { measuredLatencies } = await import('../../../adapters/preflight/index.js');
    expect(measuredLatencies()).toEqual({
      native: expect.stringMatching(/^[\d.]+ us/),
      answered: expect.stringMatching(/^[\d.]+ us a call \(p99 [\d.]+\)/),
      brokered: expect.stringMatching(/^[\d.]+ us a call \(p99 [\d.]+\), by its protocol/),
    });
    expect(measuredLatencies('another form')).toEqual({});
  });
});
