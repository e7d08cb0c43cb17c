import { connect } from 'nats';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { timers } from '../../adapters/host/timers.js';
import { JetStreamPort } from '../../adapters/nats/jetstream-port.js';
import { eventHeaders, writerHeaders } from '../../core/events/cloud-event.js';
import { delegationSubject } from '../../core/events/subject.js';
import type { StoreCursor } from '../../core/publishing/checkpoint.js';
import { StreamWriter } from '../../core/stream/stream-writer.js';
import { LabNatsServer, missingForNats } from '../lab/nats-server.js';
import { describeWhen } from '../support/describe-when.js';
import { batchOf, checkpointAt, idsOf, openStore, storedIds, writer } from './support/stream.js';

const count = 40;
const storedBefore = 20;
const fenced = 'DEPUTY_E_STREAM_FENCED';

/** A port that sends somebody else's message, on the same connection, in the midst of what it is given. */
class InterruptedPort extends JetStreamPort {
  protected readonly before: number = storedBefore;
  private sent = 0;

  override publish(run: number, subject: string, headers: string, payload: Uint8Array): void {
    if (this.sent++ === this.before) {
      const own = writerHeaders('n', 'another', 1) + eventHeaders('stranger/1', 'request.answered', 'now');
      const place = delegationSubject(subject.split('.')[2] ?? '', 'red', 'stranger');
      super.publish(1_000_000, `${place}.request.answered`, `${own}\r\n`, new TextEncoder().encode('{}'));
    }
    super.publish(run, subject, headers, payload);
  }
}

/** A port to a stream of three, as far as its writer can see. */
class ReplicatedPort extends InterruptedPort {
  override isReplicated = true;

  override async ends() {
    const ends = await super.ends();
    this.isReplicated = true;
    return ends;
  }

  override async prepare() {
    const ends = await super.prepare();
    this.isReplicated = true;
    return ends;
  }
}

/** One that is interrupted by the very first message that the stream gets. */
class PrecededPort extends ReplicatedPort {
  protected override readonly before = 0;
}

describeWhen(missingForNats(), "somebody else's message in the midst of what is on its way", () => {
  let server: LabNatsServer;

  beforeAll(async () => {
    server = await LabNatsServer.start();
  });

  afterAll(async () => {
    await server.remove();
  });

  /** Writes events into a stream that somebody else writes into meanwhile: why it stopped, and where it began. */
  async function interrupted(node: string, Port: typeof JetStreamPort) {
    const connection = await connect({ servers: server.url });
    try {
      const manager = await connection.jetstreamManager({ checkAPI: false });
      const port = new Port({ url: server.url, node }, connection, manager);
      const store = new StreamWriter({
        port,
        timers,
        node,
        writer,
        adopt: false,
        onState: () => undefined,
      });
      await store.goOnFrom(undefined, true);
      const { cursor } = store;
      const error: unknown = await store.appendBatch(batchOf('a', 1, count)).catch((caught) => caught);
      return { error, cursor };
    } finally {
      await connection.close();
    }
  }

  /** A successor that has all of it in its journal. */
  async function successor(node: string, cursor: StoreCursor | undefined, adopt: boolean) {
    const store = await openStore(server, node, { writer: { ...writer, epoch: 2 }, adopt });
    try {
      await store.goOnFrom(checkpointAt(cursor), cursor === undefined);
      return await store.appendBatch(batchOf('a', 1, count));
    } finally {
      await store.close();
    }
  }

  test('nothing of ours is taken behind it, and whoever is told to goes on there without a gap', async () => {
    const { error, cursor } = await interrupted('chained', InterruptedPort);
    expect(error).toMatchObject({ code: fenced, message: expect.not.stringContaining('missing') });
    const before = [...idsOf('a', 1, storedBefore), 'stranger/1'];
    expect(await storedIds(server, 'chained')).toEqual(before);
    await expect(successor('chained', cursor, false)).rejects.toMatchObject({ code: fenced });
    expect(await successor('chained', cursor, true)).toEqual({ appended: 20, duplicates: 20 });
    expect(await storedIds(server, 'chained')).toEqual([...before, ...idsOf('a', 21, 20)]);
  });

  test('where no chain can be asked for, the event that is missing is told, and nothing goes on behind it', async () => {
    const { error, cursor } = await interrupted('replicated', ReplicatedPort);
    expect(error).toMatchObject({ code: fenced, message: expect.stringContaining('a/21 is missing') });
    const stored = [...idsOf('a', 1, storedBefore), 'stranger/1', ...idsOf('a', 22, count - 21)];
    expect(await storedIds(server, 'replicated')).toEqual(stored);
    await expect(successor('replicated', cursor, true)).rejects.toMatchObject({
      code: 'DEPUTY_E_STREAM_GAP',
      message: expect.stringContaining('lacks a/21'),
    });
    expect(await storedIds(server, 'replicated')).toEqual(stored);
  });

  test('what is missing is found without a checkpoint too', async () => {
    const { error } = await interrupted('preceded', PrecededPort);
    expect(error).toMatchObject({ code: fenced, message: expect.stringContaining('a/1 is missing') });
    const stored = ['stranger/1', ...idsOf('a', 2, count - 1)];
    for (const adopt of [false, true]) {
      await expect(successor('preceded', undefined, adopt)).rejects.toMatchObject({
        code: 'DEPUTY_E_STREAM_GAP',
        message: expect.stringContaining('lacks a/1'),
      });
    }
    expect(await storedIds(server, 'preceded')).toEqual(stored);
  });

  test('a chain goes on behind what a server that was started again has forgotten', async () => {
    const store = await openStore(server, 'forgot', { stream: { duplicateWindowMs: 100 } });
    await store.appendBatch(batchOf('a', 1, 3));
    await new Promise((resolve) => setTimeout(resolve, 200));
    await server.kill();
    await server.restart();
    expect(await store.appendBatch(batchOf('a', 4, 10))).toEqual({ appended: 10, duplicates: 0 });
    expect(await storedIds(server, 'forgot')).toEqual(idsOf('a', 1, 13));
    await store.close();
  });
});
