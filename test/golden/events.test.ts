import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { DeputyEvent } from '../../core/events/event.js';
import { eventTypes, eventVersions } from '../../core/events/event-versions.js';
import { upcastStoredEvent, validateEvent } from '../../core/events/validate-event.js';
import { foldDelegation } from '../../core/machines/delegation-state.js';
import { goldenPath } from './recorded.js';

/** Histories as they were written by released versions; files are only added. */
const histories = ['released', 'failed', 'refused', 'summary', 'snapshot', 'degraded'] as const;
const read = (name: string): DeputyEvent[] =>
  JSON.parse(readFileSync(goldenPath(`events-1-${name}.json`), 'utf8')) as DeputyEvent[];

describe('histories of events that were stored earlier', () => {
  for (const name of histories) {
    test(`${name}: still valid, and folded to the same state`, async () => {
      const events = read(name).map((event) => upcastStoredEvent(validateEvent(event)));
      const state = `${JSON.stringify(foldDelegation(events), null, 2)}\n`;
      await expect(state).toMatchFileSnapshot(`events-1-${name}.state.json`);
    });
  }

  test('each type of event is among them, in the version that it has today', () => {
    const seen = new Map(histories.flatMap(read).map(({ type, schemaVersion }) => [type, schemaVersion]));
    const hint = 'a schema has a new version: add a history with it, and keep the old ones';
    for (const type of eventTypes) {
      expect(seen.get(type), `${type}: ${hint}`).toBe(eventVersions[type]);
    }
  });
});
