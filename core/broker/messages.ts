import { z } from 'zod';
import { maximumHandleBytes } from '../request/record-layout.js';
import {
  answerBit,
  answerPlace,
  type BrokerFaultName,
  brokerFaults,
  brokerVersion,
  faultPlace,
  handlePlace,
  head,
  helloAnswerPlace,
  helloPlace,
  maximumFaultTextBytes,
  nameAnswerPlace,
  namePlace,
  openPlace,
  packetType,
} from './packets.js';

const word = z.int().min(0).max(0xffff_ffff);
const half = z.int().min(0).max(0xffff);
const signed = z.int().min(-0x8000_0000).max(0x7fff_ffff);
const handleBytes = z.custom<Uint8Array>(
  (value) => value instanceof Uint8Array && value.length <= maximumHandleBytes,
);

const helloSchema = z.strictObject({ type: z.literal('hello'), id: word, lowest: half, highest: half });
const nameSchema = z.strictObject({
  type: z.literal('name_to_handle_at'),
  id: word,
  /** 0 or AT_HANDLE_MNT_ID_UNIQUE; AT_EMPTY_PATH is meant always, since the file comes as a descriptor. */
  flags: z.union([z.literal(0), z.literal(1)]),
  room: word,
});
const openSchema = z.strictObject({
  type: z.literal('open_by_handle_at'),
  id: word,
  flags: signed,
  handleType: signed,
  handle: handleBytes,
});

/** What a client may ask. */
export const brokerRequestSchema = z.discriminatedUnion('type', [helloSchema, nameSchema, openSchema]);
export type BrokerRequest = z.output<typeof brokerRequestSchema>;
export type BrokerCall = Exclude<BrokerRequest, { type: 'hello' }>;

const answer = { id: word, result: signed, reason: half };

/** What a broker says. */
export const brokerAnswerSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('hello'), ...answer, version: half, inFlight: word, handleBytes: word }),
  z.strictObject({
    type: z.literal('name_to_handle_at'),
    ...answer,
    mountId: z.bigint(),
    /** With EOVERFLOW what is needed; else as many as `handle` has. */
    neededBytes: word,
    handleType: signed,
    handle: handleBytes,
  }),
  z.strictObject({ type: z.literal('open_by_handle_at'), ...answer }),
  z.strictObject({ type: z.literal('fault'), id: word, result: signed, fault: word, text: z.string() }),
]);
export type BrokerAnswer = z.output<typeof brokerAnswerSchema>;

function viewOf(packet: Uint8Array): DataView {
  return new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
}

function begin(bytes: number, type: number, id: number, result = 0, version = brokerVersion): DataView {
  const view = new DataView(new ArrayBuffer(bytes));
  view.setUint16(head.type, type, true);
  view.setUint16(head.version, version, true);
  view.setUint32(head.id, id, true);
  view.setUint32(head.bytes, bytes, true);
  view.setInt32(head.result, result, true);
  return view;
}

const bytesOf = (view: DataView): Uint8Array => new Uint8Array(view.buffer);

function putHandle(view: DataView, at: number, type: number, bytes: number, data: Uint8Array): void {
  view.setUint32(at + handlePlace.bytes, bytes, true);
  view.setInt32(at + handlePlace.type, type, true);
  new Uint8Array(view.buffer).set(data, at + handlePlace.data);
}

/** A request as its packet. */
export function encodeRequest(request: BrokerRequest): Uint8Array {
  if (request.type === 'hello') {
    const view = begin(helloPlace.end, packetType.hello, request.id);
    view.setUint16(helloPlace.lowest, request.lowest, true);
    view.setUint16(helloPlace.highest, request.highest, true);
    return bytesOf(view);
  }
  if (request.type === 'name_to_handle_at') {
    const view = begin(namePlace.end, packetType.nameToHandle, request.id);
    view.setUint32(namePlace.flags, request.flags, true);
    view.setUint32(namePlace.room, request.room, true);
    return bytesOf(view);
  }
  const { handle, handleType } = request;
  const view = begin(openPlace.end + handle.length, packetType.openByHandle, request.id);
  view.setInt32(openPlace.flags, request.flags, true);
  putHandle(view, openPlace.handle, handleType, handle.length, handle);
  return bytesOf(view);
}

/** A packet's request; or why there is none. Pure, and total: any bytes may come. */
export function decodeRequest(packet: Uint8Array): BrokerRequest | 'malformed' | 'version' {
  if (packet.length < head.end) return 'malformed';
  const view = viewOf(packet);
  const type = view.getUint16(head.type, true);
  // A hello of any version can be read: by it the two find one that both speak.
  if (type !== packetType.hello && view.getUint16(head.version, true) !== brokerVersion) return 'version';
  if (view.getUint32(head.bytes, true) !== packet.length || view.getInt32(head.result, true) !== 0)
    return 'malformed';
  const found = fieldsOf(view, packet, type, view.getUint32(head.id, true));
  const parsed = found === undefined ? undefined : brokerRequestSchema.safeParse(found);
  return parsed?.success === true ? parsed.data : 'malformed';
}

