import type { Sequencer } from './sequencer.js';

/** What survives deputy's processes: the journal behind a sequencer, under one lock. */
export interface StateDirectory {
  readonly sequencer: Sequencer;
  /** The number of this writer: one more than the last one's. */
  readonly epoch: number;
}
