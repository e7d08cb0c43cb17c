/** What a seal turned out to be. */
export const sealVerdict = { right: 0, wrong: 1, keyUnknown: 2 } as const;

/**
 * The keys that seal handles, and the MAC over them. Synchronous, since handlers ask it in the middle of a
 * request. A scope says whose handle it is: the same message has another MAC in every scope.
 */
export interface SealKeys {
  /** The id of the key that new seals are made with; 0 when there is none. */
  readonly currentKey: number;
  /** Puts the message's MAC, 16 bytes, into `mac`: false when the key is unknown or retired. */
  sign(keyId: number, scope: string, message: Uint8Array, mac: Uint8Array): boolean;
  /** Compares, in constant time, a MAC with the one that the message should have: a `sealVerdict`. */
  verify(keyId: number, scope: string, message: Uint8Array, mac: Uint8Array): number;
}
