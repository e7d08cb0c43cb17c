import { describe, expect, test } from 'vitest';
import { timers } from '../../../../adapters/host/timers.js';
import { deputyError } from '../../../../core/errors/deputy-error.js';
import type { PublishReply, StreamListener, StreamPort } from '../../../../core/ports/stream.js';
import { EventBatch } from '../../../../core/publishing/event-batch.js';
import { StreamWriter } from '../../../../core/stream/stream-writer.js';
import { sampleRequests } from '../../../support/sample-events.js';

/** Takes what is published, and answers when it is told to. */
class SilentPort implements StreamPort {
  readonly stream = 'deputy-n';
  readonly servers = 'none';
  readonly isReplicated = false;
  readonly sent: { run: number; subject: string; headers: string; payload: string }[] = [];
  private listener: StreamListener | undefined;

  listen(listener: StreamListener): void {
    this.listener = listener;
  }

  publish(run: number, subject: string, headers: string, payload: Uint8Array): void {
    this.sent.push({ run, subject, headers, payload: new TextDecoder().decode(payload) });
  }

  reply(place: number, reply: PublishReply): void {
    this.listener?.replied(this.sent[place]?.run ?? -1, reply);
  }

  async prepare() {
    return this.ends();
  }

  async ends() {
    return { created: 'then', firstSequence: 1, lastSequence: 0 };
  }

  async messageAt() {
    return undefined;
  }

  async *messagesFrom() {}

  async *lastMessages() {}

  close(): void {}
}

describe('what is on its way to a stream', () => {
  test('has its own headers, payload and predicted end, and may be answered in any order', async () => {
    const port = new SilentPort();
    const options = { port, timers, node: 'n', writer: { id: 'w', epoch: 3 }, adopt: false };
    const store = new StreamWriter({ ...options, onState: () => undefined });
    await store.goOnFrom(undefined, true);
    const batch = new EventBatch();
    const events = sampleRequests('é.1', 7, 3);
    for (const event of events) batch.addText(event, JSON.stringify(event));
    const appended = store.appendBatch(batch);
    await new Promise((resolve) => setImmediate(resolve));
    expect(port.sent.map(({ payload }) => payload)).toEqual(events.map((event) => JSON.stringify(event)));
    expect(port.sent[1]?.subject).toBe('deputy.v1.n.blue.%C3%A9%2E1.request.answered');
    expect(port.sent[1]?.headers.split('\r\n')).toEqual([
      'NATS/1.0',
      'ce-specversion: 1.0',
      'ce-source: /deputy/n',
      'content-type: application/json',
      'deputy-epoch: 3',
      'deputy-writer: w',
      'ce-id: %C3%A9.1/8',
      'ce-type: request.answered',
      `ce-time: ${events[1]?.time}`,
      'Nats-Msg-Id: %C3%A9.1/8',
      'Nats-Expected-Last-Msg-Id: %C3%A9.1/7',
      'Nats-Expected-Last-Sequence: 1',
      '',
      '',
    ]);
    expect(port.sent[0]?.headers).not.toContain('Nats-Expected-Last-Msg-Id');
    for (const place of [2, 1, 0]) {
      expect(store.cursor).toMatchObject({ sequence: 0 });
      port.reply(place, { kind: 'stored', sequence: place + 1, wasDuplicate: false });
    }
    expect(await appended).toEqual({ appended: 3, duplicates: 0 });
    expect(store.cursor).toMatchObject({ sequence: 3, id: 'é.1/9' });
    store.close(deputyError('DEPUTY_E_ENGINE_CLOSED', { detail: 'the test is over' }));
  });
});
