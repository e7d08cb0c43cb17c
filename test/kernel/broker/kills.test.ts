import {
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type BrokerClient, connectBroker } from '../../../adapters/broker/index.js';
import { describeWhen, isLong, missingForKernel } from '../../support/describe-when.js';
import { replayStateDirectory } from '../../support/replay.js';
import { TargetLine } from '../contract/support/target-line.js';
import { asContainer } from '../notifier/support/wrapped.js';
import { compileTarget } from '../support/compile.js';
import { LineProcess } from '../support/line-process.js';
import { sleep, until } from '../takeover/support/agent-tree.js';
import { BrokerProcess, become, targetId } from './support/broker-process.js';

const kills = isLong ? 100 : 6;
/** The client in C, one call after the other. */
const clientKills = isLong ? 100 : 2;
const files = 32;
const callers = 8;
const O_PATH = 0o10000000;
const O_TRUNC = 0o1000;

interface Tally {
  right: number;
  readonly wrong: unknown[];
}

/** Names and opens one file after the other, and reads what it opened. */
async function call(
  broker: BrokerProcess,
  client: BrokerClient,
  mount: number,
  over: () => boolean,
  tally: Tally,
) {
  for (let round = 0; !over(); round++) {
    const name = `file-${(round * 7) % files}`;
    const file = openSync(join(broker.share, name), O_PATH);
    const named = await client.nameToHandle(file);
    closeSync(file);
    if (named.errno !== undefined) {
      tally.wrong.push(named);
      continue;
    }
    const opened = await client.openByHandle(mount, named.handle, 0);
    if (opened.errno !== undefined) {
      tally.wrong.push(opened);
      continue;
    }
    const buffer = Buffer.alloc(32);
    const count = readSync(opened.descriptor, buffer, 0, 32, 0);
    closeSync(opened.descriptor);
    const text = buffer.toString('utf8', 0, count);
    if (text === `contents of ${name}`) tally.right++;
    else tally.wrong.push({ name, text });
  }
}

