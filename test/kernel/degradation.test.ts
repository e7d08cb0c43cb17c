import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DeputyEvent } from '../../core/events/event.js';
import { deputyCommand, runDeputy } from '../lab/agent-process.js';
import { labRootfs } from '../lab/paths.js';
import { describeWhen, missingForKernel } from '../support/describe-when.js';
import { eventsOf } from './support/request-events.js';
import { makeScene } from './support/scene.js';
import { O } from './support/trap-thread.js';
import { sleep, until } from './takeover/support/agent-tree.js';

const type = 'delegation.degraded';
const patienceMs = 20_000;

describeWhen(missingForKernel(), 'a target that stops using handles', () => {
  const scene = makeScene({ confinement: 'sealed', degradation: { afterMs: 2_000, silentMs: 6_000 } });

  test('is told of once for each spell, and has a line in the status while it lasts', {
    timeout: 90_000,
  }, async () => {
    const target = scene.target();
    await target.must('alloc own 4096');
    await scene.confine(target);
    const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
    const { stateDirectory } = scene.agent;
    const degraded = async (): Promise<DeputyEvent[]> =>
      (await eventsOf(stateDirectory, target.container)).filter((event) => event.type === type);
    const status = (): string => runDeputy(['status', '--state', stateDirectory]).stdout;
    const name = (): Promise<unknown> => target.encodeInto('own', 'own');
    const open = (): Promise<unknown> => target.openAndDescribe(mount, 'own', O.RDONLY);
    const repeat = async (call: () => Promise<unknown>, isOver: () => Promise<boolean>): Promise<void> => {
      const end = performance.now() + patienceMs;
      while (!(await isOver())) {
        if (performance.now() > end) throw new Error('waited in vain');
        await call();
        await sleep(100);
      }
    };
    await name();
    await open();
    // It falls back: it asks for handles, and opens nothing by them.
    await repeat(name, async () => (await degraded()).length > 0);
    const [first] = await degraded();
    expect(first?.data).toMatchObject({ reason: 'named-only', opened: 1, code: 'DEPUTY_E_TARGET_DEGRADED' });
    expect(status()).toContain('\n  degraded: ');
    // It opens again, and the spell is over.
    await repeat(open, async () => !status().includes('degraded: '));
    expect(await degraded()).toHaveLength(1);
    // And it is still there, and makes no call.
    await repeat(
      () => sleep(200),
      async () => (await degraded()).length > 1,
    );
    await sleep(2_500);
    expect((await degraded()).map(({ data }) => (data as { reason: string }).reason)).toEqual([
      'named-only',
      'silent',
    ]);
  });
});

const linker = join(labRootfs(), 'usr/lib64/ld-linux-x86-64.so.2');
const missingVirtiofsd = existsSync(linker) ? [] : ["the lab's virtiofsd"];

describeWhen(
  [...missingForKernel(), ...missingVirtiofsd],
  'virtiofsd with --inode-file-handles=prefer',
  () => {
    const directory = mkdtempSync(join(tmpdir(), 'deputy-prefer-'));
    const [share, state, socket] = ['share', 'state', 'socket'].map((name) => join(directory, name));
    let child: ChildProcess | undefined;
    beforeAll(() => {
      chmodSync(directory, 0o755);
      for (const path of [share, socket]) {
        mkdirSync(path as string);
        chmodSync(path as string, 0o777);
      }
      const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'mode=777', 'prefer', share as string]);
      expect(mounted.status).toBe(0);
    });
    afterAll(async () => {
      if (child?.exitCode === null) {
        const exited = new Promise((resolve) => child?.once('close', resolve));
        child.kill('SIGTERM');
        await exited;
      }
      spawnSync('umount', ['-l', share as string]);
      rmSync(directory, { recursive: true, force: true });
    });

    test('falls back without a word for its guest, and deputy tells', { timeout: 90_000 }, async () => {
      const policy = join(directory, 'policy.json');
      // Not the share's file system, so that its first open by handle is refused.
      const defaults = { filesystems: ['ext4'], degradation: { afterMs: 1_000 } };
      writeFileSync(policy, JSON.stringify({ version: 1, defaults }));
      const words = ['--sandbox=none', '--inode-file-handles=prefer', '--seccomp=none', '--log-level=warn'];
      words.push(`--shared-dir=${share}`, `--socket-path=${join(socket as string, 'vfs.sock')}`);
      const root = labRootfs();
      const libraries = `${root}/usr/lib/x86_64-linux-gnu`;
      const program = [linker, '--library-path', libraries, `${root}/usr/libexec/virtiofsd`, ...words];
      const run = ['run', '--policy', policy, '--state', state as string, '--', ...program];
      child = spawn(process.execPath, [deputyCommand(), ...run], { stdio: ['ignore', 'ignore', 'pipe'] });
      let said = '';
      child.stderr?.on('data', (bytes: Buffer) => {
        said += bytes.toString();
      });
      await until(() => said.includes('disabling file handles altogether'), 'its word on handles');
      const seen = (): DeputyEvent[] =>
        runDeputy(['events', '--state', state as string, '--json', '--type', type])
          .stdout.split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line) as DeputyEvent);
      await until(() => seen().length > 0, 'the event', patienceMs);
      expect(child.exitCode).toBeNull();
      expect(seen().map(({ data }) => data)).toEqual([
        expect.objectContaining({ reason: 'never-opened', opened: 0, errno: 'EPERM' }),
      ]);
    });
  },
);
