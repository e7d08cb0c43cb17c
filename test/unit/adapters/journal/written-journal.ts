import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Journal } from '../../../../adapters/journal/journal.js';
import { JournalTail } from '../../../../adapters/journal/journal-tail.js';
import { segmentsIn } from '../../../../adapters/journal/last-segment.js';
import { MappedSegments } from '../../../../adapters/journal/mapped-segments.js';
import { recordsPerSegment } from '../../../../core/journal/segment-layout.js';
import { requestState } from '../../../../core/machines/request-life.js';
import { RequestRecord } from '../../../../core/request/record.js';
import { offset, recordBytes, recordKind } from '../../../../core/request/record-layout.js';
import type { Handler } from '../../../../core/steps/handler.js';
import { handlers } from '../../../../strategies/seccomp-notify/index.js';

const unlisted = handlers.filter(({ syscall }) => syscall === 'unlisted');
/** All records of a written journal are of calls that nobody listed. */
export const handlersOf = (): readonly Handler[] => unlisted;

/** Steps and states of such a call, as the machine allows them. */
const path = [
  [7, requestState.received],
  [8, requestState.answering],
  [2, requestState.answered],
  [5, requestState.answered],
  [6, requestState.answered],
] as const;

function receive(record: RequestRecord, number: number, notificationId = idOf(record, number)): void {
  record.setU32(offset.kind, recordKind.request);
  record.setF64(offset.receivedAtUs, 1_000 + number);
  record.views.u64[(record.base + offset.notificationId) >> 3] = notificationId;
  record.setU32(offset.threadId, 100 + (number % 8));
  record.setI32(offset.sourceDescriptor, -1);
  record.setI32(offset.probeDescriptor, -1);
}

/** The kernel gives no id of a listener to two of its calls. */
function idOf(record: RequestRecord, number: number): bigint {
  return BigInt(record.u32(offset.epoch)) * 1_000_000n + BigInt(number + 1);
}

function answer(record: RequestRecord, number: number): void {
  for (const [step, state] of path) record.trace(step, state, 5, 0);
  record.setU16(offset.state, requestState.answered);
  record.setI32(offset.result, number % 50);
  record.setF64(offset.answeredAtUs, 1_020 + number);
}

export interface WriteOptions {
  readonly requests: number;
  /** Requests that are received and not finished. */
  readonly open?: number;
  /** First it finishes so many calls that the epoch before it had left open. */
  readonly takenOver?: number;
  /** Ends as SIGKILL would: nothing is sealed. */
  readonly killed?: boolean;
  readonly wallClockBaseMs: number;
}

/** Has the real writers write one epoch of a journal: requests, with an event before every tenth. */
export async function writeEpoch(directory: string, options: WriteOptions): Promise<void> {
  const { wallClockBaseMs, requests, open = 0, takenOver = 0, killed = false } = options;
  const journal = Journal.open({ directory, build: 'test', wallClockBaseMs, maximumSegments: 64 });
  const writer = new MappedSegments(journal.counters, journal.epoch);
  let known = -1;
  const take = (record: RequestRecord): void => {
    while (!writer.attachFree(record, 16)) {
      journal.prepareAhead();
      for (const { segment, address } of journal.segments().filter((one) => one.segment > known)) {
        writer.add(segment, address);
        known = segment;
      }
    }
    writer.consume();
  };
  const record = new RequestRecord();
  for (let number = 0; number < requests; number++) {
    if (number % 10 === 0) journal.appendEvent(eventText(number));
    take(record);
    receive(record, number);
    answer(record, number);
    writer.commit(record);
  }
  for (let number = 0; number < takenOver; number++) {
    take(record);
    receive(record, number, BigInt(journal.epoch - 1) * 1_000_000n + BigInt(requests + number + 1));
    answer(record, number);
    writer.commit(record);
  }
  for (let number = 0; number < open; number++) {
    take(record);
    receive(record, requests + number);
  }
  // As a supervisor does now and then: where enough is used the next segment is there.
  journal.prepareAhead();
  journal.unmapBefore(writer.oldestNeeded());
  await journal.close(!killed);
}

/** A payload; the lengths cross the border between one slot and two. */
export function eventText(number: number): string {
  const draft = { type: 'delegation.quarantined', number, filler: 'x'.repeat((number * 7) % 1_200) };
  return JSON.stringify({ kind: 'draft', timeMs: 0, draft });
}

/** A temporary folder for as long as `use` runs. */
export async function withFolder(use: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'deputy-journal-'));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Copies a journal's segments. */
export function copyJournal(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) copyFileSync(join(from, name), join(to, name));
}

/** All that a reader gets from a journal: requests as bytes by their slot, and texts of events, by ticket. */
export function readAll(directory: string): Map<number, string> {
  const found = new Map<number, string>();
  const tail = new JournalTail(directory, 0);
  const sink = {
    event: (text: string, ticket: number) => void found.set(ticket, text),
    request: (record: RequestRecord, ticket: number) => {
      const bytes = Buffer.from(record.views.u8.slice(record.base, record.base + recordBytes));
      found.set(ticket, `${record.slot} ${bytes.toString('base64')}`);
    },
  };
  for (const segment of segmentsIn(directory)) {
    const end = (segment + 1) * recordsPerSegment;
    tail.moveTo(segment * recordsPerSegment);
    while (tail.position < end && tail.read(sink, Math.min(512, end - tail.position)) > 0);
  }
  tail.close();
  return found;
}

/** Flips one bit of a file, and back. */
export function flip(path: string, at: number, bit: number): void {
  const file = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, at);
  byte[0] = (byte[0] as number) ^ (1 << bit);
  writeSync(file, byte, 0, 1, at);
  closeSync(file);
}
