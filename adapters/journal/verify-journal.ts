import { join } from 'node:path';
import { recordsPerSegment } from '../../core/journal/segment-layout.js';
import { replayRequest } from '../../core/machines/replay-request.js';
import type { RequestState } from '../../core/machines/request-life.js';
import type { RequestRecord } from '../../core/request/record.js';
import { offset } from '../../core/request/record-layout.js';
import type { Handler } from '../../core/steps/handler.js';
import { JournalTail } from './journal-tail.js';
import { segmentsIn } from './last-segment.js';

/** What a replay of a journal found. */
export interface ReplayedJournal {
  readonly requests: number;
  /** How many requests ended in each state. */
  readonly states: Partial<Record<RequestState, number>>;
}

/** Finds the handler that made a record; the caller knows the strategies. */
export type HandlerOfRecord = (record: RequestRecord) => Handler;

/**
 * Replays every committed request of a state directory's journal through the request machine. Throws
 * DEPUTY_E_ILLEGAL_TRANSITION at the first path that the machine does not allow.
 */
export function replayJournal(stateDirectory: string, handlerOf: HandlerOfRecord): ReplayedJournal {
  const directory = join(stateDirectory, 'journal');
  const states: Partial<Record<RequestState, number>> = {};
  let requests = 0;
  const tail = new JournalTail(directory, 0);
  const sink = {
    event: () => {},
    request: (record: RequestRecord) => {
      const handler = handlerOf(record);
      const state = replayRequest(record, handler);
      states[state] = (states[state] ?? 0) + 1;
      requests++;
      if (record.u32(offset.commit) !== 1)
        throw new Error(`slot ${record.slot} is ordered but not committed`);
    },
  };
  for (const segment of segmentsIn(directory)) {
    const end = (segment + 1) * recordsPerSegment;
    tail.moveTo(segment * recordsPerSegment);
    while (tail.position < end && tail.read(sink, Math.min(512, end - tail.position)) > 0);
  }
  tail.close();
  return { requests, states };
}
