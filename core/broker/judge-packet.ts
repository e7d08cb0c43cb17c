import { maximumHandleBytes } from '../request/record-layout.js';
import { type BrokerAnswer, type BrokerCall, decodeRequest } from './messages.js';
import { type BrokerFaultName, brokerVersion, requestsInFlight } from './packets.js';

/** A packet as it was received. */
export interface ReceivedPacket {
  readonly bytes: Uint8Array;
  /** It was longer than there was room. */
  readonly isTruncated: boolean;
  /** Descriptors that came with it. */
  readonly descriptors: number;
}

/** What a broker does about a packet: serves a call, says hello, or ends the connection. */
export type PacketJudgement =
  | { readonly kind: 'call'; readonly call: BrokerCall }
  | { readonly kind: 'hello'; readonly answer: BrokerAnswer }
  | { readonly kind: 'fault'; readonly fault: BrokerFaultName; readonly id: number; readonly text: string };

/** Judges a packet of a client that has said hello, or has not. Pure, and total: any bytes may come. */
export function judgePacket(packet: ReceivedPacket, hasGreeted: boolean): PacketJudgement {
  const { bytes, isTruncated, descriptors } = packet;
  if (isTruncated) return fault('malformed', 0, 'a packet was too long');
  const request = decodeRequest(bytes);
  if (request === 'malformed') return fault('malformed', 0, 'no packet of version 1');
  if (request === 'version') return fault('version', 0, `spoken here: ${brokerVersion}`);
  const { id } = request;
  const wanted = request.type === 'hello' ? 0 : 1;
  if (descriptors !== wanted) return fault('descriptors', id, `${wanted} wanted, ${descriptors} came`);
  if (request.type !== 'hello') {
    return hasGreeted ? { kind: 'call', call: request } : fault('order', id, 'hello comes first');
  }
  if (hasGreeted) return fault('order', id, 'there was a hello already');
  if (request.lowest > brokerVersion || request.highest < brokerVersion) {
    return fault('version', id, `spoken here: ${brokerVersion}`);
  }
  return { kind: 'hello', answer: helloAnswer(id) };
}

function helloAnswer(id: number): BrokerAnswer {
  return {
    type: 'hello',
    id,
    result: 0,
    reason: 0,
    version: brokerVersion,
    inFlight: requestsInFlight,
    handleBytes: maximumHandleBytes,
  };
}

function fault(name: BrokerFaultName, id: number, text: string): PacketJudgement {
  return { kind: 'fault', fault: name, id, text };
}
