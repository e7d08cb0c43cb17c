import type { RequestRecord } from '../../core/request/record.js';
import { offset } from '../../core/request/record-layout.js';
import { invalidHandleType, type ModelFile, modelHandleBytes, modelHandleType } from '../kernel/file-tree.js';
import { no } from '../kernel/numbers.js';
import type { ModelThread } from '../kernel/process.js';

const handleStructBytes = 136;
const headerBytes = 8;
const pathLimit = 4096;

/** Copies struct file_handle: how many bytes could be read, or -EFAULT. */
export function readHandle(thread: ModelThread | undefined, record: RequestRecord, register: number): number {
  if (record.argumentIsWild(register)) return no('EFAULT');
  const bytes = thread?.process.memory.view(record.argumentNumber(register), handleStructBytes);
  if (bytes === undefined) return no('EFAULT');
  record.views.u8.set(bytes, record.base + offset.handle);
  return bytes.length;
}

/** Copies a path up to its end: its length, or -EFAULT. */
export function readPath(thread: ModelThread | undefined, record: RequestRecord, register: number): number {
  if (record.argumentIsWild(register)) return no('EFAULT');
  const bytes = thread?.process.memory.view(record.argumentNumber(register), pathLimit);
  const end = bytes?.indexOf(0) ?? -1;
  if (bytes === undefined) return no('EFAULT');
  if (end < 0) return bytes.length < pathLimit ? no('EFAULT') : no('ENAMETOOLONG');
  record.path = String.fromCharCode(...bytes.subarray(0, end));
  return end;
}

/** The file's handle, into the record: 0, or -EOVERFLOW with the size that is needed. */
export function encodeHandle(file: ModelFile, record: RequestRecord): number {
  const room = record.u32(offset.handleBytes);
  record.setU32(offset.handleBytes, modelHandleBytes);
  record.setI32(offset.handleType, room < modelHandleBytes ? invalidHandleType : modelHandleType);
  if (room < modelHandleBytes) return no('EOVERFLOW');
  record.setU32(offset.handleData, file.inode);
  record.setU32(offset.handleData + 4, file.generation);
  return 0;
}

export function writeHandle(
  thread: ModelThread | undefined,
  record: RequestRecord,
  register: number,
  bytes: number,
): number {
  const at = record.base + offset.handle;
  return write(thread, record, register, record.views.u8.subarray(at, at + headerBytes + bytes));
}

export function writeMountId(
  thread: ModelThread | undefined,
  record: RequestRecord,
  register: number,
  mountId: number,
  unique: boolean,
): number {
  const bytes = new Uint8Array(new Uint32Array([mountId, 0]).buffer);
  return write(thread, record, register, unique ? bytes : bytes.subarray(0, 4));
}

function write(
  thread: ModelThread | undefined,
  record: RequestRecord,
  register: number,
  bytes: Uint8Array,
): number {
  if (record.argumentIsWild(register)) return no('EFAULT');
  const target = thread?.process.memory.view(record.argumentNumber(register), bytes.length);
  if (target === undefined || target.length < bytes.length) return no('EFAULT');
  target.set(bytes);
  return 0;
}
