import { JsonBytes } from '../events/json-bytes.js';

const encoder = new TextEncoder();

/** Serialized events on their way to the store; one batch follows the other in the same memory. */
export class EventBatch {
  readonly json = new JsonBytes();
  readonly ends: number[] = [];
  readonly streamIds: string[] = [];
  readonly versions: number[] = [];

  get count(): number {
    return this.ends.length;
  }

  get bytes(): Uint8Array {
    return this.json.bytes;
  }

  /** What was written to `json` since the last event is one. */
  endEvent(streamId: string, version: number): void {
    this.ends.push(this.json.length);
    this.streamIds.push(streamId);
    this.versions.push(version);
  }

  addText(streamId: string, version: number, json: string): void {
    this.json.raw(encoder.encode(json));
    this.endEvent(streamId, version);
  }

  clear(): void {
    this.json.clear();
    this.ends.length = 0;
    this.streamIds.length = 0;
    this.versions.length = 0;
  }
}
