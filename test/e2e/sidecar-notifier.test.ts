import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { until } from '../kernel/takeover/support/agent-tree.js';
import { deputyCommand } from '../lab/agent-process.js';
import { targetUid } from '../lab/bundle.js';
import { type Child, runChild, sleep, startChild } from '../lab/child.js';
import { startContainer } from '../lab/container.js';
import { type LabHost, openLabHost } from '../lab/lab-host.js';
import { missingLabParts } from '../lab/lab-status.js';
import { checkoutDirectory } from '../lab/paths.js';
import { crunCommand, ownedFolder, writeSidecarBundle } from '../lab/sidecar-bundle.js';
import { describeWhen, isLong } from '../support/describe-when.js';

const needed = ['root', 'crun', 'unshare', 'temporary folder', 'container root'];
const name = 'notifier';
const socketPath = '/sock/notifier.sock';
/** How often the sidecar's container is killed, all of it, while a program calls. */
const kills = isLong ? 100 : 2;
const O_PATH = '10400000';

/** A share with files of the target's and of root's, the wrapper, and programs that know nothing of deputy. */
function makeShare(host: LabHost): string {
  const share = ownedFolder(join(host.directory, 'volume'));
  for (const program of ['wrapped', 'steady']) {
    const source = join(checkoutDirectory(), 'test/targets', `${program}.c`);
    const words = ['-O1', '-static', '-pthread', '-o', join(share, program), source];
    const gcc = spawnSync('gcc', words, { encoding: 'utf8' });
    if (gcc.status !== 0) throw new Error(`gcc: ${gcc.stderr}`);
  }
  const copy = [deputyCommand(), 'sidecar', 'wrap', join(share, 'deputy-wrap')];
  expect(spawnSync(process.execPath, copy, { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  for (const [file, owner] of [
    ['own', targetUid],
    ['secret', 0],
  ] as const) {
    writeFileSync(join(share, file), `contents of ${file}`);
    chownSync(join(share, file), owner, owner);
    chmodSync(join(share, file), 0o600);
  }
  ownedFolder(join(share, 'folder'));
  symlinkSync('own', join(share, 'link'));
  return share;
}

describeWhen(missingLabParts(needed), 'a notifier that crun runs, as rendered', () => {
  test(`serves unmodified programs beside it, and loses no call of theirs in ${kills} kills of its container`, {
    timeout: isLong ? 1_200_000 : 120_000,
  }, async () => {
    const host = await openLabHost();
    const crun = crunCommand(host);
    let sidecar: Child | undefined;
    const remove = async (): Promise<void> => {
      await runChild(...crun('delete', '--force', name), 20_000);
      // `crun run` takes away what has its container's name when that has ended: not the next one.
      await sidecar?.exited;
    };
    try {
      const share = makeShare(host);
      const args = ['/bin/busybox', 'sleep', '3600'];
      const target = await startContainer({ runtime: 'crun', host, args, shareDirectory: share });
      const bundle = writeSidecarBundle(host, target, name, ['--form', 'notifier', '--socket', socketPath]);
      const start = async (): Promise<void> => {
        const child = startChild(...crun('run', '--bundle', bundle, '--pid-file', join(bundle, 'pid'), name));
        sidecar = child;
        await until(() => child.stdout.includes(`ready ${socketPath}`), 'the sidecar', 30_000).catch(() => {
          throw new Error(child.stderr.join('\n'));
        });
      };
      await start();
      const wrap = ['/share/deputy-wrap', socketPath, '--'];
      const files = ['own', '0', 'secret', '0', 'link', O_PATH];
      const once = await target.exec([...wrap, '/share/wrapped', '/share', ...files]);
      expect(once.stderr).toEqual([]);
      const [, own, secret, link] = once.stdout.map((line) => JSON.parse(line));
      expect(own).toMatchObject({ named: 0, opened: 0, text: 'contents of own' });
      expect(secret).toMatchObject({ named: 0, opened: 13 });
      expect(link).toMatchObject({ opened: 0, text: 'own' });
      const status = readFileSync(`/proc/${readFileSync(join(bundle, 'pid'), 'utf8')}/status`, 'latin1');
      for (const set of ['Prm', 'Eff', 'Bnd'])
        expect(status).toMatch(new RegExp(`^Cap${set}:\\s*0{15}4$`, 'm'));
      expect(status).toMatch(/^Uid:\s*107\s+107\s+107\s+107$/m);
      expect(status).toMatch(/^Seccomp_filters:\s*1$/m);

      let over = false;
      const steady = ['/share/steady', '-', 'steady', '/share', 'killable', '4'];
      // As long as the kills take, and a little more: it is told to end by a file that comes.
      const words = ['/bin/busybox', 'env', 'UNTIL=/share/stop', ...wrap, ...steady];
      const running = target.exec(words, isLong ? 1_000_000 : 90_000).finally(() => {
        over = true;
      });
      // Awaited below; until then its failure is nobody's.
      running.catch(() => undefined);
      for (let round = 0; round < kills; round++) {
        await sleep(300);
        expect(over, 'the program goes on').toBe(false);
        await remove();
        await start();
      }
      await sleep(300);
      writeFileSync(join(share, 'stop'), '');
      const { stdout, stderr, code } = await running;
      expect(stderr).toEqual([]);
      expect(code).toBe(0);
      const end = JSON.parse(stdout.at(-1) ?? '{}');
      expect(end).toMatchObject({ end: true, wrong: 0, enosys: 0, interrupted: 0 });
      const stallSeconds = end.longestUs / 1e6;
      console.log(
        `${kills} kills: ${end.calls} calls, ${end.wrong} wrong, longest ${stallSeconds.toFixed(2)} s`,
      );
      await target.delete();
    } finally {
      await runChild(...crun('delete', '--force', name), 20_000);
      sidecar?.process.kill('SIGKILL');
      await host.close();
    }
  });
});
