import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type MsgHdrs, type NatsConnection } from 'nats';
import { openConsumer } from '../../adapters/nats/consumer/index.js';
import { openJetStreamStore } from '../../adapters/nats/index.js';
import { eventHeaders, expectedEnd, writerHeaders } from '../../core/events/cloud-event.js';
import { eventId } from '../../core/events/event-id.js';
import { delegationSubject, streamName } from '../../core/events/subject.js';
import { EventBatch } from '../../core/publishing/event-batch.js';
import { makeShare } from '../kernel/support/share.js';
import { SteadyTarget } from '../kernel/takeover/support/steady-target.js';
import { deputyCommand } from '../lab/agent-process.js';
import { LabNatsServer, natsProgram } from '../lab/nats-server.js';
import { sampleRequests } from '../support/sample-events.js';
import { compile, startAgent } from './measure.js';

const events = 50_000;
const rounds = 3;
const window = 256;
const batchEvents = 128;
const latencyMs = 4_000;
const bare = `bare acknowledged, window ${window}`;
const withBytes = 'bare, payloads longer by the headers';
/** What the server and the client's own call leave for deputy. */
export const withHeaders = "bare, deputy's headers";

/** How fast events go into a stream one way. */
export interface StreamRow {
  readonly name: string;
  readonly perSecond: number;
  /** As a part of what a bare acknowledged publisher reaches. */
  readonly ofBare: number;
}

/** From the answer until a consumer has the event. */
export interface StreamLatency {
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly events: number;
}

export interface StreamReport {
  readonly rows: readonly StreamRow[];
  readonly latency: StreamLatency;
}

const samples = sampleRequests('one', 1, events);
const payloads = samples.map((event) => Buffer.from(JSON.stringify(event)));
const writer = { id: 'bench', epoch: 1 };

async function fresh(connection: NatsConnection, name: string): Promise<string> {
  const manager = await connection.jetstreamManager();
  await manager.streams.add({ name, subjects: [`${name}.x`] });
  return `${name}.x`;
}

/** Nothing is acknowledged, and nothing stored. */
async function corePublish(connection: NatsConnection): Promise<void> {
  for (const [index, payload] of payloads.entries()) {
    connection.publish('nobody.x', payload);
    if (index % 1_000 === 999) await connection.flush();
  }
  await connection.flush();
}

async function jetStreamPublish(connection: NatsConnection, subject: string): Promise<void> {
  const client = connection.jetstream();
  const flying: Promise<unknown>[] = [];
  for (const payload of payloads) {
    flying.push(client.publish(subject, payload));
    if (flying.length >= window) await flying.shift();
  }
  await Promise.all(flying);
}

/** Sends what comes next whenever there is room in the window; the replies come to one inbox. */
async function acknowledged(
  connection: NatsConnection,
  inbox: string,
  send: (index: number) => void,
): Promise<void> {
  let stored = 0;
  let sent = 0;
  await new Promise<void>((resolve, reject) => {
    const pump = (): void => {
      while (sent < events && sent - stored < window) send(sent++);
    };
    const subscription = connection.subscribe(inbox, {
      callback: (_, message) => {
        const { error } = message.json<{ readonly error?: unknown }>();
        if (error !== undefined) reject(new Error(`refused: ${JSON.stringify(error)}`));
        stored++;
        if (stored < events) return pump();
        subscription.unsubscribe();
        resolve();
      },
    });
    pump();
  });
}

/** One reply inbox, no headers: the fastest that is acknowledged. */
function bareAcknowledged(
  connection: NatsConnection,
  subject: string,
  messages: readonly Buffer[],
): Promise<void> {
  const reply = `bare.${subject}`;
  return acknowledged(connection, reply, (index) =>
    connection.publish(subject, messages[index] as Buffer, { reply }),
  );
}

/** All headers that deputy's events have, spelt beforehand. */
function headersOf(node: string): Buffer[] {
  const common = writerHeaders(node, writer.id, writer.epoch);
  return samples.map(({ type, time }, index) => {
    const own = eventHeaders(eventId('one', index + 1), type, time);
    const before = index === 0 ? undefined : eventId('one', index);
    return Buffer.from(common + own + expectedEnd(index, before), 'latin1');
  });
}

/** The bare one with them, into a stream as deputy's: what is left for a publisher that costs nothing itself. */
async function bareWithHeaders(connection: NatsConnection, url: string, node: string): Promise<number> {
  await (await openJetStreamStore({ url, node, writer })).close();
  const headers = headersOf(node);
  const subject = `${delegationSubject(node, 'blue', 'one')}.request.answered`;
  const reply = `headers.${node}`;
  const sending = acknowledged(connection, reply, (index) => {
    const encoded = { encode: () => headers[index] } as unknown as MsgHdrs;
    connection.publish(subject, payloads[index] as Buffer, { headers: encoded, reply });
  });
  return timed(sending);
}

