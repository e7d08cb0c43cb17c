import { DurableConsumer } from '../../../simulator/jetstream/durable-consumer.js';
import { JetStream, type StoredMessage } from '../../../simulator/jetstream/jet-stream.js';
import { messageOf } from '../../../simulator/jetstream/read-headers.js';
import type { StreamCase } from './cases.js';
import type { StreamMachine } from './machine.js';

/** A case's stream in the model. */
export function modelMachine({ limits = {} }: StreamCase, isNew: boolean): StreamMachine {
  const stream = new JetStream({ ...limits, looksAtSequenceFirst: isNew }, 'now');
  let nowUs = 0;
  let consumer: DurableConsumer | undefined;
  const told = (messages: readonly StoredMessage[]) =>
    messages.map(({ sequence, headers }) => messageOf(sequence, headers));
  return {
    publish: async (subject, headers, payload) => stream.publish({ subject, headers, payload }, nowUs),
    ends: async () => stream.ends,
    at: async (sequence) => told([stream.at(sequence) ?? []].flat())[0],
    from: async (sequence) => told(stream.from(sequence)),
    last: async () => told(stream.lastOfEach()),
    size: async () => stream.size,
    purge: async () => stream.purge()?.code,
    delete: async (sequence) => stream.delete(sequence)?.code,
    wait: async (ms) => {
      nowUs += ms * 1_000;
      stream.expire(nowUs);
    },
    restart: async () => stream.restart(nowUs),
    cut: async (sequence) => {
      stream.loseBehind(sequence, nowUs);
    },
    grow: async (maximumMessages) => stream.set({ maximumMessages }),
    consume: async (acknowledgeWithinMs, unacknowledged) => {
      consumer = new DurableConsumer(stream, {
        acknowledgeWithinUs: acknowledgeWithinMs * 1_000,
        unacknowledged,
      });
    },
    next: async () => {
      const delivered = consumer?.pull(nowUs);
      if (delivered === undefined) return undefined;
      const { message, attempt } = delivered;
      return { id: messageOf(message.sequence, message.headers).id, attempt };
    },
    ack: async (sequence) => consumer?.acknowledge(sequence),
    nak: async (sequence, afterMs) => consumer?.retry(sequence, afterMs * 1_000, nowUs),
    term: async (sequence) => consumer?.acknowledge(sequence),
    close: async () => undefined,
  };
}
