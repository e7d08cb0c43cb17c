import type { MountEntry } from '../../core/ports/kernel.js';
import type { RequestRecord } from '../../core/request/record.js';
import { offset } from '../../core/request/record-layout.js';
import { sealBytes } from '../../core/seals/seal-layout.js';
import { type ModelFile, modelHandleBytes, modelHandleType } from '../kernel/file-tree.js';

const handleStructBytes = 136;

/** Puts the handle as its caller gave it into a record: what was found out of it later is taken back. */
export function copyGivenHandle(record: RequestRecord, source: RequestRecord): number {
  copy(record, source);
  const native = source.u8(offset.nativeBytes);
  const room = source.u8(offset.handleRoom);
  if (native > 0) record.setU32(offset.handleBytes, native + sealBytes);
  if (room > 0) record.setU32(offset.handleBytes, room - 1);
  return handleStructBytes;
}

/** Puts the kernel's handle of a named file into a record: the one that was written, without its seal. */
export function copyNamedHandle(record: RequestRecord, source: RequestRecord): void {
  copy(record, source);
  const mount = record.mount as MountEntry | undefined;
  const bytes = source.u32(offset.handleBytes);
  // Only a handle that is to be sealed has a mount.
  if (mount?.verdict === 0 && source.u16(offset.reason) === 0 && bytes > sealBytes) {
    record.setU32(offset.handleBytes, bytes - sealBytes);
  }
}

function copy(record: RequestRecord, source: RequestRecord): void {
  const from = source.base + offset.handle;
  const bytes = source.views.u8.subarray(from, from + handleStructBytes);
  record.views.u8.set(bytes, record.base + offset.handle);
}

/** Has a call made with a handle of the modelled file in the record, in place of the recorded one. */
export function withModelHandle(record: RequestRecord, file: ModelFile, call: () => number): number {
  const fields = [offset.handleBytes, offset.handleType, offset.handleData, offset.handleData + 4] as const;
  const recorded = fields.map((field) => record.u32(field));
  const made = [modelHandleBytes, modelHandleType, file.inode, file.generation];
  for (const [index, field] of fields.entries()) record.setU32(field, made[index] as number);
  const result = call();
  for (const [index, field] of fields.entries()) record.setU32(field, recorded[index] as number);
  return result;
}
