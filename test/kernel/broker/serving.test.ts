import { spawnSync } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync, readlinkSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BrokerClient, connectBroker, type NamedFile } from '../../../adapters/broker/index.js';
import { deputyCommand } from '../../lab/agent-process.js';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { replayStateDirectory } from '../../support/replay.js';
import { until } from '../takeover/support/agent-tree.js';
import { asUser, BrokerProcess, targetId } from './support/broker-process.js';

const O_PATH = 0o10000000;
const O_NOFOLLOW = 0o400000;
const O_RDWR = 2;

/** A client of this process whose connections are the target's. */
function clientOf(broker: BrokerProcess): BrokerClient {
  const client = connectBroker({ path: broker.socketPath });
  const ask = client.nameToHandle.bind(client);
  // It connects with its first request, synchronously.
  client.nameToHandle = (...words) => asUser(targetId, () => ask(...words));
  const open = client.openByHandle.bind(client);
  client.openByHandle = (...words) => asUser(targetId, () => open(...words));
  return client;
}

async function named(client: BrokerClient, path: string): Promise<NamedFile> {
  const file = openSync(path, O_PATH | O_NOFOLLOW);
  const result = await client.nameToHandle(file);
  closeSync(file);
  if (result.errno !== undefined) throw new Error(`${path}: ${result.errno}`);
  return result;
}

