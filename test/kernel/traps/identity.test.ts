import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { namespaceIdentity } from '../../../adapters/linux/namespaces.js';
import { cgroupMount } from '../../lab/lab-cgroup.js';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { eventOf, eventsOf, requestsOf } from '../support/request-events.js';
import { makeScene } from '../support/scene.js';
import type { Confinement, TrapTarget } from '../support/trap-target.js';
import { O } from '../support/trap-thread.js';

const mount = process.platform === 'linux' ? cgroupMount() : undefined;
const missing = [...missingForKernel(), ...(mount === undefined ? ['cgroups v2'] : [])];
const anyDescriptor = expect.any(Number);
let victims = 0;

describeWhen(missing, "a runtime's word that is not what the kernel shows", () => {
  const scene = makeScene({ confinement: 'sealed' });
  const group = (name: string): string => join(mount ?? '', `deputy-identity-${process.pid}`, name);
  const groups = ['', 'one', 'other', 'one/below', 'crun-somebody.scope'];
  beforeAll(() => groups.map((name) => mkdirSync(group(name))));
  afterAll(() => [...groups].reverse().map((name) => rmdirSync(group(name))));

  async function target(cgroup: string, options: Confinement): Promise<TrapTarget> {
    const made = scene.target();
    await made.must('alloc own 4096');
    writeFileSync(join(group(cgroup), 'cgroup.procs'), `${made.pid}`);
    await scene.confine(made, options);
    return made;
  }
  /** What its two calls give. */
  async function calls(made: TrapTarget): Promise<unknown[]> {
    const directory = await made.open('.', O.RDONLY | O.DIRECTORY);
    return [await made.encodeInto('own', 'own'), await made.openHandle(directory, 'own', O.RDONLY)];
  }
  const served = [0, anyDescriptor];
  const lost = ['ENOSYS', 'ENOSYS'];
  async function refusal(container: string): Promise<unknown> {
    const event = await eventOf(scene.agent.stateDirectory, container, 'delegation.refused');
    return (event?.data as { code?: string } | undefined)?.code;
  }
  const entriesOf = (container: string): number | undefined =>
    scene.agent.status().targets.find(({ containerId }) => containerId === container)?.entries;

  async function victim(): Promise<{ container: string; made: TrapTarget }> {
    const container = `victim-${victims++}`;
    const made = await target('one', { container, says: { metadata: 'tenant=blue' } });
    expect(await calls(made)).toEqual(served);
    return { container, made };
  }

  test("another's name, from another cgroup: not served, and the other's delegation stays its own", async () => {
    const { container, made } = await victim();
    const liar = await target('other', { container });
    expect(await calls(liar)).toEqual(lost);
    expect(entriesOf(container)).toBe(1);
    expect(await calls(made)).toEqual(served);
    const log = scene.agent.log.filter((line) => line.includes('DEPUTY_E_TARGET_CONTRADICTED'));
    expect(log.join()).toContain('in another cgroup than the container');
    // It would have been one more way in from the same cgroup, or from below.
    for (const place of ['one', 'one/below']) {
      expect(await calls(await target(place, { container }))).toEqual(served);
    }
    expect(entriesOf(container)).toBe(3);
  });

  test("another's name and another's pid: each call is refused", async () => {
    const { container, made } = await victim();
    const liar = await target('other', { container, says: { pid: made.pid } });
    expect(await calls(liar)).toEqual(['EPERM', 'EPERM']);
    const requests = await requestsOf(scene.agent.stateDirectory, container, 4);
    expect(requests.map(({ type, reason }) => reason ?? type)).toEqual([
      'request.answered',
      'request.answered',
      'DEPUTY_E_REFUSED_FOREIGN_TARGET',
      'DEPUTY_E_REFUSED_FOREIGN_TARGET',
    ]);
    // The same lie from the same cgroup tells nothing untrue, and shows what is looked at.
    expect(await calls(await target('one', { container, says: { pid: made.pid } }))).toEqual(served);
  });

  test('no pid at all, as crun has it for exec: its calls come from where the container is, or are refused', async () => {
    const { container } = await victim();
    expect(await calls(await target('one', { container, says: { pid: 0 } }))).toEqual(served);
    expect(await calls(await target('other', { container, says: { pid: 0 } }))).toEqual(['EPERM', 'EPERM']);
    expect(await calls(await target('one', { container: 'nameless', says: { pid: 0 } }))).toEqual(lost);
    expect(await refusal('nameless')).toBe('DEPUTY_E_TARGET_CONTRADICTED');
  });

  test('the name of a container whose cgroup says that it is another one', async () => {
    const liar = await target('crun-somebody.scope', { container: 'nobody' });
    expect(await calls(liar)).toEqual(lost);
    expect(await refusal('nobody')).toBe('DEPUTY_E_TARGET_CONTRADICTED');
    const honest = await target('crun-somebody.scope', { container: 'somebody' });
    expect(await calls(honest)).toEqual(served);
  });

  test('a process that is not there', async () => {
    const isInitial = namespaceIdentity('self', 'pid') === 0xeffffffcn;
    const liar = await target('other', { container: 'ghost', says: { pid: 0x3fffff } });
    expect(await calls(liar)).toEqual(isInitial ? lost : served);
    if (isInitial) expect(await refusal('ghost')).toBe('DEPUTY_E_TARGET_CONTRADICTED');
  });

  test('another tenant, for a container that has one: it stays with the one that it has', async () => {
    const { container, made } = await victim();
    const own = await made.handleHex('own');
    const liar = await target('one', { container, says: { metadata: 'tenant=red' } });
    expect(await calls(liar)).toEqual(served);
    expect(await liar.handleHex('own')).toBe(own);
    const red = await target('other', { container: `red-${container}`, says: { metadata: 'tenant=red' } });
    expect(await calls(red)).toEqual(served);
    expect(await red.handleHex('own')).not.toBe(own);
    const tenants = (await eventsOf(scene.agent.stateDirectory, container)).map(({ tenant }) => tenant);
    expect(new Set(tenants)).toEqual(new Set(['blue']));
  });
});
