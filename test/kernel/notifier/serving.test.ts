import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { replayStateDirectory } from '../../support/replay.js';
import { intrude } from '../broker/support/intrude.js';
import { compileTarget } from '../support/compile.js';
import { targetId } from '../support/share.js';
import { until } from '../takeover/support/agent-tree.js';
import { NotifierProcess } from './support/notifier-process.js';
import { WrappedTarget } from './support/wrapped.js';

const EPERM = 1;
const EACCES = 13;
const O_RDWR = 2;
const O_PATH = 0o10000000;
const O_NOFOLLOW = 0o400000;
/** What fcntl(2) gives beside what was asked for: O_LARGEFILE and O_NOFOLLOW's own. */
const beside = ~0o500000;
const readSearch = 1n << 2n;

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
  return text.split(' ').filter(Boolean).map(Number);
}

describeWhen(missingForKernel(), 'a sidecar for programs that deputy-wrap runs', () => {
  for (const form of ['kubernetes', 'oci'] as const) {
    describe(`started as in ${form}`, () => {
      const sidecar = new NotifierProcess({ form });
      let target: WrappedTarget;
      beforeAll(async () => {
        await sidecar.start();
        target = new WrappedTarget(compileTarget('wrapped'), sidecar.socketPath, sidecar.share);
        await target.started();
      });
      afterAll(async () => {
        await target.process.end();
        await sidecar.end();
      });

      test('opens what the target may, as that', async () => {
        for (const [name, flags] of [
          ['own', 0],
          ['own', O_RDWR],
          ['public', 0],
        ] as const) {
          const opened = await target.open(name, flags);
          const { ino } = statSync(join(sidecar.share, name));
          expect(opened).toMatchObject({ named: 0, opened: 0, inode: ino, text: `contents of ${name}` });
          expect(opened.flags & beside).toBe(flags);
          // The kernel's own are 8 bytes on ext4, 12 on tmpfs: these are sealed.
          expect(opened.bytes).toBeGreaterThan(24);
        }
        expect(await target.open('secret')).toMatchObject({ named: 0, opened: EACCES });
        expect(await target.open('public', O_RDWR)).toMatchObject({ opened: EACCES });
        expect(await target.open('fifo')).toMatchObject({ opened: EPERM });
        expect(await target.open('nowhere')).toMatchObject({ named: 2 });
      });

      test('gives O_PATH descriptors: of files and directories at once, of links by injection', async () => {
        for (const name of ['own', 'folder']) {
          const { ino } = statSync(join(sidecar.share, name));
          expect(await target.open(name, O_PATH)).toMatchObject({ opened: 0, inode: ino });
        }
        const link = await target.open('link', O_PATH | O_NOFOLLOW);
        expect(link).toMatchObject({ opened: 0, text: 'own' });
        expect(link.flags & O_PATH).toBe(O_PATH);
      });

      test('refuses what takes an injector where a filter of its own would be in the way, with the reason', async () => {
        const before = ['env', 'OWN_FILTER=1'];
        const own = new WrappedTarget(compileTarget('wrapped'), sidecar.socketPath, sidecar.share, before);
        await own.started();
        expect(await own.open('own', O_PATH)).toMatchObject({ opened: 0 });
        expect(await own.open('link', O_PATH | O_NOFOLLOW)).toMatchObject({ named: 0, opened: EPERM });
        await own.process.end();
        const refused = (): unknown[] => sidecar.events().filter(({ type }) => type === 'request.refused');
        await until(
          () => JSON.stringify(refused()).includes('DEPUTY_E_REFUSED_INJECTION_UNAVAILABLE'),
          'the event',
        );
      });

      test('has DAC_READ_SEARCH alone, as the target, in every thread of every process', () => {
        const processes = [sidecar.pid, ...childrenOf(sidecar.pid)];
        expect(processes.length).toBeGreaterThanOrEqual(3);
        for (const pid of processes) {
          for (const task of readdirSync(`/proc/${pid}/task`)) {
            const status = readFileSync(`/proc/${pid}/task/${task}/status`, 'latin1');
            const field = (name: string): string =>
              new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(status)?.[1] ?? '';
            expect(field('Uid').split('\t')).toEqual(Array(4).fill(`${targetId}`));
            expect(field('Gid').split('\t')).toEqual(Array(4).fill(`${targetId}`));
            expect(field('Groups').trim()).toBe('');
            for (const set of ['CapPrm', 'CapEff', 'CapInh', 'CapAmb']) {
              expect(BigInt(`0x${field(set)}`) & ~readSearch, `${pid} ${set}`).toBe(0n);
            }
            expect(field('NoNewPrivs')).toBe('1');
            expect(Number(field('Seccomp_filters')), `filters of ${pid}`).toBeGreaterThan(0);
          }
          // The target has their user, and does not get at them.
          const words = [
            `--reuid=${targetId}`,
            `--regid=${targetId}`,
            '--clear-groups',
            '--bounding-set=-all',
          ];
          const look = ['sh', '-c', `cat /proc/${pid}/environ; ls /proc/${pid}/fd /proc/${pid}/root/`];
          const { stdout, stderr } = spawnSync('setpriv', [...words, ...look], { encoding: 'utf8' });
          expect(stdout).toBe('');
          expect(stderr.match(/Permission denied/g)).toHaveLength(3);
        }
      });
    });
  }

  test('what an intruder gains who is executed into the container: reading, and not the sidecar', async () => {
    const sidecar = await new NotifierProcess({ cgroup: 'other' }).start();
    for (const form of ['kubernetes', 'oci'] as const) {
      for (const pid of [sidecar.pid, sidecar.supervisor]) {
        const { share, stateDirectory, socketPath } = sidecar;
        const gained = intrude(form, { pid, share, stateDirectory, socketPath }, false);
        // This is the capability, and why nobody but the sidecar should run there.
        expect(gained).toMatchObject({ named: 0, opened: 'contents of secret', keys: 'true' });
        for (const attack of ['seize', 'copies']) expect(gained[attack], attack).toBeLessThan(0);
        for (const place of ['memory', 'environment', 'root', 'descriptors']) {
          expect(gained[place], `${form}: ${place} of ${pid}`).toBe('EACCES');
        }
      }
    }
    await sidecar.end();
  });

  test('ends when it is told to, and the next goes on with the same program and the same handles', async () => {
    const sidecar = await new NotifierProcess().start();
    const target = new WrappedTarget(compileTarget('wrapped'), sidecar.socketPath, sidecar.share);
    await target.started();
    const { bytes } = await target.open('own');
    expect(await sidecar.stop()).toBe(0);
    // Nobody is there: it waits, and is answered by whoever comes.
    const waiting = target.open('own');
    await sidecar.start();
    expect(await waiting).toMatchObject({ opened: 0, bytes, text: 'contents of own' });
    expect(await target.process.end()).toBe(7);
    await until(() => sidecar.events().some(({ type }) => type === 'delegation.released'), 'its end');
    expect(sidecar.events().filter(({ type }) => type === 'delegation.requested')).toHaveLength(1);
    await sidecar.stop();
    replayStateDirectory(sidecar.stateDirectory);
    await sidecar.end();
  });

  test('with its state gone it serves the program all the same, as a new one: old handles are not its own', async () => {
    const sidecar = await new NotifierProcess().start();
    const target = new WrappedTarget(compileTarget('wrapped'), sidecar.socketPath, sidecar.share);
    await target.started();
    expect(await target.open('own')).toMatchObject({ opened: 0 });
    await sidecar.killAll();
    rmSync(sidecar.stateDirectory, { recursive: true });
    await sidecar.start();
    expect(await target.open('own')).toMatchObject({ opened: 0, text: 'contents of own' });
    await target.process.end();
    await sidecar.end();
  });
});