describeWhen(missingForKernel(), 'a broker', () => {
  for (const form of ['kubernetes', 'oci'] as const) {
    describe(`started as in ${form}`, () => {
      const broker = new BrokerProcess({ form });
      let client: BrokerClient;
      let mount: number;
      beforeAll(async () => {
        await broker.start();
        client = clientOf(broker);
        mount = openSync(broker.share, 'r');
      });
      afterAll(async () => {
        client.close();
        closeSync(mount);
        await broker.kill('SIGTERM');
        replayStateDirectory(broker.stateDirectory);
        expect(await broker.end()).toBe(0);
      });

      const open = async (name: string, flags = 0) => {
        const { handle } = await named(client, join(broker.share, name));
        return client.openByHandle(mount, handle, flags);
      };

      test('opens what the target may, and passes the descriptor', async () => {
        for (const [name, flags] of [
          ['own', 0],
          ['own', O_RDWR],
          ['public', 0],
        ] as const) {
          const opened = await open(name, flags);
          if (opened.errno !== undefined) throw new Error(opened.errno);
          const buffer = Buffer.alloc(64);
          const count = readSync(opened.descriptor, buffer, 0, 64, 0);
          expect(buffer.toString('utf8', 0, count)).toBe(`contents of ${name}\n`);
          const flagsNow = readFileSync(`/proc/self/fdinfo/${opened.descriptor}`, 'utf8');
          const status = Number.parseInt(/^flags:\s*(\d+)/m.exec(flagsNow)?.[1] ?? '', 8);
          // O_CLOEXEC and O_LARGEFILE aside: no mark of deputy's is left on it.
          expect(status & ~0o2100000).toBe(flags);
          closeSync(opened.descriptor);
        }
      });

      test('acts with the rights of the target, not with those of root', async () => {
        expect(await open('secret')).toMatchObject({ errno: 'EACCES', reason: 'DEPUTY_E_REFUSED_ACCESS' });
        expect(await open('public', O_RDWR)).toMatchObject({ errno: 'EACCES' });
      });

      test('passes O_PATH descriptors of every type, as they are', async () => {
        const types = {
          own: 'isFile',
          link: 'isSymbolicLink',
          fifo: 'isFIFO',
          folder: 'isDirectory',
        } as const;
        for (const [name, isType] of Object.entries(types)) {
          const opened = await open(name, O_PATH | O_NOFOLLOW);
          if (opened.errno !== undefined) throw new Error(`${name}: ${opened.errno}`);
          expect(fstatSync(opened.descriptor)[isType](), name).toBe(true);
          expect(readlinkSync(`/proc/self/fd/${opened.descriptor}`)).toBe(join(broker.share, name));
          const text = readFileSync(`/proc/self/fdinfo/${opened.descriptor}`, 'utf8');
          expect(Number.parseInt(/^flags:\s*(\d+)/m.exec(text)?.[1] ?? '', 8) & O_PATH).toBe(O_PATH);
          closeSync(opened.descriptor);
        }
        expect(await open('fifo')).toMatchObject({ errno: 'EPERM', reason: 'DEPUTY_E_REFUSED_FILE_TYPE' });
      });

      test('seals, alike each time, and opens nothing else', async () => {
        const path = join(broker.share, 'own');
        const [first, second] = [await named(client, path), await named(client, path)];
        expect(first).toEqual(second);
        const { type, bytes } = first.handle;
        const bare = await client.openByHandle(mount, { type, bytes: bytes.slice(0, bytes.length - 24) }, 0);
        expect(bare).toMatchObject({ errno: 'ESTALE', reason: 'DEPUTY_E_REFUSED_NOT_SEALED' });
        for (let bit = 0; bit < bytes.length * 8; bit += 5) {
          const forged = Uint8Array.from(bytes);
          forged[bit >> 3] = (forged[bit >> 3] as number) ^ (1 << (bit & 7));
          const answer = await client.openByHandle(mount, { type, bytes: forged }, 0);
          expect(answer, `bit ${bit}`).toMatchObject({ errno: 'ESTALE' });
        }
      });

      test('takes a descriptor for the share that it is on, and on nothing else for any', async () => {
        const { handle } = await named(client, join(broker.share, 'own'));
        const other = openSync('/etc', 'r');
        const nowhere = openSync('/proc/self', 'r');
        const reason = 'DEPUTY_E_REFUSED_MOUNT_NOT_SHARED';
        expect(await client.openByHandle(other, handle, 0)).toMatchObject({ errno: 'EPERM', reason });
        expect(await client.openByHandle(nowhere, handle, 0)).toMatchObject({ errno: 'EPERM' });
        // Also no handle of it, sealed or not: natively it would be had.
        expect(await client.nameToHandle(other)).toMatchObject({ errno: 'EPERM', reason });
        for (const descriptor of [other, nowhere]) closeSync(descriptor);
      });

      test('gives the errors of the kernel where a call is wrong', async () => {
        const file = openSync(join(broker.share, 'own'), 'r');
        const { handle } = await named(client, join(broker.share, 'own'));
        expect(await client.nameToHandle(file, { room: 4 })).toMatchObject({
          errno: 'EOVERFLOW',
          neededBytes: handle.bytes.length,
        });
        expect(await client.nameToHandle(file, { room: 129 })).toMatchObject({ errno: 'EINVAL' });
        expect(await client.openByHandle(mount, { type: 1, bytes: new Uint8Array() }, 0)).toMatchObject({
          errno: 'EINVAL',
        });
        expect(await client.openByHandle(mount, handle, 0o100)).toMatchObject({ errno: 'EINVAL' });
        expect(await client.nameToHandle(-1)).toMatchObject({ errno: 'EBADF' });
        closeSync(file);
      });

      test('holds no descriptor of what it passed, and tells of each request once', async () => {
        const before = broker.descriptors;
        const { handle } = await named(client, join(broker.share, 'own'));
        const opened = await Promise.all(
          Array.from({ length: 100 }, (_, index) =>
            client.openByHandle(mount, handle, index % 2 ? O_PATH : 0),
          ),
        );
        for (const one of opened) closeSync((one as { descriptor: number }).descriptor);
        // The last one is closed just behind its answer.
        await until(() => broker.descriptors <= before, 'the end of what it held', 5_000);
      });
    });
  }

  test('tells of its steps, and of each request by one event', async () => {
    const broker = await new BrokerProcess().start();
    const client = clientOf(broker);
    const { handle } = await named(client, join(broker.share, 'own'));
    const mount = openSync(broker.share, 'r');
    const opened = await client.openByHandle(mount, handle, O_RDWR);
    closeSync((opened as { descriptor: number }).descriptor);
    await client.openByHandle(mount, { ...handle, type: handle.type + 1 }, 0);
    client.close();
    closeSync(mount);
    await broker.kill('SIGTERM');
    const events = broker.events();
    const steps = events.flatMap(({ data }) => data['step'] ?? []);
    expect(steps).toEqual(['open-shares', 'listen', 'confine', 'verify', 'finish-former']);
    const requests = events.filter(({ type }) => type.startsWith('request.'));
    expect(requests.map(({ type, data }) => [type, data['syscall']])).toEqual([
      ['request.answered', 'name_to_handle_at'],
      ['request.answered', 'open_by_handle_at'],
      ['request.refused', 'open_by_handle_at'],
    ]);
    expect(requests[1]?.data).toMatchObject({
      threadId: process.pid,
      flags: ['O_RDWR'],
      fileType: 'regular',
    });
    expect(requests[2]?.data).toMatchObject({ reason: 'DEPUTY_E_REFUSED_SEAL_WRONG' });
    const last = events.at(-1);
    expect(last).toMatchObject({
      type: 'delegation.released',
      data: { counts: { answered: 2, refused: 1 } },
    });
    await broker.end();
  });

  test('takes up keys and a policy as they are now, by SIGHUP, and keeps the old ones when those are wrong', async () => {
    const policy = (syscalls: string[]) => ({ version: 1, defaults: { syscalls } });
    const both = policy(['open_by_handle_at', 'name_to_handle_at']);
    const broker = await new BrokerProcess({ policy: both }).start();
    const client = clientOf(broker);
    const mount = openSync(broker.share, 'r');
    const path = join(broker.share, 'own');
    const before = await named(client, path);
    const rotated = spawnSync(process.execPath, [
      deputyCommand(),
      'keys',
      'rotate',
      '--state',
      broker.stateDirectory,
    ]);
    expect(rotated.status).toBe(0);
    process.kill(broker.pid, 'SIGHUP');
    let after = before;
    // Another key, so another seal; what the old one sealed is still good.
    for (
      let tries = 0;
      tries < 200 && Buffer.compare(after.handle.bytes, before.handle.bytes) === 0;
      tries++
    ) {
      after = await named(client, path);
    }
    expect(after.handle.bytes).not.toEqual(before.handle.bytes);
    for (const { handle } of [before, after]) {
      const opened = await client.openByHandle(mount, handle, 0);
      closeSync((opened as { descriptor: number }).descriptor);
    }
    const policyPath = join(broker.directory, 'policy.json');
    writeFileSync(policyPath, 'version: 7');
    process.kill(broker.pid, 'SIGHUP');
    await until(() => broker.log.includes('are refused; the old ones stay'), 'its word on the policy');
    expect((await client.openByHandle(mount, after.handle, 0)).errno).toBeUndefined();
    // Sealed handles only: also for a policy that would not be served when it were the first.
    writeFileSync(policyPath, JSON.stringify({ version: 1, defaults: { confinement: 'none' } }));
    process.kill(broker.pid, 'SIGHUP');
    await until(() => broker.log.includes('sealed handles only'), 'its word on confinement');
    const bare = { ...after.handle, bytes: after.handle.bytes.slice(0, -24) };
    expect(await client.openByHandle(mount, bare, 0)).toMatchObject({
      reason: 'DEPUTY_E_REFUSED_NOT_SEALED',
    });
    writeFileSync(policyPath, JSON.stringify(policy(['name_to_handle_at'])));
    process.kill(broker.pid, 'SIGHUP');
    let last: Awaited<ReturnType<BrokerClient['openByHandle']>> = { descriptor: -1 };
    for (let tries = 0; tries < 200 && last.errno === undefined; tries++) {
      last = await client.openByHandle(mount, after.handle, 0);
      if (last.errno === undefined) closeSync(last.descriptor);
    }
    expect(last).toMatchObject({ errno: 'EPERM', reason: 'DEPUTY_E_REFUSED_SYSCALL_UNKNOWN' });
    // A broker that is started again has the same keys: the handle is the one that it was.
    await broker.kill();
    await broker.start();
    expect(await named(client, path)).toEqual(after);
    client.close();
    closeSync(mount);
    await broker.end();
  });
});
