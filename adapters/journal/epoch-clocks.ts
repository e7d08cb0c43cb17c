import { join } from 'node:path';
import { segmentOf } from '../../core/journal/segment-layout.js';
import { readHeader, readHeaderCopy, segmentName } from './segment-file.js';

/** Turns the monotonic times of records into dates, by the header of the segment that ordered them. */
export class EpochClocks {
  private segment = -1;
  private baseMsOfSegment = 0;

  constructor(private readonly directory: string) {}

  /** Wall-clock milliseconds at monotonic time zero, as the writer of this ticket saw it. */
  baseMs(ticket: number): number {
    const segment = segmentOf(ticket);
    if (segment === this.segment) return this.baseMsOfSegment;
    this.segment = segment;
    const path = join(this.directory, segmentName(segment));
    // A header that can't be read, nor its copy, costs the right date, not the event.
    const header = attempt(() => readHeader(path)) ?? attempt(() => readHeaderCopy(path));
    this.baseMsOfSegment = header?.wallClockBaseMs ?? this.baseMsOfSegment;
    return this.baseMsOfSegment;
  }
}

function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
