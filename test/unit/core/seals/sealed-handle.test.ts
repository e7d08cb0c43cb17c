import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KeyRing } from '../../../../adapters/keys/index.js';
import type { SealKeys } from '../../../../core/ports/seal-keys.js';
import { type RequestRecord, standaloneRecord } from '../../../../core/request/record.js';
import { maximumHandleBytes, offset } from '../../../../core/request/record-layout.js';
import { maximumSealableBytes, sealBytes, sealOffset } from '../../../../core/seals/seal-layout.js';
import {
  checkSeal,
  putSeal,
  sealedFileType,
  sealKeyId,
  unsealed,
} from '../../../../core/seals/sealed-handle.js';
import { ModelSealKeys } from '../../../../simulator/index.js';

const keyId = 0xfedc_ba98;
const scope = JSON.stringify(['blue', 'data', 'own', 'ext4:00']);

function ring(): KeyRing {
  const keys = new KeyRing(() => 0);
  const key = (id: number, byte: number) => ({
    id,
    secret: Buffer.alloc(32, byte).toString('base64'),
    createdAtMs: 0,
    origin: 'made' as const,
  });
  keys.set({ current: keyId, keys: [key(keyId, 1), key(7, 2)] });
  return keys;
}

function model(): ModelSealKeys {
  const keys = new ModelSealKeys(keyId);
  return keys;
}

const handles = fc.record({
  type: fc.integer({ min: 0, max: 0x3ffff }),
  data: fc.uint8Array({ minLength: 1, maxLength: maximumSealableBytes }),
  fileType: fc.integer({ min: 0, max: 15 }),
});
type Handle = Parameters<typeof sealed>[0];

/** A record with a sealed handle, as it comes from a target; its size in all. */
function sealed(
  { type, data, fileType }: { type: number; data: Uint8Array; fileType: number },
  keys: SealKeys,
  within = scope,
  key = keyId,
): { record: RequestRecord; bytes: number } {
  const record = standaloneRecord();
  record.setI32(offset.handleType, type);
  record.views.u8.set(data, offset.handleData);
  if (!putSeal(record, data.length, fileType, key, within, keys)) throw new Error('there is no such key');
  return { record, bytes: data.length + sealBytes };
}

const makers: readonly (readonly [string, () => SealKeys])[] = [
  ['HMAC-SHA-256', ring],
  ['the model of the simulator', model],
];

for (const [name, make] of makers) {
  describe(`a sealed handle, ${name}`, () => {
    const keys = make();

    test('verifies, says its type and key, and keeps the kernel’s bytes', () => {
      fc.assert(
        fc.property(handles, (handle) => {
          const { record, bytes } = sealed(handle, keys);
          expect(bytes).toBeLessThanOrEqual(maximumHandleBytes);
          expect(checkSeal(record, bytes, scope, keys)).toBe(unsealed.right);
          expect(sealedFileType(record, bytes)).toBe(handle.fileType);
          expect(sealKeyId(record, bytes)).toBe(keyId);
          expect(record.i32(offset.handleType)).toBe(handle.type);
          const data = record.views.u8.slice(offset.handleData, offset.handleData + handle.data.length);
          expect(data).toEqual(handle.data);
        }),
      );
    });

    test('is the same each time', () => {
      fc.assert(
        fc.property(handles, (handle) => {
          const bytesOf = ({ record }: { record: RequestRecord }): Uint8Array => record.views.u8.slice();
          expect(bytesOf(sealed(handle, keys))).toEqual(bytesOf(sealed(handle, make())));
        }),
      );
    });

    test('with any one bit changed, of type, bytes or seal, does not verify', () => {
      fc.assert(
        fc.property(handles, (handle) => {
          const { record, bytes } = sealed(handle, keys);
          const { u8 } = record.views;
          for (let bit = 0; bit < (4 + bytes) * 8; bit++) {
            const at = offset.handleType + (bit >> 3);
            u8[at] = (u8[at] as number) ^ (1 << (bit & 7));
            if (checkSeal(record, bytes, scope, keys) === unsealed.right) throw new Error(`bit ${bit}`);
            u8[at] = (u8[at] as number) ^ (1 << (bit & 7));
          }
          expect(checkSeal(record, bytes, scope, keys)).toBe(unsealed.right);
        }),
        { numRuns: name === 'HMAC-SHA-256' ? 12 : 6 },
      );
    });

    test('cut, or longer, or moved to another scope or key does not verify', () => {
      fc.assert(
        fc.property(handles, fc.integer({ min: 0, max: 200 }), fc.string(), (handle, size, other) => {
          const { record, bytes } = sealed(handle, keys);
          const cut = Math.min(size, maximumHandleBytes);
          if (cut !== bytes) expect(checkSeal(record, cut, scope, keys)).not.toBe(unsealed.right);
          const elsewhere = JSON.stringify([other, 'data', 'own', 'ext4:00']);
          if (other !== 'blue') expect(checkSeal(record, bytes, elsewhere, keys)).toBe(unsealed.wrong);
        }),
      );
    });

    test('a made-up one does not verify, whatever it is', () => {
      const bytesAndSize = fc.uint8Array({ minLength: maximumHandleBytes, maxLength: maximumHandleBytes });
      fc.assert(
        fc.property(bytesAndSize, fc.integer({ min: 0, max: maximumHandleBytes }), (data, size) => {
          const record = standaloneRecord();
          record.views.u8.set(data, offset.handleData);
          expect(checkSeal(record, size, scope, keys)).not.toBe(unsealed.right);
        }),
      );
    });
  });
}

describe('what a seal is refused for', () => {
  const handle: Handle = { type: 1, data: new Uint8Array(8).fill(5), fileType: 8 };

  test.each(Array.from({ length: sealBytes + 1 }, (_, size) => size))('%i bytes hold no seal', (size) => {
    expect(checkSeal(sealed(handle, ring()).record, size, scope, ring())).toBe(unsealed.noSeal);
  });

  test('a version that is not known, and what is reserved', () => {
    for (const field of [sealOffset.version, sealOffset.reserved, sealOffset.reserved + 1]) {
      const { record, bytes } = sealed(handle, ring());
      const at = offset.handleData + 8 + field;
      record.views.u8[at] = (record.views.u8[at] as number) + 1;
      expect(checkSeal(record, bytes, scope, ring())).toBe(unsealed.noSeal);
    }
  });

  test('a key that is not there, or another', () => {
    const { record, bytes } = sealed(handle, ring());
    record.views.u8[offset.handleData + 8] = 1;
    expect(checkSeal(record, bytes, scope, ring())).toBe(unsealed.keyUnknown);
    const other = sealed(handle, ring(), scope, 7);
    expect(checkSeal(other.record, other.bytes, scope, ring())).toBe(unsealed.right);
    expect(other.record.views.u8).not.toEqual(record.views.u8);
  });
});
