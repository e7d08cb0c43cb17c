import { chownSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compileTarget } from '../kernel/support/compile.js';
import { targetId } from '../kernel/support/share.js';
import { type AgentStatus, deputyCommand } from '../lab/agent-process.js';
import { checkoutDirectory } from '../lab/paths.js';
import { missingForSystemd, type SystemdLab, startSystemd } from '../lab/systemd.js';
import { describeWhen, isLong } from '../support/describe-when.js';

const unitFile = join(checkoutDirectory(), 'docs/examples/deputy.service');
const socketPath = '/run/deputy/agent.sock';
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (isSo()) return;
    await sleep(100);
  }
  throw new Error(`never: ${what}`);
}

describeWhen(missingForSystemd(), 'the shipped unit under a real systemd', () => {
  let lab: SystemdLab;
  let program: string;
  let share: string;

  beforeAll(async () => {
    lab = await startSystemd();
    program = join(lab.directory, 'handover');
    cpSync(compileTarget('handover'), program);
    share = join(lab.directory, 'share');
    mkdirSync(share);
    writeFileSync(join(share, 'own'), 'contents');
    symlinkSync('own', join(share, 'link'));
    for (const path of [share, join(share, 'own')]) chownSync(path, targetId, targetId);
    lab.installUnit('deputy.service', readFileSync(unitFile, 'utf8'));
    lab.installCommand('deputy', `${process.execPath} ${deputyCommand()}`);
    lab.systemctl('daemon-reload');
    lab.systemctl('start', 'deputy');
  }, 60_000);
  afterAll(() => lab?.stop());

  const handOver = (container: string, form = 'whole'): string =>
    lab.run(program, [form, socketPath, container, share]).stdout.trim();
  const status = (): AgentStatus =>
    JSON.parse(lab.run('deputy', ['status', '--json', '--state', '/var/lib/deputy']).stdout) as AgentStatus;

  test('is active when the agent has said so, with its status', () => {
    expect(lab.property('deputy', 'ActiveState')).toBe('active');
    expect(lab.property('deputy', 'StatusText')).toBe(`serving ${socketPath}`);
    expect(lab.journal('deputy')).toContain(`ready ${socketPath}`);
  });

  test('has only keys that this systemd knows, but for the one that came later', () => {
    const unknown = lab.journal('deputy').match(/Unknown [^,]*/g) ?? [];
    expect([...new Set(unknown.map((text) => text.replace(/ in section.*/, '')))]).toEqual([
      "Unknown key 'FileDescriptorStorePreserve'",
    ]);
    expect(lab.property('deputy', 'FileDescriptorStoreMax')).toBe('2048');
    // 20 less the niceness that may be returned to (getrlimit(2)).
    expect(lab.property('deputy', 'LimitNICE')).toBe('20');
  });

  test('the agent has the capabilities it needs, and no filter of its own', () => {
    const text = readFileInside(`/proc/${lab.property('deputy', 'MainPID')}/status`);
    const field = (name: string): string | undefined =>
      new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(text)?.[1];
    expect(field('CapBnd')).toBe('00000000002800e4');
    expect([field('Seccomp'), field('NoNewPrivs')]).toEqual(['0', '1']);
  });

  test('serves targets: an ordinary open, and an exact one that needs the injector', () => {
    expect(handOver('ordinary')).toBe('open: ok');
    expect(handOver('exact', 'symlink')).toBe('open: ok');
    const counts = status().targets.map(({ counts: { answered, refused, lost } }) => [
      answered,
      refused,
      lost,
    ]);
    // Each has the file named for it, and opened.
    expect(counts).toEqual([
      [2, 0, 0],
      [2, 0, 0],
    ]);
  });

  test("what the unit hides from the agent or makes read-only is the agent's own view, not the target's", () => {
    // The share is below /tmp, which the agent sees a private and empty one of.
    expect(handOver('writing', 'readwrite')).toBe('open: ok');
    const script = `
      mount -t tmpfs private /mnt && mkdir /mnt/share && echo contents > /mnt/share/own
      chown -R ${targetId}:${targetId} /mnt/share
      exec ${program} readwrite ${socketPath} own-mounts /mnt/share
    `;
    const { stdout } = lab.run('unshare', ['--mount', 'sh', '-c', script]);
    expect(stdout.trim()).toBe('open: ok');
  });

  test('systemctl reload makes it read the policy again', { timeout: 60_000 }, async () => {
    lab.systemctl('reload', 'deputy');
    await until('read', () => lab.journal('deputy').includes('the policy was read again'));
    expect(handOver('reloaded')).toBe('open: ok');
  });

  test('killed, it is started again and serves', { timeout: 60_000 }, async () => {
    const before = lab.property('deputy', 'MainPID');
    lab.systemctl('kill', '--kill-who=main', '--signal=SIGKILL', 'deputy');
    await until(
      'another agent',
      () =>
        !['0', before].includes(lab.property('deputy', 'MainPID')) &&
        lab.property('deputy', 'ActiveState') === 'active',
    );
    expect(handOver('after-kill')).toBe('open: ok');
  });

  test('restarted and stopped, it ends well and leaves no process', { timeout: 60_000 }, () => {
    lab.systemctl('restart', 'deputy');
    expect(handOver('after-restart')).toBe('open: ok');
    lab.systemctl('stop', 'deputy');
    expect(lab.property('deputy', 'Result')).toBe('success');
    const cgroup = '/sys/fs/cgroup/system.slice/deputy.service';
    expect(lab.run('test', ['-e', cgroup]).status).toBe(1);
    // Its file stays as long as the stored socket may: runtimes wait there for the next start.
    expect(lab.run('test', ['-e', socketPath]).status).toBe(0);
  });

  test.skipIf(!isLong)(
    'no capability can be left out, and a filter takes exact opens away',
    {
      timeout: 120_000,
    },
    () => {
      const works = (setting: string): string => {
        lab.installUnit('deputy.service.d/less.conf', `[Service]\n${setting}\n`);
        lab.systemctl('daemon-reload');
        const { status } = lab.run('systemctl', ['restart', 'deputy']);
        const outcome =
          status === 0 ? `${handOver('less')}, ${handOver('less-exact', 'symlink')}` : 'no start';
        lab.systemctl('stop', 'deputy');
        return outcome;
      };
      expect(works('')).toBe('open: ok, open: ok');
      const capabilities = /^CapabilityBoundingSet=(.*)$/m
        .exec(readFileSync(unitFile, 'utf8'))?.[1]
        ?.split(' ');
      expect(capabilities).toHaveLength(6);
      for (const name of capabilities ?? []) {
        expect(works(`CapabilityBoundingSet=~${name}`), name).not.toBe('open: ok, open: ok');
      }
      expect(works('LockPersonality=yes')).toBe('open: ok, open: EPERM');
    },
  );

  function readFileInside(path: string): string {
    return lab.run('cat', [path]).stdout;
  }
});
