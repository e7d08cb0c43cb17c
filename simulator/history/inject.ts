import type { Call } from './call.js';
import type { HistoryRun, Interruption } from './history-run.js';
import { type Injection, invalid } from './injection.js';
import { isAt, type Location, locate } from './locate.js';
import type { Moment } from './moments.js';
import { callOf, type RecordedRequest } from './recorded-request.js';
import type { ListenerFacts } from './served-listeners.js';
import { endTarget, failStep, interruptCall, stepInside } from './strike.js';

/** What an injected fault met. */
export interface Happened {
  readonly injection: Injection;
  readonly location: Location;
  readonly atUs: number;
  /** Whom it struck. */
  readonly supervisor: string;
  /** Calls that somebody had in hand then. */
  readonly inFlight: readonly Call[];
  /** Calls that were never made, as their target is gone. */
  readonly never: number;
}

export interface Injected {
  readonly interruption: Interruption;
  happened(): Happened;
}

/** Makes a fault happen once, where its injection says. Errors: DEPUTY_E_INJECTION_INVALID. */
export function inject(
  run: HistoryRun,
  injection: Injection,
  listeners: ReadonlyMap<number, ListenerFacts>,
  requests: readonly RecordedRequest[],
): Injected {
  const location = locate(injection, run.history, requests, listeners);
  let happened: Happened | undefined;
  return {
    interruption: (_, moment) => {
      if (happened !== undefined || !isAt(location, moment)) return;
      happened = strike(run, injection, location, moment);
    },
    happened: () => {
      if (happened === undefined) throw invalid('the history ends before this place');
      return happened;
    },
  };
}

function strike(run: HistoryRun, injection: Injection, location: Location, moment: Moment): Happened {
  const { supervisor, sinceStartUs: atUs } = run;
  const call = location.kind === 'request' ? run.calls.get(callOf(location.request)) : undefined;
  const life = call?.lives.at(-1);
  const met = { injection, location, atUs, supervisor } as const;
  if (location.kind === 'request' && location.moment === 'inside' && life !== undefined) {
    stepInside(run, life, moment.step);
  }
  switch (injection.fault) {
    case 'supervisor-restart': {
      const inFlight = run.openCalls();
      run.killSupervisor(`injected: ${injection.text}`);
      return { ...met, inFlight, never: 0 };
    }
    case 'target-death': {
      const inFlight = run.openCalls().filter(({ listener }) => listener === call?.listener);
      return { ...met, inFlight, never: endTarget(run, call as Call, injection.text) };
    }
    case 'signal':
      interruptCall(run, call as Call, injection.text);
      return { ...met, inFlight: [call as Call], never: 0 };
    case 'errno':
      failStep(run, call as Call, injection.errno, injection.text);
      return { ...met, inFlight: [call as Call], never: 0 };
  }
}
