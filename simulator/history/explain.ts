import { errnoText } from '../../core/errors/errno.js';
import type { Call, Life } from './call.js';
import { type Difference, endStateOf } from './end-state.js';
import type { HistoryRun } from './history-run.js';
import type { Happened } from './inject.js';

/** More calls than this are counted, not told one by one. */
const toldCalls = 20;

/** What an injected fault led to, in sentences: what was in flight, who went on with it, how it ended. */
export function explain(run: HistoryRun, happened: Happened, differences: readonly Difference[]): string[] {
  const { inFlight, never } = happened;
  const lines = [whatHappened(happened)];
  lines.push(
    inFlight.length === 0
      ? 'No call was in flight then.'
      : `${inFlight.length} ${inFlight.length === 1 ? 'call was' : 'calls were'} in flight then.`,
  );
  for (const call of inFlight.slice(0, toldCalls)) lines.push(...tellCall(call));
  if (inFlight.length > toldCalls) lines.push(`... and ${inFlight.length - toldCalls} more`);
  if (never > 0) lines.push(`${never} later calls of this target were never made.`);
  if (run.assumed > 0)
    lines.push(`${run.assumed} results are not in the journal: the model gave them (assumed).`);
  if (differences.length === 0) {
    lines.push('In the end each call has the outcome that was recorded: nobody could tell the difference.');
  } else {
    const calls = new Set(differences.map(({ call }) => call)).size;
    lines.push(`${calls} ${calls === 1 ? 'call has' : 'calls have'} another outcome than recorded.`);
  }
  return lines;
}

function whatHappened({ injection, location, atUs, supervisor }: Happened): string {
  const time = `${(atUs / 1_000).toFixed(3)} ms after the start`;
  const place =
    location.kind === 'time'
      ? `at event ${location.event}`
      : `${location.moment} ${location.step} of request ${location.request.epoch}-${location.request.slot}`;
  switch (injection.fault) {
    case 'supervisor-restart':
      return `${supervisor} is killed ${place}, ${time}.`;
    case 'target-death':
      return `The target dies ${place}, ${time}.`;
    case 'signal':
      return `A signal ends the call ${place}, ${time}.`;
    case 'errno':
      return `The port gives ${errnoText(-injection.errno)} ${place}, ${time}.`;
  }
}

function tellCall(call: Call): string[] {
  const { name, source, lives } = call;
  const life = lives.at(-1);
  const former = lives.at(-2);
  const head = `request ${name} of thread ${source.threadId}`;
  if (life === undefined) return [`  ${head}: nobody had begun it`];
  const left = former?.taken.at(-1);
  const begun =
    former === undefined || former.isCommitted
      ? ''
      : left === undefined
        ? '; it was received, and no more'
        : `; ${left.supervisor} had come to ${left.name}${resultText(left.result)}`;
  const lines = [`  ${head}${begun}`];
  const made = life.taken.filter(({ isPure, isAssumed, isForced }) => !isPure && (isAssumed || isForced));
  const steps = made.map((one) => `${one.name}${resultText(one.result)}`);
  const who = life.taken.at(-1)?.supervisor ?? 'nobody';
  if (steps.length > 0) lines.push(`    ${who}: ${steps.join(', ')}`);
  lines.push(`    ${ending(life)}`);
  return lines;
}

function resultText(result: number): string {
  return result < 0 ? ` = ${errnoText(-result)}` : ` = ${result}`;
}

function ending({ record, isCommitted, taken }: Life): string {
  if (!isCommitted) return 'it has no end';
  const { type, result, way, recovery, descriptor, reason } = endStateOf(record);
  const what = {
    none: type === 'request.cancelled' ? 'it was over' : 'its supervisor lived to answer it',
    redone: 'it was done again from its arguments',
    'answered-by-id': found(taken),
    reissued: 'the kernel made it anew',
  }[recovery as 'none'];
  const given = descriptor === undefined ? result : `descriptor ${descriptor}`;
  const how = type === 'request.cancelled' ? 'the target had given it up' : `${given} by ${way || 'nobody'}`;
  return `${what}: ${type}, ${how}, recovery ${recovery}${reason === '' ? '' : `, ${reason}`}`;
}

function found(taken: Life['taken']): string {
  const adopted = taken.find(({ name, result }) => name === 'adopt-descriptor' && result >= 0);
  if (adopted === undefined)
    return 'what its predecessor had begun was finished, and it was answered by its id';
  return `descriptor ${adopted.result} was in the target's table already, and it was answered by its id`;
}
