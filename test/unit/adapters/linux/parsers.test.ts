import { describe, expect, test } from 'vitest';
import { parseMountEntry } from '../../../../adapters/linux/mount-information.js';
import { credentialsAreFixed, parseThreadStatus } from '../../../../adapters/linux/thread-status.js';

const status = `Name:\tevil\\nUid:\t0 0 0 0
Tgid:\t12
TracerPid:\t0
Uid:\t107\t107\t107\t107
Gid:\t108\t108\t108\t108
Groups:\t4 24 108 
CapPrm:\t0000000000000000
CapEff:\t0000000000000000
NoNewPrivs:\t1
`;

describe('/proc/TID/status', () => {
  test('a name that imitates a field changes nothing', () => {
    expect(parseThreadStatus(status)).toEqual({
      name: 'evil\\nUid:\t0 0 0 0',
      threadGroupId: 12,
      tracerPid: 0,
      userIds: [107, 107, 107, 107],
      groupIds: [108, 108, 108, 108],
      groups: [4, 24, 108],
      effectiveCapabilities: 0n,
      permittedCapabilities: 0n,
      noNewPrivileges: true,
    });
  });

  test('no groups are an empty list', () => {
    expect(parseThreadStatus(status.replace('4 24 108', '')).groups).toEqual([]);
  });

  test.each([
    ['as it is', status, true],
    ['without no_new_privs', status.replace('NoNewPrivs:\t1', 'NoNewPrivs:\t0'), false],
    ['with a capability', status.replace('CapPrm:\t0000000000000000', 'CapPrm:\t0000000000000004'), false],
    ['with a saved uid', status.replace('107\t107\t107\t107', '107\t107\t0\t107'), false],
    ['with another group', status.replace('108\t108\t108\t108', '108\t108\t108\t5'), false],
    ['as root', status.replace('107\t107\t107\t107', '0\t0\t0\t0'), false],
  ])('credentials are fixed or not: %s', (_, text, expected) => {
    expect(credentialsAreFixed(parseThreadStatus(text))).toBe(expected);
  });
});

describe('/proc/TID/mountinfo', () => {
  const text = [
    '27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw',
    '127 27 0:50 /sub\\040folder /mnt/with\\040space\\011tab rw - tmpfs tmpfs rw,size=1k',
    '128 27 0:51 / /plain\\134name rw - fuse.name - rw',
  ].join('\n');

  test('a mount is found by its whole id, its paths are unescaped', () => {
    expect(parseMountEntry(text, 127)).toEqual({
      mountId: 127,
      root: '/sub folder',
      mountPoint: '/mnt/with space\ttab',
      fileSystemType: 'tmpfs',
      verdict: -1,
    });
    expect(parseMountEntry(text, 27)).toMatchObject({ mountPoint: '/', fileSystemType: 'ext4' });
    expect(parseMountEntry(text, 128)).toMatchObject({
      mountPoint: '/plain\\name',
      fileSystemType: 'fuse.name',
    });
  });

  test('an id that is not there is undefined', () => {
    expect(parseMountEntry(text, 7)).toBeUndefined();
    expect(parseMountEntry(text, 12)).toBeUndefined();
    expect(parseMountEntry('', 1)).toBeUndefined();
  });
});
