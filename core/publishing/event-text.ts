import { type EventType, eventVersions } from '../events/event-versions.js';
import type { JsonBytes } from '../events/json-bytes.js';
import type { ListenerIdentity } from './listener-identity.js';

const encoder = new TextEncoder();

/** What one delegation's events have in common, as JSON to be put between the parts that differ. */
export interface EventFrame {
  readonly beforeId: Uint8Array;
  readonly common: Uint8Array;
}

/** The constant text of a listener's request events; their cause is the delegation itself. */
export function eventFrame(identity: ListenerIdentity, node: string, epoch: number): EventFrame {
  const { delegationId, tenant } = identity;
  const common = {
    node,
    tenant,
    delegationId,
    correlationId: delegationId,
    causationId: delegationId,
    epoch,
  };
  return {
    beforeId: encoder.encode(`{"id":${JSON.stringify(delegationId).slice(0, -1)}/`),
    common: encoder.encode(`",${JSON.stringify(common).slice(1, -1)},"sequence":`),
  };
}

/** Appends all of an event but its data and the brace at its end (see eventId and envelopeSchema). */
export function writeEnvelope(
  json: JsonBytes,
  frame: EventFrame,
  type: EventType,
  version: number,
  time: string,
  sequence: number,
): void {
  json.raw(frame.beforeId).integer(version).ascii('","type":').name(type);
  json.ascii(',"version":').integer(version);
  json.ascii(',"schemaVersion":').integer(eventVersions[type]);
  json.ascii(',"time":"').ascii(time).raw(frame.common).integer(sequence).ascii(',"data":');
}

/** ISO 8601 texts of times that mostly follow each other closely, so that a second is spelt once. */
export class TimeTexts {
  private ms = Number.NaN;
  private second = Number.NaN;
  private start = '';
  private text = '';

  of(timeMs: number): string {
    const whole = Math.floor(timeMs);
    if (whole === this.ms) return this.text;
    const second = Math.floor(whole / 1_000);
    if (second !== this.second) {
      this.second = second;
      this.start = new Date(second * 1_000).toISOString().slice(0, -4);
    }
    this.ms = whole;
    this.text = `${this.start}${`${whole - second * 1_000}`.padStart(3, '0')}Z`;
    return this.text;
  }
}
