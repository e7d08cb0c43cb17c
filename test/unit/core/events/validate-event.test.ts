import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isDeputyError } from '../../../../core/errors/deputy-error.js';
import type { DeputyEvent } from '../../../../core/events/event.js';
import { eventTypes } from '../../../../core/events/event-versions.js';
import { eventJsonSchema, upcastStoredEvent, validateEvent } from '../../../../core/events/validate-event.js';
import { sampleEvent } from '../../../support/sample-events.js';

const invalid = (message: string) =>
  expect.objectContaining({ code: 'DEPUTY_E_EVENT_INVALID', message: expect.stringContaining(message) });
const answered = () => structuredClone(sampleEvent('request.answered')) as unknown as Record<string, unknown>;

function errorOf(input: unknown): unknown {
  try {
    validateEvent(input);
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('validateEvent', () => {
  it.each(eventTypes)('takes a %s as it is, also out of JSON', (type) => {
    const event = sampleEvent(type);
    expect(validateEvent(event)).toBe(event);
    expect(validateEvent(JSON.parse(JSON.stringify(event)))).toEqual(event);
  });

  it('keeps what a newer writer added', () => {
    const event = { ...answered(), added: 1 };
    expect(validateEvent(event)).toHaveProperty('added', 1);
  });

  it.each([
    [{ id: 'blue-1/2' }, 'id: expected blue-1/1'],
    [{ type: 'request.eaten' }, 'type: unknown event type'],
    [{ schemaVersion: 2 }, 'schemaVersion: version 2 is newer than 1'],
    [{ version: 0 }, 'version: '],
    [{ time: 'yesterday' }, 'time: '],
    [{ data: {} }, 'data.requestId: '],
    [{ data: { ...(answered()['data'] as object), notificationId: 5 } }, 'data.notificationId: '],
    [{ data: { ...(answered()['data'] as object), result: { errno: 'ESTALE' } } }, 'data.result: '],
  ])('%j: %s', (change, message) => {
    expect(errorOf({ ...answered(), ...change })).toEqual(invalid(message));
  });

  it('takes a result that is an errno, known to us or not', () => {
    for (const result of [{ errno: 'ESTALE', number: 116 }, { errno: 'errno 599', number: 599 }, {}]) {
      const event = { ...answered(), data: { ...(answered()['data'] as object), result } };
      expect(validateEvent(event)).toBe(event);
    }
  });

  it('throws nothing but its own error, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.anything(),
        fc.dictionary(fc.constantFrom(...Object.keys(answered())), fc.anything()),
        (junk, change) => {
          for (const input of [junk, { ...answered(), ...change }]) {
            const error = errorOf(input);
            expect(error === undefined || isDeputyError(error, 'DEPUTY_E_EVENT_INVALID')).toBe(true);
          }
        },
      ),
    );
  });
});

it('upcastStoredEvent leaves what is current, newer or unknown alone', () => {
  const newer = { ...sampleEvent('request.lost'), schemaVersion: 9 } as DeputyEvent;
  expect(upcastStoredEvent(newer)).toBe(newer);
  const unknown = { ...sampleEvent('request.lost'), type: 'a.b' } as unknown as DeputyEvent;
  expect(upcastStoredEvent(unknown)).toBe(unknown);
});

it.each(eventTypes)('the JSON Schema of %s is made, and open', (type) => {
  const schema = eventJsonSchema(type);
  expect(schema).toMatchObject({ type: 'object', properties: { type: { const: type } } });
  expect(schema).not.toHaveProperty('additionalProperties');
});
