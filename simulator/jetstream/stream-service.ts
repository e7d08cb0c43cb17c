import type { DeputyEvent } from '../../core/events/event.js';
import type { PublishReply } from '../../core/ports/stream.js';
import type { Setup } from '../scenario/scenario-schema.js';
import type { World } from '../world/world.js';
import { DurableConsumer } from './durable-consumer.js';
import { JetStream, type SentMessage, type StoredMessage } from './jet-stream.js';

/** How long a message to the server is on its way, and the answer, in microseconds. */
const wayUs = [20, 400] as const;
/** From a message's storage until enough of the cluster has it, and it is acknowledged. */
const replicationUs = [20, 600] as const;
const slowFactor = 100;
const consumerLimits = { acknowledgeWithinUs: 300_000, unacknowledged: 16 };
const decoder = new TextDecoder();

/** A direction of a connection: what is sent first comes first. */
interface Line {
  atUs: number;
}

/** A client: told when its connection breaks, and when there is one again. */
export interface Client {
  readonly disconnected: () => void;
  readonly reconnected: () => void;
}

/** A client's connection, and its two directions. */
interface Connection {
  readonly client: Client;
  readonly there: Line;
  readonly back: Line;
}

/**
 * The server that has the stream, in the modelled world: what is on its way to it and back, its leaders, and
 * all that goes wrong there. What it takes and refuses is JetStream's.
 */
export class StreamService {
  readonly stream: JetStream;
  /** The durable consumer of whoever listens. */
  readonly consumer: DurableConsumer;
  private readonly connections = new Map<Client, Connection>();
  private readonly replication: Line = { atUs: 0 };
  private connectedFromUs = 0;
  private leaderFromUs = 0;
  private slowUntilUs = 0;
  private repeats = 0;
  /** All up to here was acknowledged, or is on its way to be: a change of leaders does not lose it. */
  private committed = 0;

  constructor(
    private readonly world: World,
    readonly setup: Pick<Setup, 'replicas' | 'adopt' | 'ageUs'> = {},
  ) {
    const { ageUs } = setup;
    const age = ageUs === undefined ? {} : { maximumAgeUs: ageUs };
    this.stream = new JetStream({ deniesPurge: true, deniesDelete: true, discard: 'new', ...age }, 'once');
    this.consumer = new DurableConsumer(this.stream, consumerLimits);
  }

  get isConnected(): boolean {
    return this.world.nowUs >= this.connectedFromUs;
  }

  get events(): readonly DeputyEvent[] {
    return this.stream.from(1).flatMap((message) => eventOf(message) ?? []);
  }

  attach(client: Client): void {
    if (this.isConnected) this.connect(client);
    else this.connections.set(client, lost(client));
  }

  detach(client: Client): void {
    this.connections.delete(client);
  }

  /** A message on its way: it comes whatever becomes of its sender. */
  send(client: Client, message: SentMessage, hear: (reply: PublishReply) => void): void {
    const connection = this.connections.get(client);
    if (connection === undefined || !this.isConnected) return;
    const answer = (reply: PublishReply): void => this.answer(connection, () => hear(reply));
    this.way(connection.there, wayUs, () => this.arrive(message, answer));
    if (this.repeats === 0) return;
    // A route that was slow brings it once more, when its sender has gone on.
    this.repeats--;
    this.world.later(undefined, 1_000, 2_000_000, () => this.arrive(message, () => undefined));
  }

  /**
   * A question about the stream: its answer, undefined when nobody leads it. Not answered at all when the
   * connection breaks meanwhile. Others than those who store messages answer it, so it may overtake them.
   */
  ask<T>(client: Client, question: (stream: JetStream) => T, hear: (result: T | undefined) => void): void {
    const connection = this.connections.get(client);
    if (connection === undefined || !this.isConnected) return;
    this.way({ atUs: 0 }, wayUs, () => {
      this.stream.expire(this.world.nowUs);
      const result = this.hasLeader ? question(this.stream) : undefined;
      this.answer(connection, () => hear(result));
    });
  }

  /** Connections break, and come back later. What was under way may have come, and is answered to nobody. */
  disconnect(forUs: number): void {
    const { world } = this;
    this.connectedFromUs = Math.max(this.connectedFromUs, world.nowUs + forUs);
    const clients = [...this.connections.keys()];
    for (const client of clients) {
      this.connections.set(client, lost(client));
      client.disconnected();
    }
    world.scheduler.after(forUs, undefined, () => {
      if (!this.isConnected) return;
      for (const client of this.connections.keys()) {
        this.connect(client);
        client.reconnected();
      }
    });
  }

