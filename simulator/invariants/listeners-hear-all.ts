import type { Invariant } from './invariant.js';

/** Safety and liveness: what whoever consumes a stream's events can rely on. */
export const listenersHearAll: Invariant = {
  id: 'listeners-hear-all',
  sentence:
    'A durable consumer gets each event, in their order the first time, and never again once the ' +
    'server knows that it is done; only what reached its age may be missed.',
  strategy: 'seccomp-notify',
  begin: (stage, broken) => {
    /** By id: where it is, and since when. */
    const awaited = new Map<string, number>();
    const done = new Set<string>();
    let last = 0;
    const problem = (detail: Readonly<Record<string, unknown>>, text: string): void =>
      broken({ ...detail, problem: text });
    return {
      stored: ({ id }) => {
        awaited.set(id, stage().world.nowUs);
      },
      // The consumer goes back with the stream, and so may its knowledge of what is done.
      storeLost: (lost, left) => {
        for (const { id } of lost) {
          awaited.delete(id);
          done.delete(id);
        }
        last = Math.min(last, left.length);
      },
      noted: (_actor, name, detail) => {
        const { sequence, attempt, event } = detail as { sequence: number; attempt: number; event: string };
        if (name === 'acknowledged') done.add(event);
        if (name !== 'heard') return;
        awaited.delete(event);
        if (done.has(event)) problem(detail, 'it was acknowledged, and came again');
        if (attempt === 1 && sequence <= last) problem(detail, `number ${last} came before it`);
        last = Math.max(last, sequence);
      },
      finished: () => {
        const { cast, scenario, world } = stage();
        const { listener, ageUs = Number.POSITIVE_INFINITY } = scenario.setup;
        if (!listener || !cast.isDone) return;
        const missed = [...awaited].filter(([, sinceUs]) => world.nowUs - sinceUs < ageUs);
        if (missed.length > 0) broken({ missing: missed.length, events: missed.slice(0, 8) });
      },
    };
  },
};
