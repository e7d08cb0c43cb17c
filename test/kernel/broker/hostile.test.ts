import { closeSync, openSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectBroker } from '../../../adapters/broker/index.js';
import { createSocketPair, SOCK_SEQPACKET } from '../../../adapters/linux/descriptor-passing.js';
import { systemCall } from '../../../adapters/linux/native.js';
import { openProcess } from '../../../adapters/linux/pidfd.js';
import { createEventDescriptor } from '../../../adapters/linux/poll.js';
import { encodeRequest } from '../../../core/broker/messages.js';
import { describeWhen, isLong, missingForKernel } from '../../support/describe-when.js';
import { replayStateDirectory } from '../../support/replay.js';
import { until } from '../takeover/support/agent-tree.js';
import { BrokerProcess, become, targetId } from './support/broker-process.js';
import { RawClient } from './support/raw-client.js';

const EAGAIN = -11;
const EPIPE = -32;
const connectionLimit = 64;
const floodPackets = isLong ? 200_000 : 5_000;

const name = (id: number) => encodeRequest({ type: 'name_to_handle_at', id, flags: 0, room: 128 });
const hello = encodeRequest({ type: 'hello', id: 0, lowest: 1, highest: 1 });

const resultOf = (answer: unknown): number => (answer as { result?: number } | undefined)?.result ?? 0;

