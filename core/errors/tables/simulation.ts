import type { ErrorEntry } from './entry.js';

/** Errors of the simulator and of what it is given. */
export const simulationErrors = {
  DEPUTY_E_SCENARIO_INVALID: {
    what: 'the scenario {source} is not valid:\n{text}',
    why: 'The scenario has a wrong value, an unknown key, or names something that it does not describe.',
    remedy: 'Correct the lines named above; docs/explanation/simulator.md shows the fields.',
  },
  DEPUTY_E_MODEL_GAP: {
    what: 'the simulator does not model {what}',
    why: 'The code that is simulated asked for something that the modelled machine does not know.',
    remedy: 'Add it to the model under simulator/, with a case that compares it with the real kernel.',
  },
} as const satisfies Record<string, ErrorEntry>;
