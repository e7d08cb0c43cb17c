import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type BrokerAnswer,
  type BrokerRequest,
  decodeAnswer,
  decodeRequest,
  encodeAnswer,
  encodeFault,
  encodeRequest,
} from '../../../../core/broker/messages.js';
import { brokerFaults, maximumFaultTextBytes, maximumPacketBytes } from '../../../../core/broker/packets.js';

const word = fc.integer({ min: 0, max: 0xffff_ffff });
const half = fc.integer({ min: 0, max: 0xffff });
const signed = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
const handle = fc.uint8Array({ maxLength: 128 });

const requests: fc.Arbitrary<BrokerRequest> = fc.oneof(
  fc.record({ type: fc.constant('hello' as const), id: word, lowest: half, highest: half }),
  fc.record({
    type: fc.constant('name_to_handle_at' as const),
    id: word,
    flags: fc.constantFrom(0 as const, 1 as const),
    room: word,
  }),
  fc.record({
    type: fc.constant('open_by_handle_at' as const),
    id: word,
    flags: signed,
    handleType: signed,
    handle,
  }),
);

const common = { id: word, result: signed, reason: half };
const answers: fc.Arbitrary<BrokerAnswer> = fc.oneof(
  fc.record({ type: fc.constant('open_by_handle_at' as const), ...common }),
  fc.record({
    type: fc.constant('name_to_handle_at' as const),
    ...common,
    mountId: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    neededBytes: word,
    handleType: signed,
    handle,
  }),
  fc.record({
    type: fc.constant('fault' as const),
    id: word,
    result: signed,
    fault: word,
    text: fc.string({ maxLength: 40, unit: 'grapheme-ascii' }),
  }),
);

describe('packets of the broker', () => {
  test('are read back as what they were made of', () => {
    fc.assert(
      fc.property(requests, answers, (request, answer) => {
        expect(decodeRequest(encodeRequest(request))).toEqual(request);
        expect(decodeAnswer(encodeAnswer(answer))).toEqual(answer);
      }),
    );
    const hello = { id: 7, result: 0, reason: 0, version: 1, inFlight: 32, handleBytes: 128 };
    const answer = { type: 'hello', ...hello } as const;
    expect(decodeAnswer(encodeAnswer(answer))).toEqual(answer);
  });

  test('fit the bound, the longest of them too', () => {
    fc.assert(
      fc.property(fc.oneof(requests.map(encodeRequest), answers.map(encodeAnswer)), (packet) => {
        expect(packet.length).toBeLessThanOrEqual(maximumPacketBytes);
        expect(new DataView(packet.buffer).getUint32(8, true)).toBe(packet.length);
      }),
    );
    const fault = encodeFault('stranger', 1, 'ä'.repeat(1_000));
    expect(fault.length).toBe(20 + maximumFaultTextBytes);
  });

  test('of any bytes make a request or a reason, and nothing is thrown', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (packet) => {
        const request = decodeRequest(packet);
        if (typeof request !== 'string') expect(encodeRequest(request)).toEqual(packet);
        expect(() => decodeAnswer(packet)).not.toThrow();
      }),
      { numRuns: 5_000 },
    );
  });

  test('with a byte changed, added or taken away are another request or none', () => {
    const change = fc.record({ at: fc.nat(200), to: fc.nat(255), by: fc.integer({ min: -20, max: 20 }) });
    fc.assert(
      fc.property(requests, change, (one, { at, to, by }) => {
        const packet = encodeRequest(one);
        const flipped = Uint8Array.from(packet);
        flipped[at % packet.length] = to;
        const request = decodeRequest(flipped);
        // What can't be told from a right packet is one: nothing of it is left out of account.
        if (
          typeof request !== 'string' &&
          (request.type !== 'hello' || (flipped[2] === 1 && flipped[3] === 0))
        ) {
          expect(encodeRequest(request)).toEqual(flipped);
        }
        const length = Math.max(0, packet.length + by);
        const resized = new Uint8Array(length);
        resized.set(packet.subarray(0, length));
        if (length !== packet.length) expect(decodeRequest(resized)).toBe('malformed');
      }),
      { numRuns: 3_000 },
    );
  });

  test('of another version: a hello is understood, a call is not', () => {
    const hello = encodeRequest({ type: 'hello', id: 1, lowest: 2, highest: 9 });
    const call = encodeRequest({ type: 'name_to_handle_at', id: 1, flags: 0, room: 128 });
    for (const packet of [hello, call]) packet[2] = 9;
    expect(decodeRequest(hello)).toMatchObject({ type: 'hello', lowest: 2, highest: 9 });
    expect(decodeRequest(call)).toBe('version');
  });

  test('stand where the page for clients says', () => {
    const bytes = Uint8Array.from([1, 2, 3, 4]);
    const call = {
      type: 'open_by_handle_at',
      id: 0x01020304,
      flags: -2,
      handleType: 5,
      handle: bytes,
    } as const;
    expect([...encodeRequest(call)]).toEqual([
      ...[3, 0, 1, 0, 4, 3, 2, 1, 32, 0, 0, 0, 0, 0, 0, 0],
      ...[0xfe, 0xff, 0xff, 0xff, 4, 0, 0, 0, 5, 0, 0, 0, 1, 2, 3, 4],
    ]);
    const { number, errno } = brokerFaults.crowded;
    expect([...encodeFault('crowded', 9, 'no')]).toEqual([
      ...[0, 0x80, 1, 0, 9, 0, 0, 0, 22, 0, 0, 0, 256 - errno, 255, 255, 255],
      ...[number, 0, 0, 0, 110, 111],
    ]);
  });
});
