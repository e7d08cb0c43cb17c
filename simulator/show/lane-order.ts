import { actorsOf } from '../trace/actors.js';
import type { Trace, TraceActor } from '../trace/schema.js';

/** A call's way from left to right: from its thread through the kernel to who answers, keeps and stores. */
const ranks: Readonly<Record<TraceActor['kind'], number>> = {
  operator: 0,
  target: 1,
  thread: 1,
  kernel: 2,
  supervisor: 3,
  standby: 4,
  injector: 5,
  keeper: 6,
  'service-manager': 7,
  'event-store': 8,
  scheduler: 9,
};

/** The actors as their lanes lie: by kind, a target's threads beside it, else by first appearance. */
export function laneOrder(trace: Trace): readonly TraceActor[] {
  const actors = actorsOf(trace);
  const groups = new Map<string, number>();
  for (const { id } of actors) if (!groups.has(groupOf(id))) groups.set(groupOf(id), groups.size);
  const place = ({ id }: TraceActor): number => groups.get(groupOf(id)) ?? 0;
  // Sorting is stable, so that order of appearance decides the rest.
  return actors.toSorted((a, b) => ranks[a.kind] - ranks[b.kind] || place(a) - place(b));
}

function groupOf(id: string): string {
  return id.split('/', 1)[0] ?? id;
}
