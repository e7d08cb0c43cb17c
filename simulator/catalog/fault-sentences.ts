import type { Fault } from '../faults/fault-schema.js';

/** What each kind of fault does, for whoever writes a scenario. */
export const faultSentences: Readonly<Record<Fault['kind'], string>> = {
  crash: 'SIGKILL: whoever is at a step, or the process that plays a part.',
  hang: 'A process goes on running and does nothing, for a while or for good.',
  slow: 'One step takes so much longer.',
  errno: 'The call of a step is not made and gives this errno.',
  signal: 'A signal is sent to a target.',
  'target-death': 'A target is killed.',
  'pid-reuse': 'A target is killed, and its thread ids are given to a stranger.',
  'pod-restart': 'A target is killed and started again as a new container.',
  journal: "The journal's files are damaged: gone, zeroed, garbled, cut, or without their order.",
  'disk-full': 'No segment of the journal can be made for a while.',
  store:
    'The event store is away, slow, takes batches twice, or loses its latest events; a stream changes its ' +
    'leader, is full, or has another writer, too.',
  'clock-jump': 'The wall clock jumps; virtual time goes on.',
  replace: 'Another agent is started that replaces this one.',
  storm: 'The process that plays a part is killed again and again.',
};
