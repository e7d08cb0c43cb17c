import { deputyError } from '../../core/errors/deputy-error.js';
import type { DeputyEvent } from '../../core/events/event.js';
import type { StoredEvent } from '../../core/ports/event-store.js';
import type { EventBatch } from '../../core/publishing/event-batch.js';
import type { ModelProcess } from '../kernel/process.js';
import type { World } from '../world/world.js';

/** How long a request to the store is on its way, and its answer, in microseconds. */
const wayUs = [20, 400] as const;
const decoder = new TextDecoder();

interface Serialized {
  readonly streamId: string;
  readonly version: number;
  readonly json: string;
}

/**
 * The durable store behind its port: what is appended survives every process. It can be slow, be gone for a
 * while, take a batch and lose the answer, take one twice, and lose its latest events.
 */
export class ModelEventStore {
  readonly events: DeputyEvent[] = [];
  private readonly versions = new Map<string, number>();
  private goneUntilUs = 0;
  private slowUntilUs = 0;
  private duplicates = 0;

  constructor(private readonly world: World) {}

  /** No answer comes, and nothing is taken, for a while. What was under way may have been taken. */
  disconnect(forUs: number): void {
    this.goneUntilUs = Math.max(this.goneUntilUs, this.world.nowUs + forUs);
  }

  slowDown(forUs: number): void {
    this.slowUntilUs = this.world.nowUs + forUs;
  }

  /** The next batches are taken twice, as a client does that sends again too soon. */
  duplicate(count: number): void {
    this.duplicates += count;
  }

  /** Events that were acknowledged are gone, the latest first: a machine lost its power. */
  loseSuffix(count: number): void {
    const lost = this.events.splice(Math.max(0, this.events.length - count));
    this.versions.clear();
    for (const { delegationId, version } of this.events) this.versions.set(delegationId, version);
    this.world.watch.storeLost?.(lost, this.events);
  }

  /** Asks for an append; settles when the answer arrives, or the connection is found to be gone. */
  append(process: ModelProcess, batch: EventBatch, settle: (error: Error | undefined) => void): void {
    const events = serialized(batch);
    this.way(process, () => {
      if (this.isGone) return settle(unreachable());
      this.take(events);
      if (this.duplicates > 0) {
        this.duplicates--;
        this.take(events);
      }
      this.way(process, () => settle(this.isGone ? unreachable() : undefined));
    });
  }

  lastVersions(): Promise<ReadonlyMap<string, number>> {
    return Promise.resolve(this.versions);
  }

  get versionsNow(): ReadonlyMap<string, number> {
    return this.versions;
  }

  async *readStream(streamId: string): AsyncIterable<StoredEvent> {
    let position = 0;
    for (const event of [...this.events]) {
      position++;
      if (event.delegationId === streamId) yield { position, streamId, event };
    }
  }

  private get isGone(): boolean {
    return this.goneUntilUs > this.world.nowUs;
  }

  private way(process: ModelProcess, run: () => void): void {
    const [from, to] = wayUs;
    const factor = this.slowUntilUs > this.world.nowUs ? 100 : 1;
    this.world.later(process, from * factor, to * factor, run);
  }

  /** What the stream has reached is a resend, and ignored. */
  private take(events: readonly Serialized[]): void {
    for (const { streamId, version, json } of events) {
      if (version <= (this.versions.get(streamId) ?? 0)) continue;
      this.versions.set(streamId, version);
      const event = JSON.parse(json) as DeputyEvent;
      this.events.push(event);
      this.world.watch.stored?.(event, this.events.length);
    }
  }
}

function serialized({ count, bytes, ends, streamIds, versions }: EventBatch): Serialized[] {
  let from = 0;
  return Array.from({ length: count }, (_, index) => {
    const to = ends[index] as number;
    const json = decoder.decode(bytes.subarray(from, to));
    from = to;
    return { streamId: streamIds[index] as string, version: versions[index] as number, json };
  });
}

function unreachable(): Error {
  return deputyError('DEPUTY_E_STATE_DIRECTORY_UNWRITABLE', { path: 'events', detail: 'not reachable' });
}