describeWhen(missingForKernel(), 'clients that mean harm', () => {
  const broker = new BrokerProcess({ flags: ['--node', 'hostile'] });
  let file: number;
  let before: number;
  beforeAll(async () => {
    await broker.start();
    // A client connects again by itself, at any time: so this thread is the target's all the while.
    become(targetId);
    file = openSync(`${broker.share}/own`, 'r');
    await isWell();
    before = broker.descriptors;
  });
  afterAll(async () => {
    closeSync(file);
    become(0);
    await broker.kill('SIGTERM');
    replayStateDirectory(broker.stateDirectory);
    await broker.end();
  });

  /** Others are served as ever, and nothing of the harmful one is left. */
  async function isWell(): Promise<void> {
    const client = connectBroker({ path: broker.socketPath });
    const startMs = performance.now();
    const result = await client.nameToHandle(file);
    expect(result.errno).toBeUndefined();
    // With a broker that is kept busy by nobody this takes milliseconds.
    expect(performance.now() - startMs).toBeLessThan(3_000);
    client.close();
  }

  async function nothingIsLeft(): Promise<void> {
    await isWell();
    await until(
      () => broker.descriptors <= before,
      `${before} descriptors instead of ${broker.descriptors}`,
      5_000,
    );
  }

  async function faultOf(client: RawClient): Promise<Record<string, unknown>> {
    const received = await client.receive();
    expect(await client.receive()).toBeUndefined();
    client.close();
    return received?.answer as Record<string, unknown>;
  }

  const odd: readonly [string, Uint8Array, number][] = [
    ['a packet of nothing but zeros', new Uint8Array(24), 1],
    ['one byte', Uint8Array.from([1]), 2],
    ['a packet longer than any', new Uint8Array(60_000).fill(3), 2],
    ['a call shorter than it says', name(1).slice(0, 20), 2],
    ['a call longer than it says', Uint8Array.from([...name(1), 0]), 2],
    ['an answer', Uint8Array.from(name(1), (byte, at) => (at === 1 ? 0x80 : byte)), 2],
    ['a call of another version', Uint8Array.from(name(1), (byte, at) => (at === 2 ? 2 : byte)), 1],
    ['a second hello', hello, 6],
  ];
  test.each(odd)('%s: a fault, and the end of that connection', async (_, packet, fault) => {
    const client = await RawClient.greet(broker.socketPath);
    client.send(packet, packet === hello || packet.length < 24 || packet.length > 512 ? [] : [file]);
    expect(await faultOf(client)).toMatchObject({ type: 'fault', fault });
    await nothingIsLeft();
  });

  test('a packet of no bytes ends the connection', async () => {
    const client = await RawClient.greet(broker.socketPath);
    client.send(new Uint8Array(), [file]);
    expect(await client.receive()).toBeUndefined();
    client.close();
    await nothingIsLeft();
  });

  test('a version that is not spoken, and a call before the hello', async () => {
    const first = RawClient.connect(broker.socketPath) as RawClient;
    first.send(encodeRequest({ type: 'hello', id: 3, lowest: 2, highest: 9 }));
    expect(await faultOf(first)).toMatchObject({ fault: 1, id: 3, result: -93, text: 'spoken here: 1' });
    const second = RawClient.connect(broker.socketPath) as RawClient;
    second.send(name(4), [file]);
    expect(await faultOf(second)).toMatchObject({ fault: 6, id: 4 });
    await nothingIsLeft();
  });

  test.each([0, 2, 16, 40])('%i descriptors with one call: all are closed', async (count) => {
    // Sockets that nobody else holds: once the broker has closed its copy, reading ends.
    const ends = new Int32Array(2);
    createSocketPair(SOCK_SEQPACKET, ends);
    const client = await RawClient.greet(broker.socketPath);
    const [own = -1, passed = -1] = ends;
    client.send(name(9), Array<number>(Math.min(count, 16)).fill(passed));
    if (count > 16)
      for (let sent = 16; sent < count; sent += 8) client.send(name(sent), Array<number>(8).fill(passed));
    closeSync(passed);
    expect(await faultOf(client)).toMatchObject({ fault: 3 });
    const peer = Object.assign(Object.create(RawClient.prototype), { socket: own }) as RawClient;
    expect(await peer.receive()).toBeUndefined();
    peer.close();
    await nothingIsLeft();
  });

  test('descriptors of every kind of thing, as a file and as a mount: none of them is a share', async () => {
    const ends = new Int32Array(2);
    createSocketPair(SOCK_SEQPACKET, ends);
    const kinds: Record<string, number> = {
      socket: ends[0] as number,
      eventfd: createEventDescriptor(),
      memfd: systemCall('memfd_create', 0, 0),
      epoll: systemCall('epoll_create1', 0),
      pidfd: openProcess(process.pid),
      namespace: openSync('/proc/self/ns/pid', 'r'),
      process: openSync('/proc/self', 'r'),
      device: openSync('/dev/null', 'r'),
      'node disk': openSync('/etc/hosts', 'r'),
    };
    // An empty name is no address: what memfd_create(2) says of it is not what this is about.
    if ((kinds['memfd'] as number) < 0) delete kinds['memfd'];
    const client = await RawClient.greet(broker.socketPath);
    const handle = new Uint8Array(36);
    for (const [kind, descriptor] of Object.entries(kinds)) {
      client.send(name(1), [descriptor]);
      const named = (await client.receive())?.answer;
      expect(named, kind).toMatchObject({ type: 'name_to_handle_at', handle: new Uint8Array() });
      expect(resultOf(named), kind).toBeLessThan(0);
      const call = { type: 'open_by_handle_at', id: 2, flags: 0, handleType: 1, handle } as const;
      client.send(encodeRequest(call), [descriptor]);
      const opened = await client.receive();
      expect(opened?.descriptors, kind).toEqual([]);
      expect(opened?.answer, kind).toMatchObject({ type: 'open_by_handle_at' });
      expect(resultOf(opened?.answer), kind).toBeLessThan(0);
      closeSync(descriptor);
    }
    closeSync(ends[1] as number);
    client.close();
    await nothingIsLeft();
  });

  test('who never reads is not read from either, and keeps nobody waiting', async () => {
    const client = await RawClient.greet(broker.socketPath);
    let sent = 0;
    let waits = 0;
    // Its own packets fill the broker's queue once the broker has stopped to take them.
    while (waits < 20 && sent < floodPackets) {
      const result = client.send(name(sent + 1), [file]);
      if (result === EAGAIN) {
        waits++;
        await isWell();
      } else sent++;
    }
    expect(waits).toBe(20);
    expect(sent).toBeLessThan(floodPackets);
    // Each of them is answered when it reads at last, in order, and none twice.
    for (let id = 1; id <= sent; id++) {
      expect((await client.receive())?.answer).toMatchObject({ type: 'name_to_handle_at', id, result: 0 });
    }
    client.close();
    await nothingIsLeft();
  });

  test('who leaves with answers unread takes them along', async () => {
    for (let round = 0; round < 10; round++) {
      const client = await RawClient.greet(broker.socketPath);
      for (let id = 1; id <= 30; id++) client.send(name(id), [file]);
      client.close();
    }
    await nothingIsLeft();
  });

  test(`a ${connectionLimit + 1}th connection is turned away, and so are those who say nothing`, async () => {
    const clients: RawClient[] = [];
    for (let count = 0; count < connectionLimit; count++)
      clients.push(await RawClient.greet(broker.socketPath));
    const one = RawClient.connect(broker.socketPath) as RawClient;
    expect(await faultOf(one)).toMatchObject({ fault: 5, result: -16 });
    // A client that is turned away for this reason tries again by itself.
    const patient = connectBroker({ path: broker.socketPath });
    const asked = patient.nameToHandle(file);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(patient.waiting).toBe(1);
    patient.close();
    await expect(asked).rejects.toMatchObject({ code: 'DEPUTY_E_BROKER_REFUSED' });
    for (const client of clients) client.close();
    const silent = RawClient.connect(broker.socketPath) as RawClient;
    expect((await silent.receive())?.answer).toMatchObject({ fault: 6, text: 'no hello came' });
    silent.close();
    await nothingIsLeft();
  });

  test('a flood of connections, each with rubbish', async () => {
    for (let count = 0; count < (isLong ? 20_000 : 400); count++) {
      const client = RawClient.connect(broker.socketPath);
      if (typeof client === 'number') {
        expect([EAGAIN, EPIPE]).toContain(client);
        await new Promise((resolve) => setTimeout(resolve, 5));
        continue;
      }
      client.send(
        Uint8Array.from({ length: 1 + (count % 300) }, (_, at) => (at * count) & 255),
        [file],
      );
      client.close();
    }
    await nothingIsLeft();
    // One line of the log for many of them.
    expect(broker.log.split('\n').length).toBeLessThan(20);
  });

  test('leave no descriptor behind here, either', () => {
    expect(readdirSync('/proc/self/fd').length).toBeLessThan(100);
  });
});