/** As the publisher does it: batches of serialized events, headers, ids, a predicted sequence for each. */
async function deputyPublish(url: string, node: string): Promise<number> {
  const store = await openJetStreamStore({ url, node, writer });
  await store.goOnFrom(undefined, true);
  const batches = Array.from({ length: Math.ceil(events / batchEvents) }, (_, batch) => {
    const made = new EventBatch();
    const count = Math.min(batchEvents, events - batch * batchEvents);
    for (const event of sampleRequests('one', 1 + batch * batchEvents, count)) {
      made.addText(event, JSON.stringify(event));
    }
    return made;
  });
  const startedMs = performance.now();
  const flying: Promise<unknown>[] = [];
  for (const batch of batches) {
    flying.push(store.appendBatch(batch));
    if (flying.length >= store.batchesInFlight) await flying.shift();
  }
  await Promise.all(flying);
  const tookMs = performance.now() - startedMs;
  await store.close();
  return tookMs;
}

async function timed(run: Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await run;
  return performance.now() - startedMs;
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}

async function speeds(server: LabNatsServer): Promise<StreamRow[]> {
  const tookMs: Record<string, number[]> = {};
  const note = (name: string, ms: number): void => {
    tookMs[name] = [...(tookMs[name] ?? []), ms];
  };
  const connection = await connect({ servers: server.url });
  for (let round = 0; round < rounds; round++) {
    note('core publish, no acknowledgement', await timed(corePublish(connection)));
    const published = await fresh(connection, `published-${round}`);
    note(`js.publish, window ${window}`, await timed(jetStreamPublish(connection, published)));
    const plain = await fresh(connection, `bare-${round}`);
    note(bare, await timed(bareAcknowledged(connection, plain, payloads)));
    const node = `headers-${round}`;
    const padded = headersOf(node).map((header, index) => Buffer.concat([header, payloads[index] as Buffer]));
    const long = await fresh(connection, `long-${round}`);
    note(withBytes, await timed(bareAcknowledged(connection, long, padded)));
    note(withHeaders, await bareWithHeaders(connection, server.url, node));
    note('deputy', await deputyPublish(server.url, `node-${round}`));
  }
  await connection.close();
  const bareMs = median(tookMs[bare] ?? []);
  return Object.entries(tookMs).map(([name, values]) => ({
    name,
    perSecond: Math.round(events / (median(values) / 1_000)),
    ofBare: bareMs / median(values),
  }));
}

/** From an answer (its event's time, in whole milliseconds) until a consumer has the event. */
async function latency(server: LabNatsServer): Promise<StreamLatency> {
  const directory = mkdtempSync(join(tmpdir(), 'deputy-bench-'));
  const { share } = makeShare();
  chmodSync(directory, 0o755);
  const socket = join(directory, 'agent.sock');
  const words = ['--state', join(directory, 'state'), '--nats', server.url, '--node', 'latency'];
  const command = [process.execPath, deputyCommand(), 'agent', '--socket', socket, ...words];
  const agent: ChildProcess = await startAgent([...command, '--log-level', 'error'], false);
  while (!(await hasStream(server, 'latency'))) await new Promise((resolve) => setTimeout(resolve, 100));
  const consumer = await openConsumer({ url: server.url, node: 'latency', type: 'request', from: 'new' });
  const latencies: number[] = [];
  const listening = (async () => {
    for await (const { event } of consumer) latencies.push(Date.now() - Date.parse(event.time));
  })();
  const program = compile(directory, 'steady', ['../targets/steady.c']);
  const target = await SteadyTarget.start({
    program,
    socketPath: socket,
    share,
    flavour: 'killable',
    threads: 1,
    pauseUs: 1_000,
  });
  await new Promise((resolve) => setTimeout(resolve, latencyMs));
  await target.end();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await consumer.close();
  await listening;
  agent.kill('SIGTERM');
  await once(agent, 'exit');
  rmSync(directory, { recursive: true, force: true });
  const sorted = latencies.sort((one, other) => one - other);
  const at = (part: number): number => sorted[Math.floor(sorted.length * part)] ?? 0;
  return { medianMs: at(0.5), p99Ms: at(0.99), events: sorted.length };
}

async function hasStream(server: LabNatsServer, node: string): Promise<boolean> {
  const connection = await connect({ servers: server.url });
  const manager = await connection.jetstreamManager({ checkAPI: false });
  const found = await manager.streams.info(streamName(node)).then(
    () => true,
    () => false,
  );
  await connection.close();
  return found;
}

/**
 * Events a second into JetStream (file storage) beside three baselines of the same payloads, and the time from
 * an answer to a consumer. Undefined where there is no nats-server.
 */
export async function measureStream(): Promise<StreamReport | undefined> {
  if (natsProgram() === undefined) return undefined;
  const server = await LabNatsServer.start();
  try {
    return { rows: await speeds(server), latency: await latency(server) };
  } finally {
    await server.remove();
  }
}
