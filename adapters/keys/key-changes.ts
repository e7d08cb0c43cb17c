import { randomBytes } from 'node:crypto';
import { deputyError } from '../../core/errors/deputy-error.js';
import { isValid, keyIdText, keyLimit, type SealKey, type SealKeySet, secretBytes } from './seal-key.js';

/** A fresh key, with an id that none of the others has. */
function makeKey(others: readonly SealKey[], nowMs: number): SealKey {
  for (;;) {
    const id = randomBytes(4).readUInt32LE();
    if (id === 0 || others.some((key) => key.id === id)) continue;
    return { id, secret: randomBytes(secretBytes).toString('base64'), createdAtMs: nowMs, origin: 'made' };
  }
}

/** The keys that there are, or a first one. */
export function withFirstKey(keys: SealKeySet | undefined, nowMs: number): SealKeySet {
  if (keys !== undefined) return keys;
  const key = makeKey([], nowMs);
  return { current: key.id, keys: [key] };
}

/**
 * A fresh key for new seals. The one before goes on verifying: until `retireAtMs`, or without end. One that
 * was to be retired earlier still is.
 */
export function rotated(set: SealKeySet, nowMs: number, retireAtMs?: number): SealKeySet {
  const keys = set.keys.map((key) =>
    key.id === set.current && retireAtMs !== undefined ? withEnd(key, retireAtMs) : key,
  );
  const key = makeKey(keys, nowMs);
  return { current: key.id, keys: [...withRoomForOne(keys, nowMs), key] };
}

/** Nothing verifies with that key any more. If new seals are made with it, a fresh one takes its place. */
export function retired(set: SealKeySet, id: number, nowMs: number): SealKeySet {
  const key = set.keys.find((one) => one.id === id);
  if (key === undefined) throw unknown(id);
  const before = id === set.current ? rotated(set, nowMs) : set;
  return { ...before, keys: before.keys.map((one) => (one.id === id ? withEnd(one, nowMs) : one)) };
}

/** The keys for another machine: the ones asked for, or all that still verify. */
export function exported(set: SealKeySet, ids: readonly number[], nowMs: number): SealKeySet {
  for (const id of ids) if (!set.keys.some((key) => key.id === id && isValid(key, nowMs))) throw unknown(id);
  const keys = set.keys.filter((key) => isValid(key, nowMs) && (ids.length === 0 || ids.includes(key.id)));
  const current = keys.some(({ id }) => id === set.current) ? set.current : (keys.at(-1)?.id ?? 0);
  return { current, keys };
}

/**
 * The keys with another machine's: theirs verify here from now on. With `isCurrent` new seals are made with
 * their current one, so that both machines make the same. Throws DEPUTY_E_KEYS_CONFLICT.
 */
export function imported(
  set: SealKeySet | undefined,
  theirs: SealKeySet,
  isCurrent: boolean,
  nowMs: number,
): SealKeySet {
  const own = set?.keys ?? [];
  for (const key of theirs.keys) {
    const same = own.find(({ id }) => id === key.id);
    if (same !== undefined && same.secret !== key.secret)
      throw deputyError('DEPUTY_E_KEYS_CONFLICT', { id: keyIdText(key.id) });
    // What is retired here stays so: seals can't be made with it.
    const ends = key.retireAtMs !== undefined || same?.retireAtMs !== undefined;
    if (ends && key.id === theirs.current && (isCurrent || set === undefined))
      throw deputyError('DEPUTY_E_KEYS_CONFLICT', { id: keyIdText(key.id), detail: 'it is to be retired' });
  }
  const added = theirs.keys
    .filter((key) => !own.some(({ id }) => id === key.id))
    .map((key): SealKey => ({ ...key, origin: 'imported' }));
  let keys: readonly SealKey[] = own;
  for (const key of added) keys = [...withRoomForOne(keys, nowMs), key];
  const current = isCurrent || set === undefined ? theirs.current : set.current;
  return { current, keys };
}

function withEnd(key: SealKey, retireAtMs: number): SealKey {
  return { ...key, retireAtMs: Math.min(key.retireAtMs ?? retireAtMs, retireAtMs) };
}

/** Retired keys make room, the eldest first; one that verifies never does. */
function withRoomForOne(keys: readonly SealKey[], nowMs: number): readonly SealKey[] {
  if (keys.length < keyLimit) return keys;
  const eldest = keys.find((key) => !isValid(key, nowMs));
  if (eldest === undefined)
    throw deputyError('DEPUTY_E_LIMIT_REACHED', { what: 'seal keys', limit: keyLimit });
  return keys.filter((key) => key !== eldest);
}

function unknown(id: number) {
  return deputyError('DEPUTY_E_KEY_UNKNOWN', { id: keyIdText(id) });
}
