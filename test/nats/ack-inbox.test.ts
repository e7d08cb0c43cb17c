import { connect, type NatsConnection } from 'nats';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AckInbox } from '../../adapters/nats/ack-inbox.js';
import { MessageWriter } from '../../adapters/nats/message-writer.js';
import type { PublishReply } from '../../core/ports/stream.js';
import { LabNatsServer, missingForNats } from '../lab/nats-server.js';
import { describeWhen } from '../support/describe-when.js';

/** More than fits into the memory that messages are written to at once. */
const longBytes = 100_000;
const patienceMs = 20_000;

/** A client that has no call for whole commands. */
function plainOnly(connection: NatsConnection): NatsConnection {
  return new Proxy(connection, {
    get: (target, name) => {
      if (name === 'protocol') return undefined;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

describeWhen(missingForNats(), 'publishing with one inbox', () => {
  let server: LabNatsServer;
  let connection: NatsConnection;

  beforeAll(async () => {
    server = await LabNatsServer.start();
    connection = await connect({ servers: server.url });
    const manager = await connection.jetstreamManager({ checkAPI: false });
    await manager.streams.add({ name: 's', subjects: ['s.>'] });
  });

  afterAll(async () => {
    await connection.close();
    await server.remove();
  });

  /** Publishes so many payloads, of one turn; the answers by attempt. */
  async function publishAll(through: NatsConnection, subject: string, payloads: readonly Uint8Array[]) {
    const replies = new Map<number, PublishReply>();
    await new Promise<void>((resolve, reject) => {
      const inbox = new AckInbox(through, (attempt, reply) => {
        replies.set(attempt, reply);
        if (replies.size < payloads.length) return;
        inbox.close();
        resolve();
      });
      setTimeout(() => reject(new Error(`${replies.size} answers`)), patienceMs).unref();
      for (const [attempt, payload] of payloads.entries()) {
        inbox.publish(attempt, subject, `NATS/1.0\r\nplace: ${attempt}\r\n\r\n`, payload);
      }
    });
    return replies;
  }

  async function storedAt(sequence: number) {
    const manager = await connection.jetstreamManager({ checkAPI: false });
    const { subject, header, data } = await manager.streams.getMessage('s', { seq: sequence });
    return { subject, place: header.get('place'), data: Buffer.from(data) };
  }

  test('both ways store the same, of any length, and each is answered by its number', async () => {
    // Long enough together for several pieces of memory, of which none may be filled anew.
    const payloads = Array.from({ length: 200 }, (_, index) => Buffer.alloc(1_000, index + 1));
    payloads[100] = Buffer.alloc(longBytes, 101);
    payloads[101] = Buffer.alloc(0);
    expect(MessageWriter.of(connection)).toBeDefined();
    expect(MessageWriter.of(plainOnly(connection))).toBeUndefined();
    for (const through of [connection, plainOnly(connection)]) {
      const replies = await publishAll(through, 's.x', payloads);
      const first = replies.get(0);
      if (first?.kind !== 'stored') throw new Error('not stored');
      for (const place of payloads.keys()) {
        const sequence = first.sequence + place;
        expect(replies.get(place)).toEqual({ kind: 'stored', sequence, wasDuplicate: false });
      }
      for (const place of [0, 63, 64, 99, 100, 101, 102, 199]) {
        const data = payloads[place];
        expect(await storedAt(first.sequence + place)).toEqual({ subject: 's.x', place: `${place}`, data });
      }
    }
  });

  test('what the server would end the connection for is refused before, and so is a closed connection', async () => {
    const other = await connect({ servers: server.url });
    const inbox = new AckInbox(other, () => undefined);
    const tooLong = new Uint8Array((other.info?.max_payload ?? 0) + 1);
    expect(() => inbox.publish(1, 's.x', 'NATS/1.0\r\n\r\n', tooLong)).toThrow('MAX_PAYLOAD_EXCEEDED');
    await other.flush();
    await other.close();
    expect(() => inbox.publish(2, 's.x', 'NATS/1.0\r\n\r\n', new Uint8Array(1))).toThrow('CONNECTION_CLOSED');
  });
});
