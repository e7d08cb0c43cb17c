import { deputyError } from '../../core/errors/deputy-error.js';
import type { Counts } from '../../core/events/vocabulary.js';
import { canonicalJson } from '../../core/policy/digest.js';
import { countOf } from '../../core/publishing/open-streams.js';
import { describeRecord, recordType } from '../../core/request/describe-record.js';
import type { RequestRecord } from '../../core/request/record.js';
import { offset } from '../../core/request/record-layout.js';
import { abi } from '../kernel/numbers.js';
import type { TraceSink } from '../runner/run-scenario.js';
import type { Call } from './call.js';
import { type Difference, differencesOf, type EndState, endStateOf } from './end-state.js';
import { explain } from './explain.js';
import { HistoryRun } from './history-run.js';
import { inject } from './inject.js';
import type { Injection } from './injection.js';
import type { History } from './read-history.js';
import { type ListenerFacts, listenersOf } from './served-listeners.js';

export interface ReplayOptions {
  /** Only the calls of this delegation. */
  readonly delegation?: string;
  /** Something that did not happen. */
  readonly injection?: Injection;
  readonly trace?: TraceSink;
}

/** What a delegation's calls came to, then and now. */
export interface DelegationCounts {
  readonly delegation: string;
  readonly recorded: Counts;
  readonly replayed: Counts;
}

/** How a replay ended. */
export interface HistoryReplay {
  readonly epochs: readonly number[];
  readonly calls: number;
  readonly steps: number;
  /** Results that the journal lacks, and the model gave. */
  readonly assumed: number;
  /** A policy that the journal and the events do not have, so that the default one was taken. */
  readonly isPolicyAssumed: boolean;
  /** Steps that went another way than recorded. */
  readonly strays: readonly string[];
  readonly differences: readonly Difference[];
  readonly delegations: readonly DelegationCounts[];
  readonly timeUs: number;
  /** With an injection: what happened, in sentences. */
  readonly explanation: readonly string[];
}

/**
 * Replays a history with the real handlers and recovery, and compares how everything ended. Errors:
 * DEPUTY_E_INJECTION_INVALID, DEPUTY_E_HISTORY_UNREADABLE.
 */
export function replayHistory(history: History, options: ReplayOptions): HistoryReplay {
  const listeners = listenersOf(history);
  const requests = history.requests.filter(
    ({ listener }) =>
      options.delegation === undefined || listeners.get(listener)?.delegationId === options.delegation,
  );
  const foreign = requests.find(
    ({ record }) => record.u32(offset.auditArchitecture) !== abi.auditArchitecture,
  );
  if (foreign !== undefined) {
    const request = `${foreign.epoch}-${foreign.slot}`;
    const detail = `request ${request} is of another machine than x86-64, which the model has`;
    throw deputyError('DEPUTY_E_HISTORY_UNREADABLE', { detail });
  }
  if (requests.length === 0) {
    const of = options.delegation === undefined ? '' : ' of this delegation';
    throw deputyError('DEPUTY_E_HISTORY_UNREADABLE', { detail: `it has no requests${of}` });
  }
  const run = new HistoryRun(history, listeners, requests, options.trace);
  const injected =
    options.injection === undefined ? undefined : inject(run, options.injection, listeners, requests);
  run.play(injected?.interruption);
  const differences = [...run.calls.values()].flatMap((call) =>
    compareCall(call, options.injection === undefined ? history.events : []),
  );
  return {
    epochs: history.epochs,
    calls: run.calls.size,
    steps: run.steps,
    assumed: run.assumed,
    isPolicyAssumed: [...listeners.values()].some(({ isPolicyAssumed }) => isPolicyAssumed),
    strays: run.strays,
    differences,
    delegations: countAll(run, listeners),
    timeUs: run.sinceStartUs,
    explanation: injected === undefined ? [] : explain(run, injected.happened(), differences),
  };
}

function compareCall(call: Call, events: History['events']): Difference[] {
  const recorded = endOf(recordedEnd(call));
  const now = replayedEnd(call);
  const differences = differencesOf(call.name, recorded, endOf(now));
  if (differences.length > 0 || now === undefined || call.isModelled) return differences;
  // Nothing in the event that tells of it may differ either: steps, time, flags, handle.
  const ticket = call.recorded.find((one) => one.ticket !== undefined)?.ticket;
  const event = events.find((one) => ticket !== undefined && sequenceOf(one) === ticket);
  if (event === undefined) return [];
  const { type, data } = describeRecord(now, syscallName);
  const isSame = type === event.type && canonicalJson(data) === canonicalJson(event.data);
  if (isSame) return [];
  const field = 'event';
  return [{ call: call.name, field, recorded: canonicalJson(event.data), replayed: canonicalJson(data) }];
}

export function recordedEnd({ recorded }: Call): RequestRecord | undefined {
  return recorded.findLast(({ ticket }) => ticket !== undefined)?.record;
}

export function replayedEnd({ lives }: Call): RequestRecord | undefined {
  return lives.findLast(({ isCommitted }) => isCommitted)?.record;
}

function endOf(record: RequestRecord | undefined): EndState | undefined {
  return record === undefined ? undefined : endStateOf(record);
}

function countAll(run: HistoryRun, listeners: ReadonlyMap<number, ListenerFacts>): DelegationCounts[] {
  const none = { answered: 0, refused: 0, cancelled: 0, lost: 0 };
  const counts = new Map<string, { recorded: typeof none; replayed: typeof none }>();
  for (const call of run.calls.values()) {
    const delegation = listeners.get(call.listener)?.delegationId ?? 'unknown';
    const known = counts.get(delegation) ?? { recorded: { ...none }, replayed: { ...none } };
    counts.set(delegation, known);
    const before = recordedEnd(call);
    const now = replayedEnd(call);
    if (before !== undefined) known.recorded[countOf[recordType(before)]]++;
    if (now !== undefined) known.replayed[countOf[recordType(now)]]++;
  }
  return [...counts].map(([delegation, both]) => ({ delegation, ...both }));
}

function sequenceOf(event: unknown): number {
  return (event as { readonly sequence?: number }).sequence ?? -1;
}

function syscallName(number: number): string {
  if (number === abi.openByHandleAt) return 'open_by_handle_at';
  return number === abi.nameToHandleAt ? 'name_to_handle_at' : `${number}`;
}
