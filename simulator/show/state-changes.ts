import { canonicalJson } from '../trace/canonical-json.js';
import type { TraceEntry } from '../trace/schema.js';

/** A field that differs between two states; `before` or `after` is undefined where it isn't there. */
export interface FieldChange {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Follows states through a trace: what changed since the last one of the same actor and name. */
export class StateChanges {
  readonly #last = new Map<string, unknown>();

  /** The changes that an entry of type 'state' brings; undefined for other types. */
  follow({ type, actor, name, detail }: TraceEntry): readonly FieldChange[] | undefined {
    if (type !== 'state') return undefined;
    const key = JSON.stringify([actor, name]);
    const changes = fieldChanges(this.#last.get(key) ?? {}, detail);
    this.#last.set(key, detail);
    return changes;
  }
}

/** Where two values differ, as dotted paths down to what is not an object or a list on both sides. */
export function fieldChanges(before: unknown, after: unknown, path = ''): FieldChange[] {
  if (isNested(before) && isNested(after) && Array.isArray(before) === Array.isArray(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) =>
      fieldChanges(own(before, key), own(after, key), path === '' ? key : `${path}.${key}`),
    );
  }
  if (before === after) return [];
  if (before !== undefined && after !== undefined && canonicalJson(before) === canonicalJson(after))
    return [];
  return [{ path, before, after }];
}

/** A field may be called like something that every object has. */
function own(fields: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(fields, key) ? fields[key] : undefined;
}

function isNested(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
