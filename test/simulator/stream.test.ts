import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { StreamListener, StreamPort } from '../../core/ports/stream.js';
import { crashAt, enumerateCrashPoints, runScenario } from '../../simulator/index.js';
import { isLong } from '../support/describe-when.js';
import { readScenario, scenarioDirectory } from './read-scenario.js';

const names = readdirSync(scenarioDirectory)
  .filter((name) => name.startsWith('stream-'))
  .map((name) => name.replace('.yaml', ''));
const seeds = isLong ? 200 : 8;

/** The invariants that any seed breaks. */
async function brokenBy(name: string, mutateStream?: (port: StreamPort) => StreamPort): Promise<Set<string>> {
  const broken = new Set<string>();
  const scenario = { ...readScenario(name), limits: { virtualUs: 8_000_000, points: 2_000_000 } };
  for (let seed = 1; seed <= seeds; seed++) {
    const options = mutateStream === undefined ? {} : { mutateStream };
    const { violations } = await runScenario(scenario, { seed: `${seed}`, ...options });
    for (const { invariant } of violations) broken.add(invariant);
  }
  return broken;
}

/** A port with some of its answers changed; the rest is the model's. */
function changed(port: StreamPort, changes: Partial<StreamPort>): StreamPort {
  const plain: StreamPort = {
    stream: port.stream,
    servers: port.servers,
    isReplicated: port.isReplicated,
    listen: (listener) => port.listen(listener),
    publish: (...message) => port.publish(...message),
    prepare: () => port.prepare(),
    ends: () => port.ends(),
    messageAt: (sequence) => port.messageAt(sequence),
    messagesFrom: (sequence) => port.messagesFrom(sequence),
    lastMessages: () => port.lastMessages(),
    close: () => port.close(),
  };
  return { ...plain, ...changes };
}

describe('the real publisher on the modelled JetStream', () => {
  test.each(names)('%s: what it expects, on many seeds', async (name) => {
    expect([...(await brokenBy(name))].sort()).toEqual([...readScenario(name).expect.broken].sort());
  });

  test('whoever dies at whichever point around a change of leaders, all invariants hold', {
    timeout: isLong ? 600_000 : 120_000,
  }, async () => {
    const scenario = readScenario('stream-leader-change');
    const all = await enumerateCrashPoints(scenario, { seed: '1' });
    const points = all.filter(({ name }) => /^(publish|send|reply|ask-|checkpoint|connect)/.test(name));
    expect(points.length).toBeGreaterThan(300);
    for (const [index, point] of points.entries()) {
      if (!isLong && index % 16 !== 0) continue;
      const { violations, outcome } = await runScenario(scenario, { seed: '1', faults: [crashAt(point)] });
      expect({ violations, outcome, point }).toEqual({ violations: [], outcome: 'held', point });
    }
  });
});

describe('a publisher that does less is noticed', () => {
  const withoutSequence = (port: StreamPort): StreamPort =>
    changed(port, {
      publish: (run, subject, headers, payload) =>
        port.publish(run, subject, headers.replace(/Nats-Expected-Last-Sequence: \d+\r\n/, ''), payload),
    });
  /** Takes all that is on its way for unanswered as soon as one message fails. */
  const withoutSettling = (port: StreamPort): StreamPort => {
    const open = new Map<number, number>();
    return changed(port, {
      publish: (run, ...message) => {
        open.set(run, (open.get(run) ?? 0) + 1);
        port.publish(run, ...message);
      },
      listen: (listener) =>
        port.listen({
          replied: (run, reply) => {
            const left = (open.get(run) ?? 0) - 1;
            if (left < 0) return;
            open.set(run, reply.kind === 'stored' ? left : 0);
            listener.replied(run, reply);
            if (reply.kind === 'stored') return;
            for (let unheard = left; unheard > 0; unheard--) listener.replied(run, { kind: 'nobody' });
          },
          disconnected: () => listener.disconnected(),
          reconnected: () => listener.reconnected(),
        }),
    });
  };

  test('one that expects no sequence leaves gaps', async () => {
    const broken = await brokenBy('stream-leader-change', withoutSequence);
    expect([...broken]).toContain('events-are-legal');
  });

  test("one that names no message before its own leaves a gap around somebody else's, and says so", async () => {
    const broken = await brokenBy('stream-adopted', (port) => changed(port, { isReplicated: true }));
    expect([...broken].sort()).toEqual(['all-settles', 'events-are-legal']);
  });

  test('one that does not wait for what is on its way is saved by the expected sequence, and by it alone', async () => {
    expect([...(await brokenBy('stream-leader-change', withoutSettling))]).toEqual([]);
    const both = await brokenBy('stream-leader-change', (port) => withoutSequence(withoutSettling(port)));
    expect(both.size).toBeGreaterThan(0);
  });

  test('one that does not look at what the stream has behind its last acknowledgement never goes on', async () => {
    const broken = await brokenBy('stream-duplicates-after-reconnect', (port) => {
      let known = 0;
      const counted = (listener: StreamListener): StreamListener => ({
        replied: (run, reply) => {
          if (reply.kind === 'stored') known = reply.sequence;
          listener.replied(run, reply);
        },
        disconnected: () => listener.disconnected(),
        reconnected: () => listener.reconnected(),
      });
      return changed(port, {
        listen: (listener) => port.listen(counted(listener)),
        ends: async () => ({ ...(await port.ends()), lastSequence: known }),
      });
    });
    expect([...broken]).toContain('all-settles');
  });

  test('one that cannot tell another writer mixes its events with the other ones', async () => {
    const broken = await brokenBy('stream-of-another-writer', (port) =>
      changed(port, {
        async *messagesFrom(sequence) {
          for await (const message of port.messagesFrom(sequence)) yield { ...message, writer: 'model' };
        },
        messageAt: async (sequence) => {
          const message = await port.messageAt(sequence);
          return message === undefined ? undefined : { ...message, writer: 'model' };
        },
      }),
    );
    expect([...broken]).toContain('stream-in-order');
  });
});
