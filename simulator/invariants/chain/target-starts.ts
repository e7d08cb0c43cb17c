import type { Invariant } from '../invariant.js';

/** Safety: what a namespace's level refuses is known before, and not made. */
export const targetStarts: Invariant = {
  id: 'target-starts',
  sentence:
    'No pod is refused at admission; where no strategy would be let in, the reasons are given before.',
  begin: (stage, broken) => ({
    finished: () => {
      const { isAdmitted, possible, reasons } = stage().chain.parts.pod;
      if (isAdmitted) return;
      if (possible.length > 0 || reasons.length === 0 || reasons.some((one) => one.startsWith('admission')))
        broken({ possible, reasons });
    },
  }),
};
