import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nativeProgram } from '../../adapters/native/native-programs.js';
import { compileTarget } from '../kernel/support/compile.js';
import { deputyCommand } from '../lab/agent-process.js';
import { sleep } from '../lab/child.js';
import { missingForSystemd, type SystemdLab, startSystemd } from '../lab/systemd.js';
import { describeWhen, isLong } from '../support/describe-when.js';

const restarts = isLong ? 10 : 1;
/** Lines of the payload, one each 2 ms, so that all restarts fall into its life, also where each takes a second. */
const lines = (isLong ? 1000 : 350) * (1 + restarts);
/** A payload's life and what starting takes under load; only what never comes waits so long. */
const patienceMs = 60_000;

const targetUnit = (words: string): string => `[Service]
Type=exec
ExecStart=/usr/bin/unshare --mount --pid --fork --net --uts --ipc --cgroup --mount-proc --kill-child=SIGKILL \\
  /usr/bin/setpriv --bounding-set -all --reuid 107 --regid 107 --clear-groups --no-new-privs ${words}
`;

/** Without a limit to how often it may be started (systemd.unit(5)): ten times in a few seconds are meant. */
const dispatchUnit = (words: string, output: string, settings: string): string => `[Unit]
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=${process.execPath} ${deputyCommand()} dispatch ${words}
StandardOutput=append:${output}
StandardError=append:${output}.errors
${settings}
`;

describeWhen(missingForSystemd(), 'a payload whose deputy is a unit of a real systemd', () => {
  let lab: SystemdLab;
  let target = '';
  let program = '';
  beforeAll(async () => {
    lab = await startSystemd();
    program = join(lab.directory, 'payload');
    cpSync(compileTarget('payload', ['-static']), program);
    const placeholder = join(lab.directory, 'placeholder');
    cpSync(nativeProgram('placeholder'), placeholder);
    mkdirSync(join(lab.directory, 'socket'), { mode: 0o777 });
    lab.run('chmod', ['777', join(lab.directory, 'socket')]);
    lab.installUnit('target.service', targetUnit(`${placeholder} --socket ${lab.directory}/socket/s`));
    lab.systemctl('daemon-reload');
    lab.systemctl('start', 'target');
    target = await eventually('the target', () => placeholderInside());
  }, 60_000);
  afterAll(() => lab?.stop());

  /** The placeholder's number inside, once it is one. */
  function placeholderInside(): string | undefined {
    const { stdout } = lab.run('sh', ['-c', 'grep -lsa ^placeholder$ /proc/[0-9]*/comm']);
    return /^\/proc\/(\d+)\//.exec(stdout)?.[1];
  }

  async function eventually<Value>(what: string, find: () => Value | undefined): Promise<Value> {
    const end = Date.now() + patienceMs;
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (Date.now() > end) throw new Error(`never: ${what}: ${lab.journal('*.service')}`);
      await sleep(20);
    }
  }

  /** Has a payload be counted out by a unit of this name, restarted in mid-payload. */
  async function runRestarted(name: string, settings: string, flags: string) {
    const output = join(lab.directory, `${name}.out`);
    const state = join(lab.directory, `${name}.state`);
    const words = `--target ${target} --state ${state} --name ${name} ${flags} -- ${program} count ${lines}`;
    lab.installUnit(`${name}.service`, dispatchUnit(words, output, settings));
    lab.systemctl('daemon-reload');
    lab.systemctl('start', name);
    const seen = (): number[] => read(output).split('\n').filter(Boolean).map(Number);
    const cgroups: string[] = [];
    for (let round = 0; round < restarts; round++) {
      const before = seen().length;
      await eventually('more lines', () => (seen().length > before + 20 ? true : undefined));
      cgroups.push(shimCgroup());
      lab.systemctl('restart', name);
    }
    await eventually('its end', () => (lab.property(name, 'ActiveState') === 'failed' ? true : undefined));
    return { seen: seen(), cgroups, errors: read(`${output}.errors`) };
  }

  function shimCgroup(): string {
    const { stdout } = lab.run('sh', [
      '-c',
      'cat $(dirname $(grep -lsa ^deputy-shim$ /proc/[0-9]*/comm))/cgroup',
    ]);
    return stdout.trim();
  }

  const all = Array.from({ length: lines }, (_, line) => line);

  test('`systemctl restart` of it loses no output and no exit code', { timeout: 120_000 }, async () => {
    const { seen, cgroups, errors } = await runRestarted('left', '', '--sigterm leave');
    expect(errors).toBe('');
    // It is told to leave, so that nothing comes twice either.
    expect(seen).toEqual(all);
    expect(lab.property('left', 'ExecMainStatus')).toBe('6');
    for (const cgroup of cgroups) expect(cgroup).toMatch(/^0::\/system\.slice\/deputy-payload-.*\.scope$/m);
  });

  test.each([
    ['killed', '', 'system\\.slice/deputy-payload-.*\\.scope'],
    // Where systemd can't be asked, the shim has a cgroup at the top of what can be seen.
    ['unasked', 'InaccessiblePaths=/usr/bin/systemd-run', 'deputy-payloads'],
  ])('%s by its cgroup it loses none either', { timeout: 120_000 }, async (name, settings, place) => {
    const { seen, cgroups, errors } = await runRestarted(name, `KillSignal=SIGKILL\n${settings}`, '');
    expect(errors).toBe('');
    // What was on its way when the reader died may come twice.
    expect([...new Set(seen)].sort((a, b) => a - b)).toEqual(all);
    expect(lab.property(name, 'ExecMainStatus')).toBe('6');
    for (const cgroup of cgroups) expect(cgroup).toMatch(new RegExp(`^0::/${place}$`, 'm'));
  });

  test('nothing of its scopes is left', { timeout: 120_000 }, async () => {
    // systemd removes one with its last process.
    await eventually('the end of all scopes', () => {
      const { stdout } = lab.run('systemctl', ['list-units', '--plain', '--no-legend', 'deputy-payload-*']);
      return stdout.trim() === '' ? true : undefined;
    });
  });
});

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
