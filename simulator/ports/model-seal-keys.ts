import { type SealKeys, sealVerdict } from '../../core/ports/seal-keys.js';

const offsetBasis = 0x811c9dc5;
const prime = 0x01000193;

/** Keys of a modelled world: their MAC is a plain hash, the same in every run, and protects nothing. */
export class ModelSealKeys implements SealKeys {
  readonly known = new Set<number>();
  /** When each key was retired. */
  readonly retiredAtUs = new Map<number, number>();

  constructor(public currentKey = 1) {
    if (currentKey !== 0) this.known.add(currentKey);
  }

  /** The operator's next key. The one before opens what it sealed from then on as well, unless retired. */
  rotate(retires: boolean, nowUs: number): void {
    const former = this.currentKey;
    this.currentKey = former + 1;
    this.known.add(this.currentKey);
    if (!retires) return;
    this.known.delete(former);
    this.retiredAtUs.set(former, nowUs);
  }

  sign(keyId: number, scope: string, message: Uint8Array, mac: Uint8Array): boolean {
    if (!this.known.has(keyId)) return false;
    for (let word = 0; word * 4 < mac.length; word++) {
      const hash = this.hash(keyId + word * 0x9e3779b9, scope, message);
      for (let byte = 0; byte < 4; byte++) mac[word * 4 + byte] = hash >>> (8 * byte);
    }
    return true;
  }

  verify(keyId: number, scope: string, message: Uint8Array, mac: Uint8Array): number {
    const right = new Uint8Array(mac.length);
    if (!this.sign(keyId, scope, message, right)) return sealVerdict.keyUnknown;
    return right.every((byte, index) => byte === mac[index]) ? sealVerdict.right : sealVerdict.wrong;
  }

  private hash(seed: number, scope: string, message: Uint8Array): number {
    let hash = Math.imul(offsetBasis ^ seed, prime);
    for (let index = 0; index < scope.length; index++) {
      hash = Math.imul(hash ^ scope.charCodeAt(index), prime);
    }
    for (const byte of message) hash = Math.imul(hash ^ byte, prime);
    // Every bit of what went in reaches every bit of what comes out.
    hash ^= hash >>> 16;
    hash = Math.imul(hash, 0x85ebca6b);
    hash ^= hash >>> 13;
    return Math.imul(hash, 0xc2b2ae35);
  }
}
