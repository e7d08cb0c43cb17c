import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Journal } from '../../adapters/journal/journal.js';
import { MappedSegments } from '../../adapters/journal/mapped-segments.js';
import { replaceWithAnonymous } from '../../adapters/linux/index.js';
import { segmentBytes } from '../../core/journal/segment-layout.js';
import { RequestRecord } from '../../core/request/record.js';
import { offset, recordKind } from '../../core/request/record-layout.js';

/** A journal of one epoch with some threads that write to it, all in this process; and its sudden end. */
export class CrashingJournal {
  readonly journal: Journal;
  private readonly writers: MappedSegments[];
  private readonly known = new Set<number>();

  constructor(
    readonly directory: string,
    threads = 3,
    maximumSegments = 64,
  ) {
    this.journal = Journal.open({
      directory,
      build: 'test',
      wallClockBaseMs: 1_700_000_000_000,
      maximumSegments,
    });
    const { counters, epoch } = this.journal;
    this.writers = Array.from({ length: threads }, () => new MappedSegments(counters, epoch));
    this.tend();
  }

  /** A request that a thread has received, and no further. */
  receive(thread: number, listener: number, notificationId: bigint): RequestRecord {
    const writer = this.writer(thread);
    const record = new RequestRecord();
    if (!writer.attachFree(record, listener)) {
      this.tend();
      if (!writer.attachFree(record, listener)) throw new Error('no segment');
    }
    record.views.u64[(record.base + offset.notificationId) >> 3] = notificationId;
    writer.consume();
    return record;
  }

  /** Its handler has begun; it stands in this state. */
  begin(record: RequestRecord, state: number): void {
    record.setU16(offset.state, state);
    record.setU32(offset.kind, recordKind.request);
  }

  commit(thread: number, record: RequestRecord): number {
    return this.writer(thread).commit(record);
  }

  /** As commit(), but the process dies between the record's last words and its place in the order. */
  almostCommit(record: RequestRecord): void {
    record.setU32(offset.ticket, this.journal.counters.takeTicket() >>> 0);
    record.setU32(offset.commit, 1);
  }

  /** Uses slots of a thread for nothing, as segments fill up. */
  passBy(thread: number, slots: number): void {
    const record = new RequestRecord();
    const writer = this.writer(thread);
    for (let index = 0; index < slots; index++) {
      if (!writer.attachFree(record, 0)) this.tend();
      writer.attachFree(record, 0);
      writer.consume();
    }
  }

  /** The process is gone: what is mapped stays as it is. */
  crash(): void {
    for (const { address } of this.journal.segments()) replaceWithAnonymous(address, segmentBytes);
    void this.journal.close(false);
  }

  /** Threads learn of the segments that there are. */
  tend(): void {
    this.journal.prepareAhead();
    for (const { segment, address } of this.journal.segments()) {
      if (this.known.has(segment)) continue;
      this.known.add(segment);
      for (const writer of this.writers) writer.add(segment, address);
    }
  }

  private writer(thread: number): MappedSegments {
    return this.writers[thread % this.writers.length] as MappedSegments;
  }
}

/** Runs a body with a directory of its own. */
export async function withDirectory<Result>(
  body: (directory: string) => Result | Promise<Result>,
): Promise<Result> {
  const directory = mkdtempSync(join(tmpdir(), 'deputy-unit-'));
  try {
    return await body(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
