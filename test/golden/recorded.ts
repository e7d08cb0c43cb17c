import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { JournalTail } from '../../adapters/journal/journal-tail.js';
import { describeRecord } from '../../core/request/describe-record.js';
import type { RequestRecord } from '../../core/request/record.js';

/** Where a recorded file of this folder is. */
export function goldenPath(name: string): string {
  return new URL(name, import.meta.url).pathname;
}

/** Keeps a segment: nearly all of it is zeros, so it becomes small. */
export function keepSegment(segmentPath: string, name: string): void {
  const packed = gzipSync(readFileSync(segmentPath), { level: 9 });
  writeFileSync(goldenPath(name), packed.toString('base64').replace(/(.{100})/g, '$1\n'));
}

/** Makes a state directory of a kept segment, for as long as `use` runs. */
export function withJournal<T>(name: string, use: (stateDirectory: string) => T): T {
  const stateDirectory = mkdtempSync(join(tmpdir(), 'deputy-golden-'));
  try {
    mkdirSync(join(stateDirectory, 'journal'));
    const bytes = gunzipSync(Buffer.from(readFileSync(goldenPath(name), 'latin1'), 'base64'));
    writeFileSync(join(stateDirectory, 'journal', '000000000001.segment'), bytes);
    return use(stateDirectory);
  } finally {
    rmSync(stateDirectory, { recursive: true });
  }
}

/** Everything in a journal, in its order, as this build describes it. */
export function describeJournal(stateDirectory: string, firstTicket: number): unknown[] {
  const seen: unknown[] = [];
  const tail = new JournalTail(join(stateDirectory, 'journal'), firstTicket);
  const syscallName = (number: number): string =>
    ({ 303: 'name_to_handle_at', 304: 'open_by_handle_at' })[number] ?? `${number}`;
  const sink = {
    event: (payload: string) => seen.push(JSON.parse(payload)),
    request: (record: RequestRecord, ticket: number) => {
      seen.push({ ticket, ...describeRecord(record, syscallName) });
    },
  };
  while (tail.read(sink, 512) > 0);
  tail.close();
  return seen;
}
