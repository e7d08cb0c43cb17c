import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventId } from '../../core/events/event-id.js';
import { streamName } from '../../core/events/subject.js';
import { EventBatch } from '../../core/publishing/event-batch.js';
import { readStateDirectory } from '../../simulator/cli/history/read-state-directory.js';
import { removeState, unpackState } from '../golden/kept-state.js';
import { LabNatsServer, missingForNats } from '../lab/nats-server.js';
import { runCli } from '../simulator/cli/run-cli.js';
import { describeWhen } from '../support/describe-when.js';
import { sampleEvent } from '../support/sample-events.js';
import { asOperator, batchOf, openStore } from './support/stream.js';

const nobody = 'nats://127.0.0.1:1';

describeWhen(missingForNats(), 'a stream as a history', () => {
  let server: LabNatsServer;
  let state = '';

  beforeAll(async () => {
    server = await LabNatsServer.start();
    state = unpackState('history-1.txt');
    const { events } = readStateDirectory(state);
    const store = await openStore(server, 'recorded');
    const batch = new EventBatch();
    for (const event of events) batch.addText(event, JSON.stringify(event));
    await store.appendBatch(batch);
    await store.close();
    // As an agent with --nats leaves its state directory.
    rmSync(join(state, 'events'), { recursive: true });
  });

  afterAll(async () => {
    removeState(state);
    await server.remove();
  });

  function replay(stream: string, ...words: string[]) {
    return runSimulator('replay', '--nats', server.url, '--stream', stream, ...words);
  }

  test('with the journal: the same calls and events, and a fault at one of its events', () => {
    const plain = replay(streamName('recorded'), '--state', state);
    expect(plain).toMatchObject({ status: 0, stderr: '' });
    expect(plain.stdout).toContain('the same end state as recorded');
    expect(plain.stdout).toMatch(/calls, [1-9]\d* events/);
    expect(plain.stdout).toContain(`--nats ${server.url} --stream ${streamName('recorded')}`);
    // The place is an event's, which only the stream has.
    const inject = 'supervisor-restart@request.answered#9';
    const other = replay(streamName('recorded'), '--state', state, '--inject', inject, '--json');
    expect(other).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(other.stdout)).toMatchObject({ isSame: false, strays: [] });
    expect(runSimulator('replay', '--state', state, '--inject', inject)).toMatchObject({ status: 2 });
  });

  test('alone: what its events come to', () => {
    const { status, stdout, stderr } = replay(streamName('recorded'), '--json');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const told = JSON.parse(stdout);
    expect(told).toMatchObject({ isSame: true, problems: [], firstSequence: 1, lastSequence: told.events });
    const [delegation] = told.delegations;
    expect(delegation).toMatchObject({ state: 'released', version: told.events });
    expect(delegation.counts.answered).toBeGreaterThan(100);
    expect(replay(streamName('recorded')).stdout).toContain('without a gap');
  });

  test('one that another hand has written to: a gap, a repetition and an illegal event are told', async () => {
    const store = await openStore(server, 'mixed');
    const beginning = ['requested', 'assessed', 'admitted', 'establishing', 'active'] as const;
    const batch = new EventBatch();
    beginning.forEach((name, index) => {
      const event = sampleEvent(`delegation.${name}`, 'one', index + 1);
      batch.addText(event, JSON.stringify(event));
    });
    await store.appendBatch(batch);
    await store.close();
    const subject = 'deputy.v1.mixed.blue.one.request.answered';
    await asOperator(server, async (_, connection) => {
      for (const version of [6, 8, 7]) {
        const event = sampleEvent('request.answered', 'one', version);
        await connection.jetstream().publish(subject, JSON.stringify(event));
      }
      const ended = sampleEvent('delegation.released', 'one', 9);
      await connection.jetstream().publish(subject, JSON.stringify(ended));
    });
    const { status, stdout, stderr } = replay(streamName('mixed'), '--json');
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(JSON.parse(stdout).problems).toEqual([
      expect.stringMatching(/^one\/8 .* at sequence 7 follows version 6: a gap$/),
      expect.stringMatching(/^one\/7 .* at sequence 8 comes again, or late/),
      expect.stringMatching(/^one\/9 .* is not allowed in state active$/),
    ]);
  });

  test('where retention took the beginning it says from where on', async () => {
    const store = await openStore(server, 'short', { stream: { maximumBytes: 6_000 } });
    await store.appendBatch(batchOf('old', 6, 40));
    await store.close();
    const { status, stdout } = replay(streamName('short'));
    expect(status).toBe(0);
    expect(stdout).toMatch(/old of node-1, blue: active, version 45, from version \d+ on/);
  });

  test('no stream, no server, no events, no events of deputy: coded errors', async () => {
    expect(replay('nothing')).toMatchObject({ status: 2, stderr: said('STREAM_MISSING') });
    const away = runSimulator('replay', '--nats', nobody, '--stream', 'any');
    expect(away).toMatchObject({ status: 2, stderr: said('NATS_UNAVAILABLE') });
    await asOperator(server, async (manager, connection) => {
      await manager.streams.add({ name: 'foreign', subjects: ['foreign.>'] });
      await connection.jetstream().publish('foreign.one', 'something');
      await manager.streams.add({ name: 'noise', subjects: ['deputy.v1.noise.>'] });
      await connection.jetstream().publish('deputy.v1.noise.blue.one.request.answered', 'something');
      await manager.streams.add({ name: 'other', subjects: ['deputy.v1.other.>'] });
      const id = eventId('one', 1);
      await connection.jetstream().publish('deputy.v1.other.blue.one.a.b', JSON.stringify({ id }));
    });
    expect(replay('foreign').stderr).toMatch(/HISTORY_UNREADABLE.*no events of deputy/);
    expect(replay('noise').stderr).toMatch(/HISTORY_UNREADABLE.*sequence 1.*it is no JSON/s);
    expect(replay('other').stderr).toMatch(/HISTORY_UNREADABLE.*sequence 1 /);
    expect(replay('other', '--state', state)).toMatchObject({
      status: 2,
      stderr: said('HISTORY_UNREADABLE'),
    });
    expect(replay(streamName('mixed'), '--state', state).stderr).toContain(
      'delegations that the journal has',
    );
  });

  test('wrong usage: a stream without its server, a trace beside a history, a fault without a journal', () => {
    expect(runSimulator('replay', '--stream', 'x')).toMatchObject({ status: 2, stderr: said('USAGE') });
    expect(replay('x', 'a-trace')).toMatchObject({ status: 2, stderr: said('USAGE') });
    expect(replay('x', '--inject', 'signal@1').stderr).toContain('--inject needs the journal');
  });
});

function runSimulator(...words: string[]) {
  return runCli(words, tmpdir());
}

function said(code: string) {
  return expect.stringContaining(`DEPUTY_E_${code}`);
}
