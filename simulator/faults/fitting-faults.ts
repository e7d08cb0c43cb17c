import type { Setup } from '../scenario/scenario-schema.js';
import type { Fault, FaultyActor } from './fault-schema.js';

type Strategy = Setup['strategy'];

/** What can go wrong where there is no journal of requests, and no listener; where it is absent, all can. */
const kinds: Readonly<Partial<Record<Strategy, ReadonlySet<Fault['kind']>>>> = {
  dispatcher: new Set([
    'crash',
    'hang',
    'slow',
    'target-death',
    'pid-reuse',
    'pod-restart',
    'clock-jump',
    'storm',
  ]),
};

const ofListeners: readonly FaultyActor[] = [
  'supervisor',
  'standby',
  'keeper',
  'injector',
  'event-store',
  'service-manager',
  'sidecar',
  'listener-keeper',
  'listener',
];

/** Whose processes there are. Whoever serves a target is its supervisor, so that setups can be compared. */
const actors: Readonly<Record<Strategy, ReadonlySet<FaultyActor>>> = {
  'seccomp-notify': new Set(ofListeners),
  'file-handle': new Set(ofListeners),
  'sidecar-caps': new Set(['supervisor', 'broker']),
  dispatcher: new Set(['supervisor', 'deputy', 'shim', 'joiner', 'payload']),
  auto: new Set(['supervisor', 'deputy']),
};

/** Why a fault would do nothing where a strategy is at work; undefined when it fits. */
export function misfitOf(fault: Fault, strategy: Strategy): string | undefined {
  if (kinds[strategy]?.has(fault.kind) === false) {
    return `kind: '${fault.kind}' is not modelled with setup.strategy: ${strategy}`;
  }
  const actor = 'actor' in fault ? fault.actor : undefined;
  if (actor === undefined || actors[strategy].has(actor)) return undefined;
  return `actor: there is no '${actor}' with setup.strategy: ${strategy}`;
}

/** A line for each fault that would do nothing, with its place in the list. */
export function misfits(faults: readonly Fault[], strategy: Strategy): string[] {
  return faults.flatMap((fault, index) => {
    const misfit = misfitOf(fault, strategy);
    return misfit === undefined ? [] : [`faults[${index}].${misfit}`];
  });
}
