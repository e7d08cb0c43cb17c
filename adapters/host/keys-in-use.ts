import type { Clock } from '../../core/ports/clock.js';
import { changeKeys, keyIdText, type SealKeySet, withFirstKey } from '../keys/index.js';

/** Keys as they were read, and whether every loop uses them: one that is stuck in a request does later. */
export interface KeysInUse {
  readonly keys: SealKeySet;
  readonly everywhere: boolean;
}

/** The keys of a state directory; its first one is made if there is none. Throws a coded error. */
export function keysOf(stateDirectory: string, clock: Clock): SealKeySet {
  return changeKeys(stateDirectory, (keys) => withFirstKey(keys, clock.nowMs()));
}

/** How a process takes up the keys as they are now: they may have changed since it was prepared. */
export function keyReloader(
  server: { setKeys(keys: SealKeySet): Promise<boolean> },
  stateDirectory: string,
  clock: Clock,
): () => Promise<KeysInUse> {
  return async () => {
    const keys = keysOf(stateDirectory, clock);
    return { keys, everywhere: await server.setKeys(keys) };
  };
}

/** What is said of keys over the control socket: no secret. */
export function usedKeys({ keys, everywhere }: KeysInUse): Record<string, unknown> {
  return { current: keyIdText(keys.current), keys: keys.keys.length, everywhere };
}
