import type { DeputyEvent } from '../../core/events/event.js';
import type { RequestRecord } from '../../core/request/record.js';
import type { Fault } from '../faults/fault-schema.js';
import type { ModelFile } from '../kernel/file-tree.js';
import type { KernelWatch } from '../kernel/kernel-watch.js';
import type { ModelProcess, ModelThread } from '../kernel/process.js';

/** A step of an actor: of a handler, of recovery, of the injector, or of a main loop. */
export interface StepSeen {
  readonly point: number;
  readonly process: ModelProcess;
  /** Kind of the actor: what its process is at present. */
  readonly kind: string;
  readonly name: string;
  /** The request that it is about. */
  readonly request: string | null;
}

/** What happens in the whole world, for traces and invariants. None of it changes what happens. */
export interface WorldWatch extends KernelWatch {
  /** An actor's step is done, with what its port gave. */
  stepped?(step: StepSeen, result: number): void;
  faulted?(fault: Fault, process: ModelProcess | undefined): void;
  /** Deputy opened a file for a request. */
  opened?(process: ModelProcess, record: RequestRecord, file: ModelFile, flags: number): void;
  /** Deputy wrote into the memory of this thread's process. */
  wrote?(process: ModelProcess, record: RequestRecord, thread: ModelThread): void;
  /** A request's record is finished, and in the order. */
  committed?(process: ModelProcess, record: RequestRecord): void;
  /** The event store has taken an event that it had not. */
  stored?(event: DeputyEvent, position: number): void;
  /** The event store has lost its latest events although it had acknowledged them. */
  storeLost?(lost: readonly DeputyEvent[], left: readonly DeputyEvent[]): void;
  /** A message that is none of deputy's stands in the stream. */
  strangerStored?(position: number): void;
  /** Anything worth a line in a trace. */
  noted?(actor: string, name: string, detail: Readonly<Record<string, unknown>>): void;
  /** The run is over, and all is as it will stay. */
  finished?(): void;
}

type Method = (...values: never[]) => void;

/** One watch that tells several. A method that none of them has is not there, and costs nothing. */
export function combineWatches(watches: readonly WorldWatch[]): WorldWatch {
  const methods = new Map<string, Method[]>();
  for (const watch of watches) {
    for (const [name, method] of Object.entries(watch) as [string, Method][]) {
      methods.set(name, [...(methods.get(name) ?? []), method.bind(watch)]);
    }
  }
  const combined: Record<string, Method> = {};
  for (const [name, list] of methods) combined[name] = together(list);
  return combined as WorldWatch;
}

function together(list: readonly Method[]): Method {
  const [first, second] = list;
  if (first !== undefined && second === undefined) return first;
  return (...values) => {
    for (const method of list) method(...values);
  };
}
