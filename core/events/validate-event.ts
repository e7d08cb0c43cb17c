import { z } from 'zod';
import { deputyError } from '../errors/deputy-error.js';
import { envelopeSchema } from './envelope.js';
import { escapeText } from './escape-text.js';
import type { DeputyEvent } from './event.js';
import { eventId } from './event-id.js';
import { isEventType } from './event-versions.js';
import { eventDefinition, eventRegistry } from './registry.js';

const storedSchema = envelopeSchema.extend({ data: z.unknown() });

/**
 * Checks an event that came from outside and brings it to the current version of its type.
 * An event of the current version is returned as it is, members that are not known included.
 * Throws DEPUTY_E_EVENT_INVALID, with the problems and their paths.
 */
export function validateEvent(input: unknown): DeputyEvent {
  const envelope = storedSchema.safeParse(input);
  if (!envelope.success) {
    throw invalid(input, envelope.error.issues);
  }
  const { id, type, version, schemaVersion, delegationId, data } = envelope.data;
  if (id !== eventId(delegationId, version)) {
    throw invalid(input, [{ path: ['id'], message: `expected ${eventId(delegationId, version)}` }]);
  }
  if (!isEventType(type)) {
    throw invalid(input, [{ path: ['type'], message: 'unknown event type' }]);
  }
  const definition = eventDefinition(type);
  if (schemaVersion > definition.version) {
    const message = `version ${schemaVersion} is newer than ${definition.version}, the last one known here`;
    throw invalid(input, [{ path: ['schemaVersion'], message }]);
  }
  if (schemaVersion === definition.version) {
    checkData(input, definition.schema, data);
    return input as DeputyEvent;
  }
  const current = definition.upcast?.(data, schemaVersion);
  checkData(input, definition.schema, current);
  return { ...(input as DeputyEvent), schemaVersion: definition.version, data: current } as DeputyEvent;
}

/**
 * Brings a stored event to the current version of its type, without checking it again: it was checked when it
 * was written, and stores have checksums. Types and versions of a newer writer are passed on as they are.
 */
export function upcastStoredEvent(stored: DeputyEvent): DeputyEvent {
  const known = isEventType(stored.type) ? eventDefinition(stored.type) : undefined;
  return known === undefined || stored.schemaVersion >= known.version ? stored : validateEvent(stored);
}

/**
 * The JSON Schema of one event type as it is published: envelope and data, open for what later versions add.
 */
export function eventJsonSchema(type: keyof typeof eventRegistry): Record<string, unknown> {
  const { schema, version } = eventRegistry[type];
  const whole = envelopeSchema.extend({
    type: z.literal(type),
    schemaVersion: z.literal(version),
    data: schema,
  });
  return z.toJSONSchema(whole, { io: 'input' }) as Record<string, unknown>;
}

function checkData(input: unknown, schema: z.ZodType, data: unknown): void {
  const result = schema.safeParse(data);
  if (!result.success) {
    const issues = result.error.issues.map(({ path, message }) => ({ path: ['data', ...path], message }));
    throw invalid(input, issues);
  }
}

function invalid(input: unknown, issues: readonly { path: readonly PropertyKey[]; message: string }[]) {
  const given = (input as { id?: unknown } | null | undefined)?.id;
  const id = typeof given === 'string' ? escapeText(given, 300) : '(without an id)';
  const problems = issues.map(({ path, message }) => `${path.map(String).join('.') || 'event'}: ${message}`);
  return deputyError('DEPUTY_E_EVENT_INVALID', { id, problems });
}
