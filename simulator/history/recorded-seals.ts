import { type SealKeys, sealVerdict } from '../../core/ports/seal-keys.js';
import { offset } from '../../core/request/record-layout.js';
import type { RecordedKernel } from './recorded-kernel.js';

/** The keys that a history was sealed with are not in it; what came of them is. */
export class RecordedSeals implements SealKeys {
  constructor(private readonly kernel: RecordedKernel) {}

  get currentKey(): number {
    return this.kernel.recorded.source.u32(offset.keyId) || 1;
  }

  /** The MAC stands in the call's last record, at the same place; where none stands there, zeros do. */
  sign(_keyId: number, _scope: string, _message: Uint8Array, mac: Uint8Array): boolean {
    const { source } = this.kernel.recorded;
    // A replayed record has its memory to itself.
    const from = source.base + mac.byteOffset;
    mac.set(source.views.u8.subarray(from, from + mac.length));
    return this.kernel.give(0) === 0;
  }

  verify(): number {
    return this.kernel.give(this.kernel.recorded.likely ?? sealVerdict.right);
  }
}
