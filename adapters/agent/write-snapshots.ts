import type { Engine } from '../../core/engine/engine.js';
import { Snapshots } from '../../core/engine/snapshots.js';
import type { Sequencer } from '../../core/ports/sequencer.js';

/** Consumers that begin anywhere find each live delegation within an hour; that is an event each, no more. */
const longestMs = 3_600_000;
/** A stream that is bounded in size holds some hundred bytes a request: a snapshot for each 50 MB or so. */
const everyRequests = 100_000;
/** Four within the age that takes events: the one before is always there still when the next is written. */
const withinAge = 4;
const looksWithin = 10;
const shortestLookMs = 50;

/**
 * Has the engine's live delegations put their state into their streams now and then, until `isOver`.
 * `maximumAgeMs`: after which the stream drops events; 0 or undefined: never.
 */
export function writeSnapshots(
  engine: Engine,
  sequencer: Sequencer,
  maximumAgeMs: number | undefined,
  isOver: () => boolean,
): void {
  const everyMs = maximumAgeMs ? Math.min(longestMs, maximumAgeMs / withinAge) : longestMs;
  const snapshots = new Snapshots({ everyMs, everyRequests });
  const look = (): void => {
    if (isOver()) return clearInterval(timer);
    for (const draft of snapshots.due(engine.status().delegations, performance.now())) {
      sequencer.append(draft);
    }
  };
  const timer = setInterval(look, Math.max(shortestLookMs, Math.min(60_000, everyMs / looksWithin)));
  timer.unref();
}
