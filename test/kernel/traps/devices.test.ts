import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { makeScene } from '../support/scene.js';
import { TrapTarget } from '../support/trap-target.js';
import { O } from '../support/trap-thread.js';

/** Where the devices controller of cgroups v1 is mounted (cgroups(7)). */
function devicesRoot(): string | undefined {
  if (!existsSync('/proc/mounts')) return undefined;
  return /^\S+ (\S+) cgroup \S*\bdevices\b/m.exec(readFileSync('/proc/mounts', 'utf8'))?.[1];
}

const root = devicesRoot();
const missing = [
  ...missingForKernel(),
  ...(root === undefined ? ['the devices controller of cgroups v1'] : []),
];
const devices = ['null', 'block'] as const;
const ways = [O.RDONLY, O.WRONLY, O.RDWR] as const;

describeWhen(missing, 'devices that a cgroup keeps from the target', () => {
  const scene = makeScene({ dac: 'capability' });
  const group = join(root ?? '', `deputy-test-${process.pid}`);
  beforeAll(() => {
    mkdirSync(group);
    writeFileSync(join(group, 'devices.deny'), 'a');
  });
  // Registered after the scene's own, so it comes first: its targets have ended by then all the same.
  afterAll(() => rmdirSync(group));

  const enter = (target: TrapTarget): void => writeFileSync(join(group, 'cgroup.procs'), `${target.pid}`);
  async function prepare(target: TrapTarget): Promise<number> {
    for (const name of devices) expect(await target.encode(name, name)).toBe(0);
    return target.open('.', O.RDONLY | O.DIRECTORY);
  }

  test('natively are EPERM by path and by handle', async () => {
    const native = TrapTarget.start(scene.share);
    const mount = await prepare(native);
    enter(native);
    await native.confine({});
    for (const flags of ways) {
      expect(await native.openHandle(mount, 'null', flags)).toBe('EPERM');
      expect(await native.call(2, 's:null', flags)).toBe('EPERM');
    }
    await native.end();
  });

  test('are not opened by the agent, whose own cgroup allows them', async () => {
    // Just so: what the agent may do is not what counts.
    const own = TrapTarget.start(scene.share);
    expect(await own.open('null', O.RDWR)).toEqual(expect.any(Number));
    await own.end();
    const target = scene.target();
    const mount = await prepare(target);
    enter(target);
    await scene.confine(target);
    for (const name of devices) {
      for (const flags of ways) expect(await target.openHandle(mount, name, flags)).toBe('EPERM');
    }
    const reasons = (await scene.requests(target, 6)).map(({ reason }) => reason);
    expect(reasons).toEqual(Array(6).fill('DEPUTY_E_REFUSED_FILE_TYPE'));
    // An O_PATH descriptor opens no device, and the way back through it is the target's own.
    const opened = (await target.openHandle(mount, 'null', O.PATH)) as number;
    expect(await target.describe(opened)).toMatchObject({ type: '20000', flags: '10000000' });
    expect(await target.call(2, `s:/proc/self/fd/${opened}`, O.RDWR)).toBe('EPERM');
  });
});
