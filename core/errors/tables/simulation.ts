import type { ErrorEntry } from './entry.js';

/** Errors of the simulator and of what it is given. */
export const simulationErrors = {
  DEPUTY_E_SCENARIO_INVALID: {
    what: 'the scenario {source} is not valid:\n{text}',
    why: 'The scenario has a wrong value, an unknown key, or names something that it does not describe.',
    remedy: 'Correct the lines named above; docs/explanation/simulator.md shows the fields.',
  },
  DEPUTY_E_SCENARIO_UNREADABLE: {
    what: 'the scenario {path} cannot be read: {detail}',
    why: 'It is neither a file that can be read and is YAML or JSON, nor the name of a scenario that ships.',
    remedy: 'Check the path, or take a name from `deputy-sim list`.',
  },
  DEPUTY_E_SIMULATION_WORKER: {
    what: 'a worker process of the simulator ended by itself: {detail}',
    why: 'Runs are spread over processes, and one of them was killed, ran out of memory or failed.',
    remedy: 'Run it again with `--jobs 1`; what it did last is named above.',
  },
  DEPUTY_E_MODEL_GAP: {
    what: 'the simulator does not model {what}',
    why: 'The code that is simulated asked for something that the modelled machine does not know.',
    remedy: 'Add it to the model under simulator/, with a case that compares it with the real kernel.',
  },
  DEPUTY_E_HISTORY_UNREADABLE: {
    what: 'the history cannot be replayed: {detail}',
    why: 'It has no journal, or no events of deputy, or is damaged, of another machine, or too large.',
    remedy: 'Give the directory of `deputy agent --state`, or a copy, or the stream that its `--nats` wrote.',
  },
  DEPUTY_E_INJECTION_INVALID: {
    what: 'this cannot be injected: {detail}',
    why: 'The fault or the place is none that the history has.',
    remedy: 'Write FAULT@PLACE, as supervisor-restart@DELEGATION/VERSION, request.answered#3 or a slot.',
  },
} as const satisfies Record<string, ErrorEntry>;
