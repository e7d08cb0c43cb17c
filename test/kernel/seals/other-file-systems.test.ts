import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { fileSystemId, olderUuidOf } from '../../../adapters/linux/file-system-id.js';
import { isFileSystemRoot } from '../../../adapters/linux/file-system-root.js';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { makeScene } from '../support/scene.js';
import { targetId } from '../support/share.js';
import { O } from '../support/trap-thread.js';

/** How each is made, how small it may be (the file is sparse), and the bytes of its own handles. */
const kinds = {
  xfs: { command: 'mkfs.xfs', options: ['-q', '-f'], size: '320M', handleBytes: 12 },
  btrfs: { command: 'mkfs.btrfs', options: ['-q', '-M'], size: '128M', handleBytes: 20 },
} as const;

function missingFor(type: keyof typeof kinds): string[] {
  const missing = [...missingForKernel()];
  if (missing.length > 0) return missing;
  const isKnown = readFileSync('/proc/filesystems', 'utf8').includes(`\t${type}\n`);
  const { status } = spawnSync('sh', ['-c', `command -v ${kinds[type].command} && losetup -f`]);
  return isKnown && status === 0 ? [] : [`${type} in the kernel, ${kinds[type].command} and a loop device`];
}

for (const type of ['xfs', 'btrfs'] as const) {
  describeWhen(missingFor(type), `sealed handles on ${type}`, () => {
    const scene = makeScene({ confinement: 'sealed' });
    const endings: (() => unknown)[] = [];
    afterEach(() => {
      for (const end of endings.splice(0).reverse()) end();
    });

    function run(...words: string[]): void {
      const { status, stderr } = spawnSync(words[0] as string, words.slice(1), { encoding: 'utf8' });
      if (status !== 0) throw new Error(`${words.join(' ')}: ${stderr}`);
    }

    function mount(): string {
      const directory = mkdtempSync(join(tmpdir(), `deputy-${type}-`));
      endings.push(() => rmSync(directory, { recursive: true, force: true }));
      chmodSync(directory, 0o755);
      const { command, options, size } = kinds[type];
      const image = join(directory, 'image');
      run('truncate', '-s', size, image);
      run(command, ...options, image);
      const at = join(directory, 'share');
      mkdirSync(at);
      run('mount', '-o', 'loop', image, at);
      endings.push(() => run('umount', '-l', at));
      const files = `cd "$1" && mkdir folder && printf 'contents of own' > own && ln -s own link
        chown -h ${targetId}:${targetId} . own folder link && printf secret > secret && chmod 600 secret`;
      run('sh', '-ec', files, 'sh', at);
      return at;
    }
    function at<T>(path: string, look: (descriptor: number) => T): T {
      const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
      try {
        return look(descriptor);
      } finally {
        closeSync(descriptor);
      }
    }

    test('open what they were made for, by the id that both requests tell, and nothing else', async () => {
      const share = mount();
      const id = at(share, (one) => fileSystemId(one, type));
      expect(id).toBe(`${type}:${at(share, (one) => olderUuidOf(one, type))}`);
      const target = scene.target();
      for (const name of ['own', 'folder', 'link', 'secret']) await target.must(`alloc ${name} 4096`);
      await scene.confine(target);
      const mountDescriptor = await target.open(share, O.RDONLY | O.DIRECTORY);
      for (const name of ['own', 'folder', 'link', 'secret']) {
        expect(await target.encodeInto(name, `${share}/${name}`), name).toBe(0);
      }
      const hex = await target.handleHex('own');
      expect(Buffer.from(hex, 'hex').readUInt32LE(0)).toBe(kinds[type].handleBytes + 24);
      const open = (name: string, flags: number) => target.openAndDescribe(mountDescriptor, name, flags);
      expect(await open('own', O.RDWR)).toMatchObject({ type: '100000' });
      expect(await open('folder', O.RDONLY | O.DIRECTORY)).toMatchObject({ type: '40000' });
      expect(await open('link', O.PATH | O.NOFOLLOW)).toMatchObject({ type: '120000', flags: '10400000' });
      expect(await open('secret', O.RDONLY)).toBe('EACCES');
      // Neither with a bit flipped, nor without its seal.
      await target.must(
        `put $own+8 ${(Number.parseInt(hex.slice(16, 18), 16) ^ 1).toString(16).padStart(2, '0')}`,
      );
      expect(await open('own', O.RDONLY)).toBe('ESTALE');
      await target.must(`put $own+8 ${hex.slice(16, 18)}`);
      await target.must(`put $own ${kinds[type].handleBytes.toString(16).padStart(2, '0')}`);
      expect(await open('own', O.RDONLY)).toBe('ESTALE');
    });

    test('the root of all of it is told from a part of it', () => {
      const share = mount();
      expect(at(share, (one) => isFileSystemRoot(one, type))).toBe(true);
      if (type !== 'btrfs') return;
      expect(at(join(share, 'folder'), (one) => isFileSystemRoot(one, type))).toBe(false);
      // A subvolume has a root like that of a file system, and handles reach out of it.
      run('btrfs', '-q', 'subvolume', 'create', join(share, 'part'));
      expect(at(join(share, 'part'), (one) => isFileSystemRoot(one, type))).toBe(false);
    });
  });
}
