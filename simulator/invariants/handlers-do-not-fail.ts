import type { Invariant } from './invariant.js';

/** Safety: the loop turns a handler that throws into EIO, which keeps the target going and is a defect. */
export const handlersDoNotFail: Invariant = {
  id: 'handlers-do-not-fail',
  sentence: 'No step throws, and no step is one that the request machine forbids.',
  begin: (_, broken) => ({
    noted: (actor, name, detail) => {
      if (name === 'handler-failed') broken({ actor, ...detail });
    },
  }),
};