  /** The leader is gone. Of what it had not brought to the others yet some is lost, unacknowledged. */
  changeLeader(forUs: number): void {
    this.leaderFromUs = Math.max(this.leaderFromUs, this.world.nowUs + forUs);
    const { lastSequence } = this.stream.ends;
    const left = this.world.random.between(Math.min(this.committed, lastSequence), lastSequence);
    this.lose(left);
  }

  slowDown(forUs: number): void {
    this.slowUntilUs = this.world.nowUs + forUs;
  }

  /** The next messages come twice, the second time later. */
  duplicate(count: number): void {
    this.repeats += count;
  }

  /** The machine lost its power, and what was acknowledged and not on its disk: connections break with it. */
  loseSuffix(count: number, forUs: number): void {
    this.lose(Math.max(0, this.stream.ends.lastSequence - count));
    this.disconnect(forUs);
  }

  /** It takes no more, until an operator has made room. */
  fill(forUs: number): void {
    this.stream.set({ maximumMessages: Math.max(1, this.stream.count) });
    this.world.scheduler.after(forUs, undefined, () => this.stream.set({ maximumMessages: -1 }));
  }

  /** Somebody else writes into the stream, without asking where it ends. */
  writeAsOther(): void {
    const headers =
      'NATS/1.0\r\ndeputy-writer: another\r\ndeputy-epoch: 1\r\nNats-Msg-Id: stranger/1\r\n\r\n';
    const subject = 'deputy.v1.model.another.stranger.request.answered';
    this.arrive({ subject, headers, payload: new Uint8Array(0) }, () => undefined);
  }

  private get hasLeader(): boolean {
    return this.world.nowUs >= this.leaderFromUs;
  }

  private arrive(message: SentMessage, hear: (reply: PublishReply) => void): void {
    if (!this.hasLeader) return hear({ kind: 'nobody' });
    const reply = this.stream.publish(message, this.world.nowUs);
    if (reply.kind !== 'stored' || reply.wasDuplicate) return hear(reply);
    const stored = this.stream.at(reply.sequence) as StoredMessage;
    this.tell(stored);
    this.way(this.replication, replicationUs, () => {
      // What a change of leaders took is never acknowledged; another one may stand there by now.
      if (this.stream.at(reply.sequence) !== stored) return;
      this.committed = Math.max(this.committed, reply.sequence);
      hear(reply);
    });
  }

  private connect(client: Client): void {
    const { nowUs } = this.world;
    this.connections.set(client, { client, there: { atUs: nowUs }, back: { atUs: nowUs } });
  }

  /** Over the connection that the question came by, or not at all. */
  private answer(connection: Connection, run: () => void): void {
    const isSame = (): boolean => this.connections.get(connection.client) === connection;
    if (isSame()) this.way(connection.back, wayUs, () => isSame() && run());
  }

  private lose(behind: number): void {
    const lost = this.stream.loseBehind(behind, this.world.nowUs);
    this.committed = Math.min(this.committed, behind);
    if (lost.length > 0) this.consumer.loseBehind(behind);
    if (lost.length === 0) return;
    this.world.watch.storeLost?.(
      lost.flatMap((message) => eventOf(message) ?? []),
      this.events,
    );
  }

  private tell(message: StoredMessage): void {
    const event = eventOf(message);
    if (event === undefined) this.world.watch.strangerStored?.(message.sequence);
    else this.world.watch.stored?.(event, message.sequence);
  }

  private way(line: Line, [from, to]: readonly [number, number], run: () => void): void {
    const { world } = this;
    const factor = this.slowUntilUs > world.nowUs ? slowFactor : 1;
    line.atUs = Math.max(line.atUs, world.nowUs + world.random.between(from * factor, to * factor));
    world.scheduler.after(line.atUs - world.nowUs, undefined, run);
  }
}

/** What is sent by it comes nowhere. */
function lost(client: Client): Connection {
  return { client, there: { atUs: 0 }, back: { atUs: 0 } };
}

function eventOf({ payload }: StoredMessage): DeputyEvent | undefined {
  return payload.length === 0 ? undefined : (JSON.parse(decoder.decode(payload)) as DeputyEvent);
}
