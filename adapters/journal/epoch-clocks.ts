import { join } from 'node:path';
import { segmentOf } from '../../core/journal/segment-layout.js';
import { readHeader, segmentName } from './segment-file.js';

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
    try {
      const header = readHeader(join(this.directory, segmentName(segment)));
      this.baseMsOfSegment = header?.wallClockBaseMs ?? this.baseMsOfSegment;
    } catch {
      // A header that can't be read costs the right date, not the event.
    }
    return this.baseMsOfSegment;
  }
}
