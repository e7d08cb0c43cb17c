import type { EventEnvelope } from '../events/envelope.js';
import type { EventType } from '../events/event-versions.js';
import { JsonBytes } from '../events/json-bytes.js';

/** What is known of an event beside its JSON. */
export type EventHead = Pick<EventEnvelope, 'delegationId' | 'version' | 'tenant' | 'time'> & {
  readonly type: EventType;
};

const encoder = new TextEncoder();

/** Serialized events on their way to the store; one batch follows the other in the same memory. */
export class EventBatch {
  readonly json = new JsonBytes();
  readonly ends: number[] = [];
  readonly streamIds: string[] = [];
  readonly versions: number[] = [];
  readonly tenants: string[] = [];
  readonly types: EventType[] = [];
  readonly times: string[] = [];

  get count(): number {
    return this.ends.length;
  }

  get bytes(): Uint8Array {
    return this.json.bytes;
  }

  /** What was written to `json` since the last event is one. */
  endEvent(streamId: string, version: number, tenant: string, type: EventType, time: string): void {
    this.ends.push(this.json.length);
    this.streamIds.push(streamId);
    this.versions.push(version);
    this.tenants.push(tenant);
    this.types.push(type);
    this.times.push(time);
  }

  /** A whole event that has been serialized. */
  addText(event: EventHead, json: string): void {
    this.json.raw(encoder.encode(json));
    this.endEvent(event.delegationId, event.version, event.tenant, event.type, event.time);
  }

  clear(): void {
    this.json.clear();
    this.ends.length = 0;
    this.streamIds.length = 0;
    this.versions.length = 0;
    this.tenants.length = 0;
    this.types.length = 0;
    this.times.length = 0;
  }
}
