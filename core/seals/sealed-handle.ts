import { type SealKeys, sealVerdict } from '../ports/seal-keys.js';
import type { RequestRecord } from '../request/record.js';
import { offset } from '../request/record-layout.js';
import { macBytes, sealBytes, sealOffset, sealVersion } from './seal-layout.js';

/** What unsealing a record's handle found, beside the verdicts of the port. */
export const unsealed = { ...sealVerdict, noSeal: 3 } as const;

/**
 * Puts a seal behind the kernel's handle that stands in the record, of `nativeBytes`; its size is changed by
 * the caller. False when the key is unknown or retired.
 */
export function putSeal(
  record: RequestRecord,
  nativeBytes: number,
  fileType: number,
  keyId: number,
  scope: string,
  keys: SealKeys,
): boolean {
  const { u8 } = record.views;
  const at = sealStart(record, nativeBytes);
  for (let byte = 0; byte < 4; byte++) u8[at + sealOffset.keyId + byte] = keyId >>> (8 * byte);
  u8[at + sealOffset.version] = sealVersion;
  u8[at + sealOffset.fileType] = fileType;
  u8[at + sealOffset.reserved] = 0;
  u8[at + sealOffset.reserved + 1] = 0;
  return keys.sign(keyId, scope, messageOf(record, nativeBytes), macOf(record, nativeBytes));
}

/** Checks the seal of the handle in the record, of `bytes` with its seal: one of `unsealed`. */
export function checkSeal(record: RequestRecord, bytes: number, scope: string, keys: SealKeys): number {
  const nativeBytes = bytes - sealBytes;
  if (nativeBytes <= 0) return unsealed.noSeal;
  const { u8 } = record.views;
  const at = sealStart(record, nativeBytes);
  const reserved = (u8[at + sealOffset.reserved] as number) | (u8[at + sealOffset.reserved + 1] as number);
  if (u8[at + sealOffset.version] !== sealVersion || reserved !== 0) return unsealed.noSeal;
  const message = messageOf(record, nativeBytes);
  return keys.verify(sealKeyId(record, bytes), scope, message, macOf(record, nativeBytes));
}

/** The key that a handle says it was sealed with; 0 when it is too short to say so. */
export function sealKeyId(record: RequestRecord, bytes: number): number {
  if (bytes <= sealBytes) return 0;
  const { u8 } = record.views;
  const at = sealStart(record, bytes - sealBytes) + sealOffset.keyId;
  const low = (u8[at] as number) | ((u8[at + 1] as number) << 8) | ((u8[at + 2] as number) << 16);
  return (low | ((u8[at + 3] as number) << 24)) >>> 0;
}

/** The file type that a handle was sealed with; to be believed once the seal is checked. */
export function sealedFileType(record: RequestRecord, bytes: number): number {
  return record.views.u8[sealStart(record, bytes - sealBytes) + sealOffset.fileType] as number;
}

/** Index of the trailer in the record's memory. */
function sealStart(record: RequestRecord, nativeBytes: number): number {
  return record.base + offset.handleData + nativeBytes;
}

/** Type, kernel's bytes and the trailer's head stand one behind the other already. */
function messageOf(record: RequestRecord, nativeBytes: number): Uint8Array {
  const end = sealStart(record, nativeBytes) + sealOffset.mac;
  return record.views.u8.subarray(record.base + offset.handleType, end);
}

function macOf(record: RequestRecord, nativeBytes: number): Uint8Array {
  const start = sealStart(record, nativeBytes) + sealOffset.mac;
  return record.views.u8.subarray(start, start + macBytes);
}
