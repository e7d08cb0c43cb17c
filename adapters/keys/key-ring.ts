import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { type SealKeys, sealVerdict } from '../../core/ports/seal-keys.js';
import { isValid, type SealKey, type SealKeySet } from './seal-key.js';

/** Scopes remembered at most, over all keys: a target with many mounts makes the table start again. */
const scopeLimit = 4096;

/** Sets a scope's key apart from everything else that might ever be derived from the same secret. */
const purpose = 'deputy handle seal 1\0';

/**
 * HMAC-SHA-256 (RFC 2104), cut to 16 bytes, by OpenSSL. Each scope has a key of its own, the HMAC of the
 * scope under the secret, so that a call hashes the handle alone. Why this MAC, and what it costs:
 * docs/adr/0010-the-mac-of-a-seal.md.
 */
export class KeyRing implements SealKeys {
  currentKey = 0;
  private keys = new Map<number, SealKey>();
  private readonly scopes = new Map<number, Map<string, KeyObject>>();
  private scopeCount = 0;

  constructor(private readonly nowMs: () => number = Date.now) {}

  /** Uses these keys from now on. */
  set({ current, keys }: SealKeySet): void {
    this.keys = new Map(keys.map((key) => [key.id, key]));
    this.currentKey = current;
    this.forgetScopes();
  }

  sign(keyId: number, scope: string, message: Uint8Array, mac: Uint8Array): boolean {
    const key = this.scopeKey(keyId, scope);
    if (key === undefined) return false;
    mac.set(createHmac('sha256', key).update(message).digest().subarray(0, mac.length));
    return true;
  }

  verify(keyId: number, scope: string, message: Uint8Array, mac: Uint8Array): number {
    const key = this.scopeKey(keyId, scope);
    if (key === undefined) return sealVerdict.keyUnknown;
    const right = createHmac('sha256', key).update(message).digest().subarray(0, mac.length);
    return timingSafeEqual(right, mac) ? sealVerdict.right : sealVerdict.wrong;
  }

  private scopeKey(keyId: number, scope: string): KeyObject | undefined {
    const key = this.keys.get(keyId);
    if (key === undefined || !isValid(key, this.nowMs())) return undefined;
    let known = this.scopes.get(keyId);
    if (known === undefined) {
      known = new Map();
      this.scopes.set(keyId, known);
    }
    const found = known.get(scope);
    if (found !== undefined) return found;
    if (this.scopeCount >= scopeLimit) {
      this.forgetScopes();
      return this.scopeKey(keyId, scope);
    }
    const secret = Buffer.from(key.secret, 'base64');
    const derived = createSecretKey(createHmac('sha256', secret).update(purpose).update(scope).digest());
    this.scopeCount++;
    known.set(scope, derived);
    return derived;
  }

  private forgetScopes(): void {
    this.scopes.clear();
    this.scopeCount = 0;
  }
}
