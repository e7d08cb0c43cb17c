import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FileEventStore, openFileEventStore } from '../../../../adapters/event-store/index.js';
import { encodeLine } from '../../../../adapters/event-store/line.js';
import { EventBatch } from '../../../../core/publishing/event-batch.js';
import { sampleEvent, sampleRequests } from '../../../support/sample-events.js';

const opened: FileEventStore[] = [];
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'deputy-events-'));
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
  rmSync(directory, { recursive: true });
});

async function open(options: Partial<Parameters<typeof openFileEventStore>[0]> = {}) {
  const store = await openFileEventStore({ directory, ...options });
  opened.push(store);
  return store;
}

async function storedIds(store: FileEventStore): Promise<string[]> {
  const found: string[] = [];
  for await (const { event } of store.readAll()) {
    found.push(event.id);
  }
  return found;
}

const logs = () =>
  readdirSync(directory)
    .filter((name) => name.endsWith('.log'))
    .map((name) => join(directory, name));
const firstLog = () => logs()[0] as string;
const serialized = (streamId: string, first: number, count: number) =>
  sampleRequests(streamId, first, count).map((event) => ({
    streamId,
    version: event.version,
    json: JSON.stringify(event),
  }));

function batchOf(events: readonly { streamId: string; version: number; json: string }[]): EventBatch {
  const batch = new EventBatch();
  for (const { streamId, version, json } of events) {
    const head = { tenant: 'blue', type: 'request.answered', time: '2026-01-01T00:00:00.000Z' } as const;
    batch.addText({ ...head, delegationId: streamId, version }, json);
  }
  return batch;
}

describe('a store after a crash', () => {
  it.each([
    ['half a line', 'deadbeef {"id":"a/3'],
    ['zeros', '\0\0\0\0\0\0'],
    ['a complete line with a wrong checksum', '00000000 {"id":"a/3"}\n'],
  ])('skips %s at its end as a reader, and cuts it off as the writer', async (_, tail) => {
    const writer = await open();
    await writer.append('a', sampleRequests('a', 1, 2));
    await writer.close();
    appendFileSync(firstLog(), tail);
    expect(await storedIds(await open({ readOnly: true }))).toEqual(['a/1', 'a/2']);
    const next = await open();
    await next.append('a', sampleRequests('a', 1, 3));
    expect(await storedIds(next)).toEqual(['a/1', 'a/2', 'a/3']);
  });

  it('says file and line of a damaged line in the middle', async () => {
    const writer = await open();
    await writer.append('a', sampleRequests('a', 1, 3));
    await writer.close();
    const lines = readFileSync(firstLog(), 'utf8').split('\n');
    lines[1] = lines[1]?.replace('blue', 'pink') ?? '';
    writeFileSync(firstLog(), lines.join('\n'));
    const corrupt = { code: 'DEPUTY_E_STORE_CORRUPT', message: expect.stringContaining(`${firstLog()}:2`) };
    await expect(open()).rejects.toMatchObject(corrupt);
    await expect(storedIds(await open({ readOnly: true }))).rejects.toMatchObject(corrupt);
  });

  it('does not take an unfinished line in a closed segment', async () => {
    const writer = await open({ segmentBytes: 1000 });
    for (let version = 1; version < 5; version += 1) {
      await writer.append('a', sampleRequests('a', version, 1));
    }
    appendFileSync(firstLog(), 'half');
    await expect(storedIds(writer)).rejects.toMatchObject({ code: 'DEPUTY_E_STORE_CORRUPT' });
  });

  it('makes a missing or damaged index again', async () => {
    const writer = await open({ segmentBytes: 1000 });
    for (let version = 1; version < 7; version += 1) {
      await writer.append(`s${version % 2}`, sampleRequests(`s${version % 2}`, Math.ceil(version / 2), 1));
    }
    await writer.close();
    const indexes = readdirSync(directory).filter((name) => name.endsWith('.index'));
    expect(indexes.length).toBeGreaterThan(1);
    rmSync(join(directory, indexes[0] as string));
    writeFileSync(join(directory, indexes[1] as string), encodeLine('{}'));
    const next = await open({ segmentBytes: 1000 });
    expect(await next.lastVersions()).toEqual(new Map(Object.entries({ s0: 3, s1: 3 })));
    expect(await next.append('s1', sampleRequests('s1', 1, 3))).toMatchObject({ duplicates: 3 });
    const reader = await open({ readOnly: true });
    expect(await reader.lastVersions()).toEqual(await next.lastVersions());
  });
});

