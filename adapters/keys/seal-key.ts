/** A key that handles are sealed with. */
export interface SealKey {
  /** A random u32: keys of different machines must not be taken for each other. */
  readonly id: number;
  /** 32 bytes, as base64. */
  readonly secret: string;
  readonly createdAtMs: number;
  /** From this time on nothing verifies with it; undefined: until it is retired. */
  readonly retireAtMs?: number;
  readonly origin: 'made' | 'imported';
}

/** All keys of a state directory. */
export interface SealKeySet {
  /** The key that new seals are made with. */
  readonly current: number;
  readonly keys: readonly SealKey[];
}

export const secretBytes = 32;

/** Keys kept at most; each is looked for at every call, and none is dropped while it verifies. */
export const keyLimit = 64;

/** How people and files write a key's id. */
export function keyIdText(id: number): string {
  return id.toString(16).padStart(8, '0');
}

/** Reads what keyIdText() wrote; undefined for anything else, and for the id 0, which means 'none'. */
export function parseKeyId(text: string): number | undefined {
  if (!/^[0-9a-f]{8}$/.test(text)) return undefined;
  const id = Number.parseInt(text, 16);
  return id === 0 ? undefined : id;
}

/** Does a key verify at that time? */
export function isValid({ retireAtMs }: SealKey, nowMs: number): boolean {
  return retireAtMs === undefined || nowMs < retireAtMs;
}
