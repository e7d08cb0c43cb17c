import { describe, expect, test } from 'vitest';
import { type OpenShare, standsFor } from '../../../../adapters/broker/shares.js';
import { parseShare } from '../../../../adapters/cli/commands/broker.js';
import { parseGroups } from '../../../../adapters/cli/peer-options.js';
import { parsePlacedMount } from '../../../../adapters/linux/mount-information.js';

/** A line of mountinfo: what one container has of a volume. */
const line = (options: string, root = '/volumes/one', device = '259:3', id = 70): string =>
  `${id} 60 ${device} ${root} /share ${options} shared:9 - ext4 /dev/nvme0n1p3 rw,errors=remount-ro`;

function mount(options = 'rw,nosuid,nodev', root?: string, device?: string) {
  const found = parsePlacedMount(`1 1 0:1 / / rw - tmpfs none rw\n${line(options, root, device)}`, 70);
  if (found === undefined) throw new Error('there is no such mount');
  return found;
}

function share(options?: string, root?: string, device?: string): OpenShare {
  const place = { name: 'data', path: '/share', targetPath: '/share' };
  return { ...place, descriptor: -1, mount: mount(options, root, device), fileSystemId: 'ext4:1' };
}

describe('a mount of mountinfo', () => {
  test('has its place, its device and its own options', () => {
    expect(mount('ro,nodev')).toMatchObject({
      device: '259:3',
      options: ['ro', 'nodev'],
      entry: { mountId: 70, root: '/volumes/one', mountPoint: '/share', fileSystemType: 'ext4' },
    });
    expect(parsePlacedMount(line('rw'), 7)).toBeUndefined();
  });
});

describe('a share of the broker stands for a mount of the target', () => {
  test('that is the same part of the same file system', () => {
    expect(standsFor(share(), mount())).toBe(true);
    expect(standsFor(share(), mount('rw,nosuid,nodev', '/volumes'))).toBe(false);
    expect(standsFor(share(), mount('rw,nosuid,nodev', '/volumes/one/deeper'))).toBe(false);
    expect(standsFor(share(), mount('rw,nosuid,nodev', '/volumes/one', '259:4'))).toBe(false);
  });

  test.each(['ro', 'nosuid', 'nodev', 'noexec', 'nosymfollow'])(
    'only if it is %s where that is',
    (option) => {
      expect(standsFor(share('rw,relatime'), mount(`${option},relatime`))).toBe(false);
      expect(standsFor(share(`${option},relatime`), mount(`${option},relatime`))).toBe(true);
      // More may be taken away: that opens nothing.
      expect(standsFor(share(`${option},relatime`), mount('rw,relatime'))).toBe(true);
    },
  );

  test('only with ids mapped in both, or in none', () => {
    expect(standsFor(share('rw,idmapped'), mount('rw'))).toBe(false);
    expect(standsFor(share('rw'), mount('rw,idmapped'))).toBe(false);
    expect(standsFor(share('rw,idmapped'), mount('rw,idmapped'))).toBe(true);
  });
});

describe('the command line of a broker', () => {
  test('names shares, each once', () => {
    const one = parseShare('data=/share');
    expect(one).toEqual([{ name: 'data', path: '/share', targetPath: '/share' }]);
    expect(parseShare('more=/a:/b', one)[1]).toEqual({ name: 'more', path: '/a', targetPath: '/b' });
    expect(() => parseShare('data=/other', one)).toThrow('there is a share data already');
  });

  test.each(['', 'data', '=/share', 'data=share', 'data=/a:b', 'a/b=/c', 'data=/a:/b:/c'])(
    'refuses %j',
    (text) => {
      expect(() => parseShare(text)).toThrow('is wanted');
    },
  );

  test('takes groups as numbers', () => {
    expect(parseGroups('5,6')).toEqual([5, 6]);
    for (const text of ['', 'a', '5,', '-1', '4294967295']) expect(() => parseGroups(text), text).toThrow();
  });
});
