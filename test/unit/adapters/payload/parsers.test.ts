import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cgroupFolders } from '../../../../adapters/payload/cgroup-folders.js';
import { interpreterOf } from '../../../../adapters/payload/elf.js';
import { encodeFrame, FrameReader } from '../../../../adapters/payload/frames.js';
import { parseStatus } from '../../../../adapters/payload/proc-facts.js';
import { listeningInodes } from '../../../../adapters/payload/readiness.js';
import { parseLimits } from '../../../../adapters/payload/resource-limits.js';

describe('what is read of a target', () => {
  test('cgroups of a unified, a hybrid and a bind-mounted hierarchy', () => {
    const unified = '30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate';
    expect(cgroupFolders(['0::/pod/one'], unified)).toEqual(['/sys/fs/cgroup/pod/one']);
    const hybrid = [
      '31 30 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
      '32 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
      '33 30 0:29 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd',
    ].join('\n');
    expect(cgroupFolders(['5:cpu,cpuacct:/a', '1:name=systemd:/b:c', '0::/d', '9:pids:/e'], hybrid)).toEqual([
      '/sys/fs/cgroup/cpu,cpuacct/a',
      '/sys/fs/cgroup/systemd/b:c',
      '/sys/fs/cgroup/unified/d',
    ]);
    const below = '30 23 0:26 /pod /mnt/with\\040space rw - cgroup2 none rw';
    expect(cgroupFolders(['0::/pod/one'], below)).toEqual(['/mnt/with space/one']);
    expect(cgroupFolders(['0::/other'], below)).toEqual([]);
  });

  test('limits, as numbers', () => {
    const text =
      'Limit  Soft  Hard  Units\nMax open files            1024                 524288               files\n';
    expect(parseLimits(text)).toEqual(['7:1024:524288']);
    expect(parseLimits('Max core file size        0                    unlimited            bytes')).toEqual([
      '4:0:18446744073709551615',
    ]);
  });

  test('a listening socket, and not a connected one of the same path', () => {
    const table = [
      'Num       RefCount Protocol Flags    Type St Inode Path',
      '0000000000000000: 00000002 00000000 00010000 0001 01 4711 /sock/vfs.sock',
      '0000000000000000: 00000003 00000000 00000000 0001 03 4712 /sock/vfs.sock',
      '0000000000000000: 00000002 00000000 00010000 0001 01 4713 /sock/vfs.sock2',
    ].join('\n');
    expect(listeningInodes(table, '/sock/vfs.sock')).toEqual(['4711']);
  });

  test('a status, whoever named the process', () => {
    const text =
      'Name:\tUid: 0\nState:\tZ (zombie)\nPPid:\t7\nUid:\t107\t107\t107\t107\nGroups:\t \nCapEff:\t0000000000000004\nNoNewPrivs:\t1\nNSpid:\t99\t3\n';
    expect(parseStatus(text)).toMatchObject({
      isAlive: false,
      parent: 7,
      userIds: [107, 107, 107, 107],
      groups: [],
      noNewPrivileges: true,
      numbers: [99, 3],
    });
    expect(parseStatus(text).capabilities[0]).toBe(4n);
  });
});

describe.runIf(process.platform === 'linux')('programs', () => {
  test('one of the machine asks for an interpreter; text is none; any bytes are read without an error', () => {
    expect(interpreterOf(readFileSync(process.execPath))).toMatch(/ld-linux/);
    expect(interpreterOf(Buffer.from('#!/bin/sh\n'))).toBeNull();
    const head = readFileSync(process.execPath).subarray(0, 4096);
    fc.assert(
      fc.property(fc.nat(4095), fc.nat(255), fc.nat(4096), (at, value, length) => {
        const bytes = Buffer.from(head.subarray(0, length));
        if (at < bytes.length) bytes[at] = value;
        const found = interpreterOf(bytes);
        expect(found === null || found === undefined || typeof found === 'string').toBe(true);
      }),
    );
  });
});

test('frames come out as they went in, however they are cut', () => {
  const frame = fc.record({
    kind: fc.constantFrom('O', 'E', 'R', 'Q'),
    body: fc.uint8Array({ maxLength: 300 }),
  });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 8 }), fc.integer({ min: 1, max: 97 }), (frames, piece) => {
      const bytes = Buffer.concat(frames.map(({ kind, body }) => encodeFrame(kind, body)));
      const reader = new FrameReader();
      const found: { kind: string; body: number[] }[] = [];
      for (let at = 0; at < bytes.length; at += piece) {
        for (const one of reader.push(bytes.subarray(at, at + piece))) {
          found.push({ kind: one.kind, body: [...one.body] });
        }
      }
      expect(found).toEqual(frames.map(({ kind, body }) => ({ kind, body: [...body] })));
    }),
  );
  expect(() => new FrameReader().push(encodeFrame('O', Buffer.alloc(1 << 17)))).toThrow(RangeError);
});
