import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { describeWhen, isLong, missingForKernel } from '../../support/describe-when.js';
import { LineProcess } from '../support/line-process.js';
import { makeShare } from '../support/share.js';
import { TrapTarget } from '../support/trap-target.js';
import { AT_EMPTY_PATH, AT_FDCWD, nr, O, type Result } from '../support/trap-thread.js';

const FD_PIDFS_ROOT = -10002;
const FD_NSFS_ROOT = -10003;
const anyDescriptor = expect.any(Number);
const mounts = existsSync('/proc/mounts') ? readFileSync('/proc/mounts', 'utf8') : '';
const devicesRoot = /^\S+ (\S+) cgroup \S*\bdevices\b/m.exec(mounts)?.[1];

/** Where a target and its agent are set up. */
interface Place {
  readonly directory: string;
  readonly share: string;
  readonly socketPath: string;
}

/** An attack: what it gives, with the check and without it. */
interface Attack {
  readonly name: string;
  readonly check: 'mount-descriptor' | 'root' | 'file-type';
  readonly missing?: readonly string[];
  run(target: TrapTarget, place: Place): Promise<Result>;
  readonly refused: Result;
  readonly succeeds: unknown;
}

async function confine(target: TrapTarget, { socketPath }: Place): Promise<void> {
  await target.confine({ socketPath });
}

const attacks: readonly Attack[] = [
  {
    name: "a process of the host's, by the special number of pidfs",
    check: 'mount-descriptor',
    async run(target, place) {
      const pidfd = await target.must(`call ${nr.pidfd_open} ${process.pid} 0`);
      await target.encode('process', '', pidfd, AT_EMPTY_PATH);
      await confine(target, place);
      return target.openHandle(FD_PIDFS_ROOT, 'process', O.RDONLY);
    },
    refused: 'EBADF',
    succeeds: anyDescriptor,
  },
  {
    name: 'a namespace, by the special number of nsfs',
    check: 'mount-descriptor',
    async run(target, place) {
      const namespace = await target.open('/proc/self/ns/net');
      await target.encode('namespace', '', namespace, AT_EMPTY_PATH);
      await confine(target, place);
      return target.openHandle(FD_NSFS_ROOT, 'namespace', O.RDONLY);
    },
    refused: 'EBADF',
    succeeds: anyDescriptor,
  },
  {
    name: "a file of the file system on which the agent's working directory is, by AT_FDCWD",
    check: 'mount-descriptor',
    async run(target, place) {
      await target.encode('secret', 'secret');
      await target.must(`call ${nr.chdir} s:/dev/shm`);
      await confine(target, place);
      return target.openHandle(AT_FDCWD, 'secret', O.RDONLY);
    },
    refused: 'ESTALE',
    succeeds: anyDescriptor,
  },
  {
    name: 'a handle of what is outside of its root, by a path',
    check: 'root',
    async run(target, place) {
      const jail = join(place.directory, 'jail');
      mkdirSync(jail);
      writeFileSync(join(place.directory, 'only-outside'), '');
      const outside = await target.open(dirname(place.socketPath), O.RDONLY | O.DIRECTORY);
      await target.must(`call ${nr.chroot} s:${jail}`);
      await target.must(`call ${nr.chdir} s:/`);
      await target.must('alloc handle 4096');
      // The socket is outside of the jail, too.
      await target.must(`call ${nr.fchdir} ${outside}`);
      await target.confine({ socketPath: basename(place.socketPath) });
      await target.must(`call ${nr.chdir} s:/`);
      return target.encodeInto('handle', '../only-outside');
    },
    refused: 'ENOENT',
    succeeds: 0,
  },
  {
    name: 'a device that its cgroup keeps from it',
    check: 'file-type',
    missing: devicesRoot === undefined ? ['the devices controller of cgroups v1'] : [],
    async run(target, place) {
      await target.encode('null', 'null');
      const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
      const group = join(devicesRoot ?? '', `deputy-unchecked-${process.pid}`);
      mkdirSync(group);
      try {
        writeFileSync(join(group, 'devices.deny'), 'a');
        writeFileSync(join(group, 'cgroup.procs'), `${target.pid}`);
        await confine(target, place);
        expect(await target.call(nr.open, 's:null', O.RDWR)).toBe('EPERM');
        return await target.openHandle(mount, 'null', O.RDWR);
      } finally {
        await target.end();
        rmdirSync(group);
      }
    },
    refused: 'EPERM',
    succeeds: anyDescriptor,
  },
];

for (const { name, check, missing = [], run, refused, succeeds } of attacks) {
  describeWhen([...missingForKernel(), ...missing], name, () => {
    const endings: (() => unknown)[] = [];
    afterEach(async () => {
      for (const end of endings.splice(0).reverse()) await end();
    });

    async function attack(unchecked: string): Promise<Result> {
      const { directory, share } = makeShare();
      endings.push(() => rmSync(directory, { recursive: true, force: true }));
      const state = mkdtempSync(join(tmpdir(), 'deputy-unchecked-'));
      endings.push(() => rmSync(state, { recursive: true, force: true }));
      chmodSync(state, 0o755);
      const socketPath = join(state, 'agent.sock');
      const program = join(import.meta.dirname, '../support/unchecked-agent.mjs');
      const words = ['-c', `DEPUTY_UNCHECKED=${unchecked} exec "$0" "$@"`, process.execPath, program];
      const agent = new LineProcess('sh', [...words, socketPath, join(state, 'state')], directory);
      endings.push(async () => {
        agent.kill('SIGTERM');
        await agent.exited;
      });
      expect(await agent.next('ready')).toBe('ready');
      const target = TrapTarget.start(share);
      endings.push(() => target.end());
      return run(target, { directory, share, socketPath });
    }

    // In the short form the suites beside this one show it.
    test.runIf(isLong)('is refused', async () => expect(await attack('nothing')).toBe(refused));
    test(`is had where the check (${check}) is taken out`, async () => {
      expect(await attack(check)).toEqual(succeeds);
    });
  });
}
