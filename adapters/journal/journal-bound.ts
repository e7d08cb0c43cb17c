import { type DeputyError, deputyError } from '../../core/errors/deputy-error.js';
import { segmentBytes } from '../../core/journal/segment-layout.js';
import { bytesOnDisk } from './trim-segments.js';

/**
 * What epochs may begin with over the bound, should one after another begin in a full journal. One that is
 * soon over takes less than a hundredth of it.
 */
const takeOverReserveBytes = 4 * segmentBytes;

/** What a journal may take on the disk. */
export class JournalBound {
  constructor(
    private readonly directory: string,
    private readonly maximumBytes: number,
  ) {}

  /**
   * May there be one more segment? An epoch's first one may be where others may not: what keeps a full
   * journal from being let go may be a request that only this epoch can finish.
   */
  hasRoom(isFirst: boolean): boolean {
    const bound = isFirst ? this.maximumBytes + takeOverReserveBytes : this.maximumBytes;
    return bytesOnDisk(this.directory) + segmentBytes <= bound;
  }

  /** More than half of it is taken: what needs not be kept should go, before anybody waits. */
  get isCrowded(): boolean {
    return bytesOnDisk(this.directory) > this.maximumBytes / 2;
  }

  full(): DeputyError {
    const { directory: path, maximumBytes } = this;
    return deputyError('DEPUTY_E_JOURNAL_FULL', { path, maximumBytes });
  }
}
