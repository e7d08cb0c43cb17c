import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { probeHandles } from '../../../adapters/file-handle/index.js';
import type { HandleObservations } from '../../../core/file-handles/observations.js';
import { wayOf } from '../../../core/file-handles/ways.js';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { compileTarget } from '../support/compile.js';
import { LineProcess } from '../support/line-process.js';

const EPERM = -1;
const ESTALE = -116;
const EOPNOTSUPP = -95;
const someId = 107;
const endings: (() => unknown)[] = [];

function run(...words: string[]): void {
  const { status, stderr } = spawnSync(words[0] as string, words.slice(1), { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${words.join(' ')}: ${stderr}`);
}

/** A folder that goes when the test ends, and what is mounted there before. */
function folder(): string {
  const directory = mkdtempSync(join(tmpdir(), 'deputy-probe-'));
  chmodSync(directory, 0o755);
  endings.push(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function mounted(at: string, ...options: string[]): string {
  mkdirSync(at, { recursive: true });
  run('mount', ...options, at);
  endings.push(() => run('umount', '-l', at));
  mkdirSync(join(at, 'below'), { recursive: true });
  writeFileSync(join(at, 'file'), 'text');
  run('chown', '-R', `${someId}:${someId}`, at);
  return at;
}

function image(type: 'ext4' | 'xfs' | 'btrfs'): string {
  const directory = folder();
  const file = join(directory, 'image');
  run('truncate', '-s', '320M', file);
  run(`mkfs.${type}`, ...(type === 'btrfs' ? ['-q', '-M'] : ['-q']), file);
  return mounted(join(directory, 'at'), '-o', 'loop', file);
}

function overlay(options: string): string {
  const directory = mounted(join(folder(), 'parts'), '-t', 'tmpfs', 'parts');
  for (const name of ['lower', 'upper', 'work']) mkdirSync(join(directory, name));
  const parts = `lowerdir=${directory}/lower,upperdir=${directory}/upper,workdir=${directory}/work`;
  return mounted(join(folder(), 'at'), '-t', 'overlay', 'overlay', '-o', `${parts}${options}`);
}

function missingFor(type: string): string[] {
  const missing = [...missingForKernel()];
  if (missing.length > 0) return missing;
  const isKnown = readFileSync('/proc/filesystems', 'utf8').includes(`\t${type}\n`);
  const { status } = spawnSync('sh', ['-c', `command -v mkfs.${type} && losetup -f`]);
  return isKnown && status === 0 ? [] : [`${type} in the kernel, mkfs.${type} and a loop device`];
}

/** The relaxation of Linux 6.11. */
function hasRelaxation(): boolean {
  const [major = 0, minor = 0] = readFileSync('/proc/sys/kernel/osrelease', 'utf8').split('.').map(Number);
  return major > 6 || (major === 6 && minor >= 11);
}
const missingForNative = (): string[] => [...missingForKernel(), ...(hasRelaxation() ? [] : ['Linux 6.11'])];

/** It is no more than that: O_DIRECTORY, and directories. */
function expectDirectoriesOnly(seen: HandleObservations): void {
  expect(seen).toMatchObject({ directory: 0, sealed: 0, below: 0 });
  expect(seen).toMatchObject({ plain: EPERM, path: EPERM, file: EPERM, 'file-directory': ESTALE });
  expect(wayOf.nativeDirectories.judge(seen)).toMatchObject({ possible: true });
  expect(wayOf.sealedByDeputy.judge(seen).reason).toContain('nothing but directories');
}

function tellNo(seen: HandleObservations): { reason: string; remedy: string } {
  const { possible, reason, remedy = '' } = wayOf.nativeDirectories.judge(seen);
  expect(possible, JSON.stringify(seen)).toBe(false);
  return { reason, remedy };
}

afterEach(() => {
  for (const end of endings.splice(0).reverse()) end();
});

for (const type of ['ext4', 'xfs', 'btrfs'] as const) {
  describeWhen([...missingFor(type), ...missingForNative()], `a probe of ${type}`, () => {
    test('its directories open natively where owners are mapped, by their own ids or an idmapped mount', async () => {
      const path = image(type);
      expectDirectoriesOnly(await probeHandles({ kind: 'directory', path }));
      expectDirectoriesOnly(await probeHandles({ kind: 'idmapped', path }));
    });
  });
}

describeWhen(missingForNative(), 'a probe of opens by handle', () => {
  test('tmpfs: of a host, by an idmapped mount, and one that the namespace mounts itself', async () => {
    const path = mounted(join(folder(), 'at'), '-t', 'tmpfs', 'probe');
    expectDirectoriesOnly(await probeHandles({ kind: 'directory', path }));
    expectDirectoriesOnly(await probeHandles({ kind: 'idmapped', path }));
    expectDirectoriesOnly(await probeHandles({ kind: 'own', fileSystemType: 'tmpfs' }));
  });

  test('overlayfs: no handles, and with nfs_export handles that only deputy opens', async () => {
    const plain = await probeHandles({ kind: 'directory', path: overlay('') });
    expect(plain.encode).toBe(EOPNOTSUPP);
    expect(tellNo(plain).remedy).toContain('nfs_export');
    expect(wayOf.sealedByDeputy.judge(plain).possible).toBe(false);
    const path = overlay(',index=on,nfs_export=on');
    const exported = await probeHandles({ kind: 'directory', path });
    expect(exported).toMatchObject({ directory: ESTALE, sealed: ESTALE, plain: EPERM });
    expect(tellNo(exported).reason).toContain('ESTALE');
    expect(wayOf.sealedByDeputy.judge(exported).possible).toBe(true);
    const mapped = await probeHandles({ kind: 'idmapped', path });
    if ((mapped.mount_setattr ?? 0) < 0) expect(tellNo(mapped).reason).toContain('idmapped mount');
  });

  test('fuse: what is answered is judged, whatever the server can do', async () => {
    const at = folder();
    const server = new LineProcess(compileTarget('fuse-stall'), [at]);
    await server.next('ready');
    try {
      const seen = await probeHandles({ kind: 'directory', path: at });
      expect(seen.open).toBeGreaterThanOrEqual(0);
      expect(seen.directory, JSON.stringify(seen)).toBeDefined();
      expect(seen.file ?? EPERM).toBe(EPERM);
      const { possible, reason } = wayOf.nativeDirectories.judge(seen);
      expect(possible).toBe(seen.directory === 0 && seen.sealed === 0);
      expect(reason.length).toBeGreaterThan(10);
    } finally {
      await server.end();
      spawnSync('umount', ['-l', at]);
    }
  });

  test('owners that are not mapped, and mounts that lie below: a reason and a remedy each', async () => {
    const at = mounted(join(folder(), 'at'), '-t', 'tmpfs', 'probe');
    run('chown', '0:0', at);
    run('mount', '-t', 'tmpfs', 'inner', join(at, 'below'));
    endings.push(() => run('umount', '-l', join(at, 'below')));
    const locked = await probeHandles({ kind: 'directory', path: at });
    expect(locked.directory).toBe(EPERM);
    expect(tellNo(locked).remedy).toContain('without mounts below it');
    // Its own folder is mapped, and one below is another's.
    const other = mounted(join(folder(), 'other'), '-t', 'tmpfs', 'probe');
    run('chown', '0:0', join(other, 'below'));
    const foreign = await probeHandles({ kind: 'directory', path: other });
    expect(foreign).toMatchObject({ directory: 0, below: ESTALE });
  });

  test('a directory that is not there, and a type that no namespace may mount', async () => {
    await expect(probeHandles({ kind: 'directory', path: '/nowhere' })).rejects.toThrow('ENOENT');
    const ext4 = await probeHandles({ kind: 'own', fileSystemType: 'ext4' });
    expect(ext4.mount).toBeLessThan(0);
    expect(tellNo(ext4)).toMatchObject({ remedy: 'Probe a directory of it instead.' });
  });
});
