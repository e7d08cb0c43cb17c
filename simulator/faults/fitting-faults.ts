import type { Setup } from '../scenario/scenario-schema.js';
import type { Fault, FaultyActor } from './fault-schema.js';

type Strategy = Setup['strategy'];

/** What can go wrong where the dispatcher is at work: there is no journal of requests, and no listener. */
const kindsOfDispatches: ReadonlySet<Fault['kind']> = new Set([
  'crash',
  'hang',
  'slow',
  'target-death',
  'pid-reuse',
  'pod-restart',
  'clock-jump',
  'storm',
]);

/** Whose processes there are. Whoever serves a target is its supervisor, so that setups can be compared. */
const actors: Readonly<Record<Strategy, ReadonlySet<FaultyActor>>> = {
  'seccomp-notify': new Set([
    'supervisor',
    'standby',
    'keeper',
    'injector',
    'event-store',
    'service-manager',
  ]),
  dispatcher: new Set(['supervisor', 'deputy', 'shim', 'joiner', 'payload']),
};

/** Why a fault would do nothing where a strategy is at work; undefined when it fits. */
export function misfitOf(fault: Fault, strategy: Strategy): string | undefined {
  if (strategy === 'dispatcher' && !kindsOfDispatches.has(fault.kind)) {
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
