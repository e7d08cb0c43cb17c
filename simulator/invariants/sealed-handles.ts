import { sealBytes, sealOffset, sealVersion } from '../../core/seals/seal-layout.js';
import type { HandleFacts } from '../actors/handle-book.js';
import type { Stage } from './invariant.js';

/**
 * May this handle be opened at `nowUs`? It was given to somebody of the tenant through this share, as it is,
 * and its key was not retired before then.
 */
export function isOpenable({ answering, world }: Stage, handle: HandleFacts, nowUs = world.nowUs): boolean {
  const retiredAtUs = world.sealKeys.retiredAtUs.get(keyOf(handle));
  return answering.handles.has(handle) && (retiredAtUs === undefined || retiredAtUs > nowUs);
}

/** What is wrong with the seal of a handle that a caller was just given; undefined when it is right. */
export function sealProblem(
  { answering, world }: Stage,
  handle: HandleFacts,
  fileType: number,
): string | undefined {
  const trailer = handle.bytes.subarray(handle.bytes.length - sealBytes);
  if (trailer[sealOffset.version] !== sealVersion) return 'it has no seal';
  if (trailer[sealOffset.fileType] !== fileType) return 'its seal says another type';
  const key = keyOf(handle);
  if (key < 1 || key > world.sealKeys.currentKey) return `there is no key ${key}`;
  return answering.handles.hasUnequal(handle) ? 'it has another seal than before' : undefined;
}

function keyOf({ bytes }: HandleFacts): number {
  if (bytes.length <= sealBytes) return 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint32(bytes.length - sealBytes + sealOffset.keyId, true);
}
