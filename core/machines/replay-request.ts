import { createActor } from 'xstate';
import { deputyError } from '../errors/deputy-error.js';
import type { RequestRecord } from '../request/record.js';
import { offset, traceCapacity, traceEntryBytes } from '../request/record-layout.js';
import type { Handler } from '../steps/handler.js';
import { requestMachine } from './request.js';
import { type RequestState, requestStates } from './request-life.js';

/**
 * Replays what a record says of its request through the XState machine itself: the proof that the flat table
 * of the hot path does nothing that the specification forbids. Throws DEPUTY_E_ILLEGAL_TRANSITION.
 */
export function replayRequest(record: RequestRecord, handler: Handler): RequestState {
  const actor = createActor(requestMachine).start();
  const traced = record.u16(offset.traceCount);
  // When there were more steps than fit, the last entry is that of the last step: what led to it is missing.
  const count = traced > traceCapacity ? traceCapacity - 1 : traced;
  for (let index = 0; index < count; index++) {
    const at = record.base + offset.trace + index * traceEntryBytes;
    const step = handler.steps[record.views.u8[at] as number];
    const noted = requestStates[record.views.u8[at + 1] as number];
    const before = actor.getSnapshot();
    const event = step?.event;
    if (step === undefined || (event !== undefined && !before.can({ type: event }))) {
      throw deputyError('DEPUTY_E_ILLEGAL_TRANSITION', {
        machine: 'request',
        state: String(before.value),
        event: event ?? 'an unknown step',
      });
    }
    if (event !== undefined) actor.send({ type: event });
    const after = actor.getSnapshot().value as RequestState;
    if (after !== noted) {
      const detail = `the record says '${noted}' after step '${step.name}'`;
      throw deputyError('DEPUTY_E_ILLEGAL_TRANSITION', { machine: 'request', state: after, event, detail });
    }
  }
  return actor.getSnapshot().value as RequestState;
}
