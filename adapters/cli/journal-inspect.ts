import { escapeText } from '../../core/events/escape-text.js';
import { segmentFormatVersion } from '../../core/journal/segment-layout.js';
import { offset } from '../../core/request/record-layout.js';
import type { CheckedJournal, CheckedSegment, HandlersOfRecord, ShownRecord } from '../journal/index.js';
import { journalRecords } from '../journal/index.js';
import { recordLines, recordObject } from './journal-record-text.js';
import { print, printJson } from './output.js';

/** Which records are printed, and how. */
export interface RecordChoice {
  readonly json?: boolean;
  readonly segment?: number;
  readonly followId?: string;
  readonly limit?: number;
}

/** A segment in numbers. */
function summary(one: CheckedSegment) {
  const count = (...kinds: readonly string[]): number =>
    one.runs.filter(({ kind }) => kinds.includes(kind)).length;
  return {
    segment: one.segment,
    epoch: one.header?.epoch,
    build: one.header?.build,
    format: one.header === undefined ? undefined : segmentFormatVersion,
    firstRequest: one.firstRequest,
    requests: count('request'),
    events: count('event'),
    open: count('open'),
    superseded: count('superseded'),
    unfinished: count('orphan', 'cut'),
    damaged: count('damaged'),
    sealed: one.isSealed,
    repaired: one.isRepaired,
  };
}

/** Prints a line for each segment. */
export function showSegments(journal: CheckedJournal, json: boolean): void {
  const segments = journal.segments.map(summary);
  const { directory, movedAside } = journal;
  if (json) return printJson({ directory, segments, movedAside });
  print(`journal ${directory}, ${segments.length} segments`);
  print('');
  print('SEGMENT  EPOCH  FIRST REQUEST             REQUESTS  EVENTS  OPEN  DAMAGED  SEAL      BUILD');
  for (const one of segments) {
    const numbers = [one.requests, one.events, one.open, one.damaged].map((count, column) =>
      String(count).padStart([10, 8, 6, 9][column] ?? 8),
    );
    const seal = one.repaired ? 'repaired' : one.sealed ? 'sealed' : '-';
    const { segment, epoch = '?', firstRequest = '-', build = '?', format = '?' } = one;
    const start = `${String(segment).padStart(7)}  ${String(epoch).padStart(5)}  ${firstRequest.padEnd(24)}`;
    print(`${start}${numbers.join('')}  ${seal.padEnd(8)}  ${escapeText(build, 64)}, format ${format}`);
  }
  if (movedAside.length > 0) print(`\nin damaged/: originals of ${movedAside.join(', ')}`);
}

/** Prints records in their order. */
export function showRecords(
  journal: CheckedJournal,
  handlersOf: HandlersOfRecord,
  choice: RecordChoice,
): void {
  const { json, segment, followId, limit } = choice;
  const belongs = followId === undefined ? () => true : belonging(followId);
  const show = (shown: ShownRecord): void =>
    print(json ? JSON.stringify(recordObject(shown, handlersOf)) : recordLines(shown, handlersOf).join('\n'));
  const last: ShownRecord[] = [];
  // Whose a listener is may stand in an earlier segment than the one that is wanted.
  for (const shown of journalRecords(journal)) {
    if (!belongs(shown) || (segment !== undefined && shown.segment.segment !== segment)) continue;
    if (limit === undefined) show(shown);
    else if (last.push(shown) > limit) last.shift();
  }
  last.forEach(show);
}

/** Does a record belong to what has this id? Requests belong to the delegation of their listener. */
function belonging(id: string): (shown: ShownRecord) => boolean {
  // A listener keeps its key when it is taken over; only its next introduction may give it to another.
  const listeners = new Set<number>();
  return ({ record, text, slot }) => {
    const epoch = record.u32(offset.epoch);
    if (text === undefined) {
      const ids = [`${epoch}-${slot}`, `${record.threadId}`, `${record.notificationId}`];
      return ids.includes(id) || listeners.has(record.u32(offset.listener));
    }
    const { draft, identity, key } = JSON.parse(text) as {
      key?: number;
      draft?: { delegationId: string };
      identity?: { key: number; delegationId: string };
    };
    if (identity?.delegationId === id) listeners.add(identity.key);
    else if (identity !== undefined) listeners.delete(identity.key);
    if (key !== undefined) return listeners.has(key);
    return (draft ?? identity)?.delegationId === id;
  };
}
