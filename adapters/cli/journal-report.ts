import {
  type CheckedJournal,
  problemError,
  type RepairAction,
  type RepairedSegment,
  type RepairPlan,
} from '../journal/index.js';
import { print, printJson } from './output.js';

/** Problems or lost records that are listed for people; `--json` has them all. */
const listedLimit = 50;

/** What was looked at, in numbers. */
function counted({ segments, replayed }: CheckedJournal) {
  const runs = segments.flatMap((one) => one.runs);
  const count = (...kinds: readonly string[]): number =>
    runs.filter(({ kind }) => kinds.includes(kind)).length;
  return {
    segments: segments.length,
    sealed: segments.filter(({ isSealed }) => isSealed).length,
    orderEntries: segments.reduce((sum, { ordered }) => sum + ordered, 0),
    requests: count('request'),
    events: count('event'),
    open: count('open'),
    superseded: count('superseded'),
    unfinished: count('orphan', 'cut'),
    damaged: count('damaged'),
    replayed: replayed.requests,
    paths: replayed.paths,
  };
}

/** Prints what a check found. */
export function showCheck(journal: CheckedJournal, json: boolean): void {
  const { directory, problems } = journal;
  const checked = counted(journal);
  const isWell = problems.length === 0;
  if (json) {
    const listed = problems.map((problem) => {
      const { code, message } = problemError(problem);
      return { code, message, ...problem };
    });
    return printJson({ directory, isWell, checked, problems: listed });
  }
  for (const problem of problems.slice(0, listedLimit)) {
    const { code } = problemError(problem);
    print(`${code}  ${problem.path}:${problem.offset}  ${problem.detail}`);
  }
  if (problems.length > listedLimit) print(`... and ${problems.length - listedLimit} more (see --json)`);
  const { segments, sealed, orderEntries, requests, events, open, superseded, unfinished, replayed, paths } =
    checked;
  print(`journal ${directory}: ${isWell ? 'well' : `${problems.length} problems`}`);
  print(
    `  ${segments} headers, ${sealed} checksums of sealed segments, ${orderEntries} entries of the order`,
  );
  print(`  ${requests} requests, ${events} events, ${open} calls in flight, ${unfinished} cut short,`);
  print(`  ${superseded} records whose calls a later epoch took over`);
  print(`  ${replayed} requests replayed through the request machine, on ${paths} different paths`);
  if (sealed < segments) {
    print(
      `  of ${segments - sealed} segments without a seal, flipped bits in a record's content can't be told`,
    );
  }
  if (!isWell) print('run `deputy journal repair` when no agent runs; `--dry-run` says what it would do');
}

const words = {
  rewrite: 'written anew from what is sound in it',
  'set-aside': 'set aside: it cannot be read',
  'note-missing': 'missing: noted, nothing of it is left',
} as const;

/** Prints what a repair did or would do. */
export function showRepair(
  plan: RepairPlan,
  done: readonly RepairedSegment[],
  { json, isDryRun }: { json: boolean; isDryRun: boolean },
): void {
  const { directory, actions, lost, kept, inFlight } = plan;
  const originals = new Map(done.map(({ segment, original }) => [segment, original]));
  if (json) {
    const listed = actions.map((action) => ({
      segment: segmentOf(action),
      action: action.kind,
      original: originals.get(segmentOf(action)),
    }));
    return printJson({ directory, isDryRun, actions: listed, kept, inFlight, lost });
  }
  if (actions.length === 0) {
    print(`journal ${directory}: well, nothing to repair`);
    return;
  }
  print(`journal ${directory}: ${isDryRun ? 'this would be done' : 'repaired'}`);
  for (const action of actions) {
    const original = originals.get(segmentOf(action));
    const where = original === undefined ? '' : `; original: ${original}`;
    print(`  segment ${segmentOf(action)}: ${words[action.kind]}${where}`);
  }
  showLost(plan);
}

function segmentOf(action: RepairAction): number {
  return action.kind === 'note-missing' ? action.segment : action.checked.segment;
}

function showLost({ lost, kept, inFlight }: RepairPlan): void {
  print(`  ${kept} records stay, ${lost.length} are lost`);
  for (const { what, slot, threadId, notificationId, why } of lost.slice(0, listedLimit)) {
    const who = what === 'event' ? '' : ` of thread ${threadId}, notification ${notificationId}`;
    print(`    ${what} in slot ${slot}${who}: ${why}`);
  }
  if (lost.length > listedLimit) print(`    ... and ${lost.length - listedLimit} more (see --json)`);
  const calls = lost.filter(({ what }) => what !== 'event').length;
  print(
    `  calls in flight: ${inFlight} are still recorded, and an agent that holds their listener can answer`,
  );
  print('  them by their id. A call whose record is lost can only be made anew by the kernel; where the');
  print('  listener is gone as well, the kernel has answered ENOSYS.');
  if (calls > 0) print('  What is said of lost slots is what stands in them, and may itself be damaged.');
}