describe('a store that is being written', () => {
  it('is followed by another reader across segments', async () => {
    const writer = await open({ segmentBytes: 2000 });
    const reader = await open({ readOnly: true });
    const received: string[] = [];
    const following = (async () => {
      for await (const { event, position } of reader.subscribe()) {
        received.push(event.id);
        if (position === 200) {
          break;
        }
      }
    })();
    for (let version = 1; version <= 200; version += 1) {
      await writer.append('a', sampleRequests('a', version, 1));
      if (version % 50 === 0) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
    await following;
    expect(received).toEqual(Array.from({ length: 200 }, (_, index) => `a/${index + 1}`));
    expect(logs().length).toBeGreaterThan(10);
  });

  it('drops the oldest segments at its bound, and goes on', async () => {
    const writer = await open({ maximumBytes: 20_000 });
    for (let version = 1; version <= 200; version += 1) {
      await writer.append('a', sampleRequests('a', version, 1), { expectedVersion: version - 1 });
    }
    const total = logs().reduce((sum, path) => sum + statSync(path).size, 0);
    expect(total).toBeLessThanOrEqual(20_000);
    const remaining = await storedIds(writer);
    expect(remaining.at(-1)).toBe('a/200');
    expect(remaining.length).toBeLessThan(100);
    // The stream's own events may be gone altogether; its number is then taken as it comes.
    await expect(
      writer.append('old', sampleRequests('old', 10, 1), { expectedVersion: 9 }),
    ).resolves.toMatchObject({ lastVersion: 10 });
    const positions = [];
    for await (const { position } of writer.readAll({ fromPosition: 1 })) {
      positions.push(position);
    }
    expect(positions.at(-1)).toBe(201);
  });

  it('appends what is serialized already, many streams in one batch', async () => {
    const writer = await open();
    const batch = batchOf([...serialized('a', 1, 2), ...serialized('b', 1, 1), ...serialized('a', 2, 2)]);
    expect(await writer.appendSerialized(batch)).toEqual({ appended: 4, duplicates: 1 });
    expect(await storedIds(writer)).toEqual(['a/1', 'a/2', 'b/1', 'a/3']);
    const bad = batchOf([{ streamId: 'c', version: 1, json: '{\n}' }]);
    await expect(writer.appendSerialized(bad)).rejects.toMatchObject({ code: 'DEPUTY_E_EVENT_INVALID' });
    await writer.flush();
  });

  it('appends in large batches without growing', async () => {
    const writer = await open({ segmentBytes: 8 * 1024 * 1024, maximumBytes: 32 * 1024 * 1024 });
    const json = JSON.stringify(sampleEvent('request.answered'));
    let heapAfterWarmUp = 0;
    for (let batch = 0; batch < 100; batch += 1) {
      const events = Array.from({ length: 1000 }, (_, index) => ({
        streamId: 'blue-1',
        version: batch * 1000 + index + 1,
        json,
      }));
      await writer.appendSerialized(batchOf(events));
      if (batch === 20) {
        heapAfterWarmUp = process.memoryUsage().rss;
      }
    }
    expect(process.memoryUsage().rss - heapAfterWarmUp).toBeLessThan(64 * 1024 * 1024);
  }, 20_000);
});

describe('a store that cannot be opened or written', () => {
  it('says which directory is missing or not usable', async () => {
    const missing = join(directory, 'missing');
    await expect(openFileEventStore({ directory: missing, readOnly: true })).rejects.toMatchObject({
      code: 'DEPUTY_E_STATE_DIRECTORY_MISSING',
    });
    writeFileSync(join(directory, 'file'), '');
    await expect(openFileEventStore({ directory: join(directory, 'file', 'x') })).rejects.toMatchObject({
      code: 'DEPUTY_E_STATE_DIRECTORY_UNWRITABLE',
    });
    const reader = await open({ readOnly: true });
    await expect(reader.append('a', [])).rejects.toMatchObject({
      code: 'DEPUTY_E_STATE_DIRECTORY_UNWRITABLE',
    });
    expect(await storedIds(reader)).toEqual([]);
  });

  it('keeps its files to their owner', async () => {
    const inner = join(directory, 'events');
    opened.push(await openFileEventStore({ directory: inner }));
    expect(statSync(inner).mode & 0o777).toBe(0o700);
    expect(statSync(join(inner, readdirSync(inner)[0] as string)).mode & 0o777).toBe(0o600);
  });
});