describeWhen(missingForKernel(), 'a broker that is killed', () => {
  afterEach(() => become(0));

  test(`${kills} times under load: no wrong answer, none lost, no descriptor left`, {
    timeout: isLong ? 600_000 : 120_000,
  }, async () => {
    const broker = new BrokerProcess();
    for (let index = 0; index < files; index++) broker.file(`file-${index}`, `contents of file-${index}`);
    await broker.start();
    const mount = openSync(broker.share, 'r');
    const before = readdirSync('/proc/self/fd').length;
    const idle = broker.descriptors;
    const tally: Tally = { right: 0, wrong: [] };
    // The client connects again by itself, at any time: so this thread is the target's all the while.
    become(targetId);
    let isOver = false;
    const client = connectBroker({ path: broker.socketPath, patienceMs: 20_000 });
    const work = Array.from({ length: callers }, () => call(broker, client, mount, () => isOver, tally));
    const waitsMs: number[] = [];
    for (let count = 0; count < kills; count++) {
      await sleep(10 + Math.random() * 90);
      const seen = tally.right;
      const killedAt = performance.now();
      await broker.kill();
      await broker.start();
      await until(() => tally.right > seen + callers, 'answers of the next broker', 30_000);
      waitsMs.push(performance.now() - killedAt);
    }
    isOver = true;
    await Promise.all(work);
    become(0);
    expect(tally.wrong).toEqual([]);
    expect(tally.right).toBeGreaterThan(kills * callers);
    expect(client.waiting).toBe(0);
    client.close();
    waitsMs.sort((a, b) => a - b);
    const seconds = [waitsMs[kills >> 1], waitsMs.at(-1)].map((ms = 0) => (ms / 1000).toFixed(2));
    console.log(
      `${kills} kills: ${tally.right} right, none wrong; wait: median ${seconds.join(' s, max ')} s`,
    );
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before + 1);
    closeSync(mount);
    await until(() => broker.descriptors <= idle, 'the end of its connections', 5_000);
    await broker.kill('SIGTERM');
    replayStateDirectory(broker.stateDirectory);
    const events = broker.events();
    const requests = events.filter(({ type }) => type.startsWith('request.'));
    // What a dead broker had in hand has its one event, too.
    expect(requests.every(({ type }) => type === 'request.answered' || type === 'request.cancelled')).toBe(
      true,
    );
    expect(requests.length).toBeGreaterThanOrEqual(tally.right * 2);
    expect(events.filter(({ type }) => type === 'delegation.recovering')).toHaveLength(kills);
    await broker.end();
  });

  test(`${clientKills} times under the example's client in C: it waits, and every answer is right`, {
    timeout: isLong ? 900_000 : 120_000,
  }, async () => {
    const broker = await new BrokerProcess().start();
    const directory = mkdtempSync(join(tmpdir(), 'deputy-client-'));
    chmodSync(directory, 0o755);
    const line = await TargetLine.open(join(directory, 'line.sock'));
    const program = compileTarget('handle-client', ['-DBROKER']);
    const words = [program, 'serve', join(directory, 'line.sock'), broker.share, broker.socketPath];
    const target = new LineProcess('setpriv', [...asContainer, ...words]);
    await line.here;
    let isOver = false;
    let right = 0;
    const wrong: string[] = [];
    const calling = async (): Promise<void> => {
      while (!isOver) {
        const named = await line.ask(`name 0 ${join(broker.share, 'own')}`);
        const opened = named === 'ok' ? await line.ask('open 0 0') : named;
        if (opened === 'regular file: contents of own') right++;
        else wrong.push(opened);
      }
    };
    const calls = calling();
    for (let count = 0; count < clientKills; count++) {
      const seen = right;
      await broker.kill();
      await broker.start();
      await until(() => right > seen + 1 || wrong.length > 0, 'answers of the next broker', 30_000);
    }
    isOver = true;
    await calls;
    expect(wrong).toEqual([]);
    expect(right).toBeGreaterThan(clientKills);
    target.kill();
    await target.exited;
    line.close();
    await broker.end();
    rmSync(directory, { recursive: true });
  });

  test('with an open under way that truncates: that is not done twice, and said', async () => {
    const broker = await new BrokerProcess().start();
    const mount = openSync(broker.share, 'r');
    const file = openSync(join(broker.share, 'own'), O_PATH);
    become(targetId);
    const client = connectBroker({ path: broker.socketPath, patienceMs: 20_000 });
    const named = await client.nameToHandle(file);
    if (named.errno !== undefined) throw new Error(named.errno);
    // Stopped: it takes the request into its queue, and never out of it.
    process.kill(broker.pid, 'SIGSTOP');
    const opened = client.openByHandle(mount, named.handle, O_TRUNC | 1);
    const other = client.openByHandle(mount, named.handle, 0);
    const refused = expect(opened).rejects.toMatchObject({ code: 'DEPUTY_E_BROKER_UNCERTAIN' });
    await broker.kill();
    writeFileSync(join(broker.share, 'own'), 'written since');
    await broker.start();
    await refused;
    const again = await other;
    become(0);
    expect(again.errno).toBeUndefined();
    closeSync((again as { descriptor: number }).descriptor);
    client.close();
    for (const descriptor of [mount, file]) closeSync(descriptor);
    await broker.end();
  });

  test('and nobody starts again: the request is given up after its time', async () => {
    const broker = await new BrokerProcess().start();
    await broker.kill();
    const file = openSync(join(broker.share, 'own'), O_PATH);
    const client = connectBroker({ path: broker.socketPath, patienceMs: 300 });
    await expect(client.nameToHandle(file)).rejects.toMatchObject({ code: 'DEPUTY_E_BROKER_UNREACHABLE' });
    client.close();
    closeSync(file);
    await broker.end();
  });
});
