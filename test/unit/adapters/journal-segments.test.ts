import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Journal } from '../../../adapters/journal/journal.js';
import { JournalTail } from '../../../adapters/journal/journal-tail.js';
import { MappedSegments } from '../../../adapters/journal/mapped-segments.js';
import { recordsPerSegment } from '../../../core/journal/segment-layout.js';
import { RequestRecord } from '../../../core/request/record.js';
import { offset, recordKind } from '../../../core/request/record-layout.js';

const onLinux = process.platform === 'linux';

test.runIf(onLinux)(
  'two writers and events over three segments come out in one order, none lost',
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'deputy-journal-'));
    const options = { directory, build: 'test', wallClockBaseMs: 0, maximumSegments: 16 };
    const journal = Journal.open(options);
    const writers = [1, 2].map(() => new MappedSegments(journal.counters, journal.epoch));
    let known = -1;
    const tend = (): void => {
      journal.prepareAhead();
      for (const { segment, address } of journal.segments().filter((one) => one.segment > known)) {
        for (const writer of writers) writer.add(segment, address);
        known = Math.max(known, segment);
      }
    };
    const record = new RequestRecord();
    const total = recordsPerSegment * 2 + 100;
    for (let index = 0; index < total; index++) {
      const writer = writers[index % 2] as MappedSegments;
      // A segment that an event brought must reach the writers too.
      if (index % 1_000 === 0)
        journal.appendEvent(JSON.stringify({ index, filler: 'x'.repeat(index % 3_000) }));
      if (!writer.attachFree(record, 16)) {
        tend();
        expect(writer.attachFree(record, 16)).toBe(true);
      }
      record.setU32(offset.kind, recordKind.request);
      record.setI32(offset.result, index);
      writer.consume();
      writer.commit(record);
      writer.oldestNeeded();
    }
    const seen: number[] = [];
    let events = 0;
    let last = -1;
    const tail = new JournalTail(directory, journal.firstSegment * recordsPerSegment);
    const sink = {
      request: (one: RequestRecord, ticket: number) => {
        expect(ticket).toBeGreaterThan(last);
        last = ticket;
        seen.push(one.i32(offset.result));
      },
      event: (payload: string) => {
        events++;
        expect(JSON.parse(payload)).toHaveProperty('index');
      },
    };
    while (tail.read(sink, 300) > 0);
    expect(seen).toEqual(Array.from({ length: total }, (_, index) => index));
    expect(events).toBe(Math.ceil(total / 1_000));
    tail.close();
    await journal.close();
    // The next epoch begins in a segment of its own.
    const next = Journal.open(options);
    expect(next.epoch).toBe(journal.epoch + 1);
    expect(next.firstSegment).toBeGreaterThan(journal.firstSegment + 1);
    await next.close();
    rmSync(directory, { recursive: true });
  },
);
