import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { asyncApiDocument, publishedSchema } from '../../../../core/events/async-api.js';
import { eventTypes } from '../../../../core/events/event-versions.js';
import { sampleEvent } from '../../../support/sample-events.js';

const require = createRequire(import.meta.url);
const docs = '../../../../docs/reference';
const text = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
const hint = 'else: npx vitest run test/unit/core/events/async-api.test.ts -u';

/** Without checks of formats: the official schema names some that only describe. */
function validator(): Ajv {
  return new Ajv({ strict: false, validateFormats: false, allErrors: false });
}

function referencesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) =>
    key === '$ref' && typeof member === 'string' ? [member] : referencesIn(member),
  );
}

function resolve(document: unknown, reference: string): unknown {
  return reference
    .slice(2)
    .split('/')
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document);
}

describe('what is published for consumers in other languages', () => {
  test(`docs/reference/asyncapi.json is fresh (${hint})`, async () => {
    await expect(text(asyncApiDocument())).toMatchFileSnapshot(`${docs}/asyncapi.json`);
  });

  for (const type of eventTypes) {
    test(`the schema of ${type} is fresh, and what is written today passes (${hint})`, async () => {
      const schema = publishedSchema(type);
      await expect(text(schema)).toMatchFileSnapshot(`${docs}/schemas/${type}.json`);
      const check = validator().compile(schema);
      expect(check(JSON.parse(JSON.stringify(sampleEvent(type)))), text(check.errors)).toBe(true);
      // Later versions may add to it.
      expect(check({ ...JSON.parse(JSON.stringify(sampleEvent(type))), sequence: 7, more: true })).toBe(true);
      expect(check({ ...sampleEvent(type), version: 0 })).toBe(false);
    });
  }

  test('the document is valid by the official schema of AsyncAPI 3, and refers to nothing that is not there', () => {
    const path = require.resolve('@asyncapi/specs/schemas/3.0.0.json');
    // It brings the meta-schema of draft 7 with it, which Ajv would know already.
    const official = new Ajv({ strict: false, validateFormats: false, meta: false, validateSchema: false });
    const check = official.compile(JSON.parse(readFileSync(path, 'utf8')));
    const document = JSON.parse(text(asyncApiDocument()));
    expect(check(document), text(check.errors?.slice(0, 3))).toBe(true);
    const dangling = referencesIn(document).filter((one) => resolve(document, one) === undefined);
    expect(dangling).toEqual([]);
    expect(check({ ...document, channels: { events: { address: 7 } } })).toBe(false);
  });
});
