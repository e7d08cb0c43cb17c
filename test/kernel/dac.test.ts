import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeWhen, missingForKernel } from '../support/describe-when.js';
import { requestsOf } from './support/request-events.js';
import { makeScene } from './support/scene.js';
import type { TrapTarget } from './support/trap-target.js';
import { O } from './support/trap-thread.js';

const anyDescriptor = expect.any(Number);
const reads = { reading: O.RDONLY, 'reading, O_NONBLOCK': O.RDONLY | O.NONBLOCK };
const writes = {
  writing: O.WRONLY,
  'reading and writing': O.RDWR,
  appending: O.WRONLY | O.APPEND,
  truncating: O.WRONLY | O.TRUNC,
  'truncating, for reading': O.RDONLY | O.TRUNC,
};
let targets = 0;

describeWhen(missingForKernel(), 'a 0600 file of root, and a target of uid 107', () => {
  const scene = makeScene(
    {},
    {
      targets: [
        { match: { container: 'capability-sealed-*' }, dac: 'capability', confinement: 'sealed' },
        { match: { container: 'capability-*' }, dac: 'capability' },
        { match: { container: 'enforce-sealed-*' }, confinement: 'sealed' },
      ],
    },
  );

  /** With handles that it got from deputy (sealed), or took itself before it had a filter. */
  async function prepare(dac: 'enforce' | 'capability', sealed: boolean): Promise<[TrapTarget, number]> {
    const target = scene.target();
    for (const name of ['secret', 'group']) await target.must(`alloc ${name} 4096`);
    const encode = async (): Promise<void> => {
      for (const name of ['secret', 'group']) expect(await target.encodeInto(name, name)).toBe(0);
    };
    const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
    if (!sealed) await encode();
    await scene.confine(target, { container: `${dac}-${sealed ? 'sealed' : 'none'}-${targets++}` });
    if (sealed) await encode();
    return [target, mount];
  }
  const secret = (): string => readFileSync(join(scene.share, 'secret'), 'utf8');

  for (const sealed of [true, false]) {
    const how = sealed ? 'a sealed handle' : "the kernel's own handle";
    test(`dac: enforce, ${how}: neither read nor written, and O_PATH reads nothing`, async () => {
      const [target, mount] = await prepare('enforce', sealed);
      for (const [name, flags] of Object.entries({ ...reads, ...writes })) {
        expect(await target.openHandle(mount, 'secret', flags), name).toBe('EACCES');
      }
      // O_PATH asks for no right, natively: what comes must give none.
      const opened = await target.openHandle(mount, 'secret', O.PATH);
      expect(await target.describe(opened)).toMatchObject({ flags: '10000000' });
      expect(await target.call(0, opened, '$group', 64)).toBe('EBADF');
      expect(await target.call(2, `s:/proc/self/fd/${opened}`, O.RDONLY)).toBe('EACCES');
      const count = Object.keys({ ...reads, ...writes }).length;
      const requests = await requestsOf(scene.agent.stateDirectory, target.container, count);
      const refused = requests.filter(({ type }) => type === 'request.refused');
      expect(refused.map(({ reason }) => reason)).toEqual(Array(count).fill('DEPUTY_E_REFUSED_ACCESS'));
      expect(secret()).toBe('contents of secret');
    });

    test(`dac: capability, ${how}: read, as CAP_DAC_READ_SEARCH gives, and not written`, async () => {
      const [target, mount] = await prepare('capability', sealed);
      for (const [name, flags] of Object.entries(reads)) {
        expect(await target.openHandle(mount, 'secret', flags), name).toEqual(anyDescriptor);
      }
      for (const [name, flags] of Object.entries(writes)) {
        expect(await target.openHandle(mount, 'secret', flags), name).toBe('EACCES');
      }
      expect(secret()).toBe('contents of secret');
    });
  }

  test("a file of the target's group is read and not written, in both", async () => {
    for (const dac of ['enforce', 'capability'] as const) {
      const [target, mount] = await prepare(dac, true);
      expect(await target.openHandle(mount, 'group', O.RDONLY)).toEqual(anyDescriptor);
      expect(await target.openHandle(mount, 'group', O.WRONLY)).toBe('EACCES');
    }
  });
});
