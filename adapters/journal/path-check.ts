import { isDeputyError } from '../../core/errors/deputy-error.js';
import { replayRequest } from '../../core/machines/replay-request.js';
import { requestStates } from '../../core/machines/request-life.js';
import type { RequestRecord } from '../../core/request/record.js';
import { offset, traceCapacity, traceEntryBytes } from '../../core/request/record-layout.js';
import type { Handler } from '../../core/steps/handler.js';

/** Different paths that are remembered; real targets take a few dozen. */
const rememberedLimit = 10_000;

/** The handlers that may have made a record: one, unless the policy of then is needed to tell. */
export type HandlersOfRecord = (record: RequestRecord) => readonly Handler[];

/**
 * Replays requests through the request machine itself. That takes half a millisecond, so a path that has been
 * replayed is remembered: all that a replay looks at is the list of steps and states.
 */
export class PathCheck {
  private readonly known = new Map<string, string | undefined>();
  /** Requests that were compared with a path that had been replayed. */
  requests = 0;
  /** Paths that were replayed. */
  paths = 0;

  constructor(private readonly handlersOf: HandlersOfRecord) {}

  /** What is wrong with a finished request's path; undefined if nothing is. */
  fault(record: RequestRecord): string | undefined {
    this.requests++;
    const handlers = this.handlersOf(record);
    const key = `${handlers.map(({ syscall }) => syscall).join()} ${pathOf(record)}`;
    if (this.known.has(key)) return this.known.get(key);
    this.paths++;
    const faults = handlers.map((handler) => replayFault(record, handler));
    const fault = faults.includes(undefined) ? undefined : faults[0];
    if (this.known.size < rememberedLimit) this.known.set(key, fault);
    return fault;
  }
}

function pathOf(record: RequestRecord): string {
  const count = record.u16(offset.traceCount);
  let path = `${record.u16(offset.state)}:${count}`;
  for (let index = 0; index < Math.min(count, traceCapacity); index++) {
    const at = record.base + offset.trace + index * traceEntryBytes;
    path += ` ${record.views.u8[at]}.${record.views.u8[at + 1]}`;
  }
  return path;
}

function replayFault(record: RequestRecord, handler: Handler): string | undefined {
  try {
    const state = replayRequest(record, handler);
    const noted = requestStates[record.u16(offset.state)];
    if (record.u16(offset.traceCount) > traceCapacity || state === noted) return undefined;
    return `it is '${noted}', and its steps lead to '${state}'`;
  } catch (error) {
    if (isDeputyError(error)) return error.message;
    throw error;
  }
}
