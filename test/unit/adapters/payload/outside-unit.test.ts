import { expect, test } from 'vitest';
import { outsideFolders } from '../../../../adapters/payload/outside-unit.js';

const unified = (root: string, mountPoint: string): string =>
  `31 23 0:28 ${root} ${mountPoint} rw - cgroup2 cgroup2 rw,nsdelegate`;
const named = '37 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd';
const memory = '34 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory';

test('out of a unit: beside everything', () => {
  const folders = outsideFolders(['0::/system.slice/deputy.service'], unified('/', '/sys/fs/cgroup'));
  expect(folders).toEqual(['/sys/fs/cgroup/deputy-payloads']);
});

test('in the root there is nothing to leave', () => {
  expect(outsideFolders(['0::/'], unified('/', '/sys/fs/cgroup'))).toEqual([]);
});

test("out of a pod with a cgroup namespace of its own, by a mount of the host's", () => {
  const mounts = [unified('/', '/sys/fs/cgroup'), unified('/../../..', '/host/cgroup')].join('\n');
  expect(outsideFolders(['0::/'], mounts)).toEqual(['/host/cgroup/deputy-payloads']);
});

test('version 1: those by which units end, none that only counts', () => {
  const cgroups = [
    '4:memory:/system.slice/deputy.service',
    '9:name=systemd:/system.slice/deputy.service',
    '0::/x',
  ];
  const mounts = [named, memory, unified('/', '/sys/fs/cgroup/unified')].join('\n');
  expect(outsideFolders(cgroups, mounts)).toEqual([
    '/sys/fs/cgroup/systemd/deputy-payloads',
    '/sys/fs/cgroup/unified/deputy-payloads',
  ]);
});

test('without a mounted hierarchy there is no way out', () => {
  expect(outsideFolders(['0::/system.slice/deputy.service'], '')).toEqual([]);
});
