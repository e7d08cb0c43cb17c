import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type AgentProcess, runDeputy, startAgentProcess } from '../../lab/agent-process.js';
import { describeWhen } from '../../support/describe-when.js';
import { Image, missingForImages } from '../support/image.js';
import { eventsOf } from '../support/request-events.js';
import { TrapTarget } from '../support/trap-target.js';
import { nr, O } from '../support/trap-thread.js';

/** Reasons of a container's refusals, and how often each came. */
async function reasonsOf(
  agent: AgentProcess,
  container: string,
  count: number,
): Promise<Record<string, number>> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const reasons = (await eventsOf(agent.stateDirectory, container))
      .filter(({ type }) => type === 'request.refused')
      .map(({ data }) => (data as { reason: string }).reason.replace('DEPUTY_E_REFUSED_', ''));
    if (reasons.length >= count || Date.now() > deadline) {
      return Object.fromEntries(
        [...new Set(reasons)].sort().map((one) => [one, reasons.filter((reason) => reason === one).length]),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describeWhen(missingForImages(), "a handle that is not one's own", () => {
  let image: Image;
  let otherImage: Image;
  let agent: AgentProcess;
  let whole: string;
  const targets: TrapTarget[] = [];
  beforeAll(async () => {
    image = new Image();
    otherImage = new Image();
    whole = image.mount('whole');
    image.bind(join(whole, 'one'), 'one');
    image.bind(join(whole, 'two'), 'two');
    const { directory } = image;
    const shares = ['whole', 'one', 'two', 'changing'].map((name) => ({ name, path: join(directory, name) }));
    agent = await startAgentProcess({
      policy: {
        version: 1,
        defaults: { shares },
        targets: [
          { match: { container: 'blue-*' }, tenant: 'blue' },
          { match: { container: 'red-*' }, tenant: 'red' },
        ],
      },
    });
    chmodSync(agent.directory, 0o755);
  }, 60_000);
  afterEach(async () => {
    await Promise.all(targets.splice(0).map((target) => target.end()));
  });
  afterAll(async () => {
    await agent.stop();
    image.remove();
    otherImage.remove();
  });

  async function target(container: string, directory = whole): Promise<TrapTarget> {
    const one = TrapTarget.start(directory);
    targets.push(one);
    await one.must('alloc replay 4096');
    await one.confine({ socketPath: agent.socketPath, container });
    return one;
  }

  /** Puts a handle into a buffer of a target's and opens it. */
  async function replay(
    one: TrapTarget,
    hex: string,
    mount: number,
    flags: number = O.RDONLY,
  ): Promise<unknown> {
    await one.must(`put $replay ${hex}`);
    const result = await one.openHandle(mount, 'replay', flags);
    if (typeof result !== 'number') return result;
    await one.must(`call ${nr.close} ${result}`);
    return 'opened';
  }

  async function handleOf(one: TrapTarget, path: string): Promise<string> {
    expect(await one.encode('own', path)).toBe(0);
    return one.handleHex('own');
  }

  test("of the same tenant opens; another's does not, with the target told ESTALE", {
    timeout: 60_000,
  }, async () => {
    const blue = await target('blue-1');
    const hex = await handleOf(blue, 'own');
    expect(hex).toHaveLength(2 * (8 + 32));
    const second = await target('blue-2');
    expect(await handleOf(second, 'own')).toBe(hex);
    expect(await replay(second, hex, await second.open('.', O.RDONLY | O.DIRECTORY))).toBe('opened');
    const red = await target('red-1');
    const mount = await red.open('.', O.RDONLY | O.DIRECTORY);
    expect(await handleOf(red, 'own')).not.toBe(hex);
    expect(await replay(red, hex, mount)).toBe('ESTALE');
    expect(await replay(red, hex, mount, O.PATH)).toBe('ESTALE');
    expect(await reasonsOf(agent, 'red-1', 2)).toEqual({ SEAL_WRONG: 2 });
  });

  test('with any one bit flipped does not open', { timeout: 60_000 }, async () => {
    const blue = await target('blue-bits');
    const mount = await blue.open('.', O.RDONLY | O.DIRECTORY);
    const right = Buffer.from(await handleOf(blue, 'own'), 'hex');
    const answers: Record<string, number> = {};
    for (let bit = 32; bit < right.length * 8; bit++) {
      const changed = Buffer.from(right);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      const answer = String(await replay(blue, changed.toString('hex'), mount));
      answers[answer] = (answers[answer] ?? 0) + 1;
    }
    // The kernel's own check comes first: unknown bits in the upper half of the type, and its sign.
    expect(answers).toEqual({ EINVAL: 14, ESTALE: 32 + 32 * 8 - 14 });
    const reasons = await reasonsOf(agent, 'blue-bits', 274);
    // Version and what is reserved: 24 bits; the key: 32.
    expect(reasons).toEqual({ NOT_SEALED: 24, SEAL_KEY: 32, SEAL_WRONG: 274 - 24 - 32 });
    expect(await replay(blue, right.toString('hex'), mount)).toBe('opened');
  });

  test('of any other size does not open, and of none is EINVAL', async () => {
    const blue = await target('blue-sizes');
    const mount = await blue.open('.', O.RDONLY | O.DIRECTORY);
    const right = Buffer.from(await handleOf(blue, 'own'), 'hex');
    for (let size = 0; size <= 200; size++) {
      const changed = Buffer.alloc(208, right.subarray(8));
      right.copy(changed);
      changed.writeUInt32LE(size, 0);
      const expected = size === 0 || size > 128 ? 'EINVAL' : size === 32 ? 'opened' : 'ESTALE';
      expect(await replay(blue, changed.toString('hex'), mount), `${size} bytes`).toBe(expected);
    }
  });

  test('of another share of the same file system does not open, and neither does its own there', async () => {
    const { directory } = image;
    const blue = await target('blue-shares', join(directory, 'one'));
    const inner = await handleOf(blue, 'inner');
    const one = await blue.open(join(directory, 'one'), O.RDONLY | O.DIRECTORY);
    const two = await blue.open(join(directory, 'two'), O.RDONLY | O.DIRECTORY);
    const all = await blue.open(whole, O.RDONLY | O.DIRECTORY);
    expect(await replay(blue, inner, one)).toBe('opened');
    expect(await replay(blue, inner, two)).toBe('ESTALE');
    expect(await replay(blue, inner, all)).toBe('ESTALE');
    // The same file by its other name is another share's.
    const fromAll = await handleOf(blue, join(whole, 'one/inner'));
    expect(fromAll.slice(0, 32)).toBe(inner.slice(0, 32));
    expect(await replay(blue, fromAll, all)).toBe('opened');
    expect(await replay(blue, fromAll, one)).toBe('ESTALE');
    expect(await reasonsOf(agent, 'blue-shares', 3)).toEqual({ SEAL_WRONG: 3 });
  });

  test('of another file system under the same name of a share does not open', async () => {
    const { directory } = image;
    const blue = await target('blue-systems', directory);
    const changing = join(directory, 'changing');
    image.bind(whole, 'changing');
    const hex = await handleOf(blue, join(changing, 'own'));
    const first = await blue.open(changing, O.RDONLY | O.DIRECTORY);
    expect(await replay(blue, hex, first)).toBe('opened');
    await blue.must(`call ${nr.close} ${first}`);
    const second = otherImage.mount('elsewhere');
    image.bind(second, 'changing');
    const later = await blue.open(changing, O.RDONLY | O.DIRECTORY);
    // Both were made alike: the kernel itself would open it, as the file that has that inode there.
    expect(await replay(blue, hex, later)).toBe('ESTALE');
    expect(await replay(blue, await handleOf(blue, join(changing, 'own')), later)).toBe('opened');
    expect(await reasonsOf(agent, 'blue-systems', 1)).toEqual({ SEAL_WRONG: 1 });
  });

  test('a handle without a seal does not open, nor one that only identifies', async () => {
    const blue = await target('blue-bare');
    const mount = await blue.open('.', O.RDONLY | O.DIRECTORY);
    const hex = await handleOf(blue, 'own');
    expect(await replay(blue, `08000000${hex.slice(8, 32)}`, mount)).toBe('ESTALE');
    expect(await blue.encode('fid', 'own', undefined, 0x200)).toBe(0);
    // As fanotify(7) reports it, so that the two can be compared.
    const fid = await blue.handleHex('fid');
    expect(fid).toBe(`08000000${hex.slice(8, 32)}`);
    expect(await replay(blue, fid, mount)).toBe('ESTALE');
    expect(await reasonsOf(agent, 'blue-bare', 2)).toEqual({ NOT_SEALED: 2 });
  });

  test('sealed with a key that is retired does not open; one that is only replaced does', {
    timeout: 90_000,
  }, async () => {
    const blue = await target('blue-keys');
    const mount = await blue.open('.', O.RDONLY | O.DIRECTORY);
    const keys = (...words: string[]) => {
      const { status, stdout, stderr } = runDeputy([
        'keys',
        ...words,
        '--json',
        '--state',
        agent.stateDirectory,
      ]);
      expect(stderr).toBe('');
      expect(status).toBe(0);
      return JSON.parse(stdout) as { keys: { id: string; state: string }[]; agent?: string };
    };
    const first = keys('list').keys[0]?.id ?? '';
    const before = await handleOf(blue, 'own');
    expect(keys('rotate')).toMatchObject({
      agent: 'taken',
      keys: [{ state: 'verifies' }, { state: 'current' }],
    });
    const after = await handleOf(blue, 'own');
    expect(after).not.toBe(before);
    expect(await replay(blue, before, mount)).toBe('opened');
    expect(await replay(blue, after, mount)).toBe('opened');
    expect(keys('rotate', '--retire', first)).toMatchObject({
      agent: 'taken',
      keys: [{ state: 'retired' }, {}],
    });
    expect(await replay(blue, before, mount)).toBe('ESTALE');
    expect(await replay(blue, after, mount)).toBe('opened');
    expect(await reasonsOf(agent, 'blue-keys', 1)).toEqual({ SEAL_KEY: 1 });
    const event = (await eventsOf(agent.stateDirectory, 'blue-keys')).find(
      ({ type }) => type === 'request.refused',
    );
    expect(event?.data).toMatchObject({ keyId: first, result: { errno: 'ESTALE' } });
    // An overlap ends by itself.
    expect(keys('rotate', '--overlap-ms', '1')).toMatchObject({ agent: 'taken' });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await replay(blue, after, mount)).toBe('ESTALE');
  });
});
