import { isMountRoot } from '../kernel/file-tree.js';
import { OpenFile } from '../kernel/open-description.js';
import type { Invariant } from './invariant.js';
import { KnownStrays } from './known-strays.js';

/** Safety: what a target's table has is what its program was given. */
export const noLeaks: Invariant = {
  id: 'no-leaks',
  sentence:
    'No descriptor stays in a target that its program was not given, nor in deputy for a call that is over.',
  begin: (stage, broken) => {
    const strays = new KnownStrays();
    const finished = (): void => {
      const { cast } = stage();
      for (const target of cast.targets) {
        if (!target.process.alive) continue;
        const isBusy = target.process.threads.some(({ call }) => call !== undefined);
        const numbers = target.process.table.entries().map(([number]) => number);
        const isKnown = (number: number): boolean =>
          target.initial.has(number) || target.known.has(number) || strays.has(target.process, number);
        const leaked = numbers.filter((number) => !isKnown(number));
        const missing = [...target.known].filter((number) => !numbers.includes(number));
        if (!isBusy && leaked.length > 0) broken({ target: target.process.actor, leaked });
        if (missing.length > 0) broken({ target: target.process.actor, missing });
      }
      const active = cast.agent.active;
      if (active?.isIdle !== true) return;
      const held = active.parts.process.table
        .entries()
        .map(([, { description }]) => description)
        .filter((one) => one instanceof OpenFile && !isMountRoot(one.file, one.mountId));
      if (held.length > 0) broken({ supervisor: active.parts.process.actor, held: held.length });
    };
    return { ...strays.watch(), finished };
  },
};