function fieldsOf(view: DataView, packet: Uint8Array, type: number, id: number): object | undefined {
  if (type === packetType.hello && packet.length === helloPlace.end) {
    if (view.getUint32(helloPlace.reserved, true) !== 0) return undefined;
    const [lowest, highest] = [helloPlace.lowest, helloPlace.highest].map((at) => view.getUint16(at, true));
    return { type: 'hello', id, lowest, highest };
  }
  if (type === packetType.nameToHandle && packet.length === namePlace.end) {
    const [flags, room] = [namePlace.flags, namePlace.room].map((at) => view.getUint32(at, true));
    return { type: 'name_to_handle_at', id, flags, room };
  }
  if (type !== packetType.openByHandle || packet.length < openPlace.end) return undefined;
  const bytes = view.getUint32(openPlace.handle + handlePlace.bytes, true);
  if (packet.length !== openPlace.end + bytes) return undefined;
  return {
    type: 'open_by_handle_at',
    id,
    flags: view.getInt32(openPlace.flags, true),
    handleType: view.getInt32(openPlace.handle + handlePlace.type, true),
    handle: packet.slice(openPlace.end),
  };
}

/** An answer as its packet. */
export function encodeAnswer(given: BrokerAnswer): Uint8Array {
  if (given.type === 'fault') {
    const text = new TextEncoder().encode(given.text).subarray(0, maximumFaultTextBytes);
    const view = begin(faultPlace.text + text.length, answerBit, given.id, given.result);
    view.setUint32(faultPlace.fault, given.fault, true);
    new Uint8Array(view.buffer).set(text, faultPlace.text);
    return bytesOf(view);
  }
  if (given.type === 'hello') {
    const view = begin(helloAnswerPlace.end, answerBit | packetType.hello, given.id, given.result);
    view.setUint16(helloAnswerPlace.version, given.version, true);
    view.setUint32(helloAnswerPlace.inFlight, given.inFlight, true);
    view.setUint32(helloAnswerPlace.handleBytes, given.handleBytes, true);
    return bytesOf(view);
  }
  if (given.type === 'open_by_handle_at') {
    const view = begin(answerPlace.end, answerBit | packetType.openByHandle, given.id, given.result);
    view.setUint32(answerPlace.reason, given.reason, true);
    return bytesOf(view);
  }
  const { handle, handleType, neededBytes } = given;
  const bytes = nameAnswerPlace.end + handle.length;
  const view = begin(bytes, answerBit | packetType.nameToHandle, given.id, given.result);
  view.setUint32(answerPlace.reason, given.reason, true);
  view.setBigUint64(nameAnswerPlace.mountId, given.mountId, true);
  putHandle(view, nameAnswerPlace.handle, handleType, neededBytes, handle);
  return bytesOf(view);
}

/** The packet by which a broker ends a connection. `id`: of the request that it is about, or 0. */
export function encodeFault(name: BrokerFaultName, id: number, text: string): Uint8Array {
  const { number, errno } = brokerFaults[name];
  return encodeAnswer({ type: 'fault', id, result: -errno, fault: number, text });
}

/** A packet's answer, or undefined where it is none of this version. */
export function decodeAnswer(packet: Uint8Array): BrokerAnswer | undefined {
  if (packet.length < answerPlace.end) return undefined;
  const view = viewOf(packet);
  if (view.getUint32(head.bytes, true) !== packet.length) return undefined;
  const common = { id: view.getUint32(head.id, true), result: view.getInt32(head.result, true) };
  const type = view.getUint16(head.type, true);
  const found = answerFields(view, packet, type, common);
  const parsed = found === undefined ? undefined : brokerAnswerSchema.safeParse(found);
  return parsed?.success === true ? parsed.data : undefined;
}

function answerFields(view: DataView, packet: Uint8Array, type: number, common: object): object | undefined {
  const second = view.getUint32(answerPlace.reason, true);
  if (type === answerBit) {
    const text = new TextDecoder().decode(packet.subarray(faultPlace.text));
    return { type: 'fault', ...common, fault: second, text };
  }
  if (type === (answerBit | packetType.openByHandle) && packet.length === answerPlace.end) {
    return { type: 'open_by_handle_at', ...common, reason: second };
  }
  if (type === (answerBit | packetType.hello) && packet.length === helloAnswerPlace.end) {
    const version = view.getUint16(helloAnswerPlace.version, true);
    const [inFlight, handleBytes] = [helloAnswerPlace.inFlight, helloAnswerPlace.handleBytes].map((at) =>
      view.getUint32(at, true),
    );
    return { type: 'hello', ...common, reason: second, version, inFlight, handleBytes };
  }
  if (type !== (answerBit | packetType.nameToHandle) || packet.length < nameAnswerPlace.end) return undefined;
  return {
    type: 'name_to_handle_at',
    ...common,
    reason: second,
    mountId: view.getBigUint64(nameAnswerPlace.mountId, true),
    neededBytes: view.getUint32(nameAnswerPlace.handle + handlePlace.bytes, true),
    handleType: view.getInt32(nameAnswerPlace.handle + handlePlace.type, true),
    handle: packet.slice(nameAnswerPlace.end),
  };
}
