import { expect, test } from 'vitest';
import { createActor } from 'xstate';
import { replayRequest } from '../../../../core/machines/replay-request.js';
import { requestMachine } from '../../../../core/machines/request.js';
import {
  compileRequestTable,
  illegal,
  requestEvents,
  requestStates,
} from '../../../../core/machines/request-life.js';
import { offset } from '../../../../core/request/record-layout.js';
import { SimulatedRequest, sampleWorld } from '../../../support/simulated-request.js';

test('the flat table does for every pair what XState does', () => {
  const table = compileRequestTable();
  for (const [stateNumber, state] of requestStates.entries()) {
    for (const [index, event] of requestEvents.slice(1).entries()) {
      const actor = createActor(requestMachine, {
        snapshot: requestMachine.resolveState({ value: state }),
      }).start();
      const can = actor.getSnapshot().status === 'active' && actor.getSnapshot().can({ type: event });
      const next = table[stateNumber * requestEvents.length + index + 1];
      if (can) actor.send({ type: event });
      if (can) expect(requestStates[next as number]).toBe(actor.getSnapshot().value);
      else expect(next).toBe(illegal);
    }
  }
});

test('a trace that was tampered with is an illegal path', () => {
  const { record, handler } = new SimulatedRequest(sampleWorld(), {}).run();
  expect(replayRequest(record, handler)).toBe('answered');
  const { u8 } = record.views;
  // The state after the first step becomes 'refused'.
  u8[record.base + offset.trace + 1] = requestStates.indexOf('refused');
  expect(() => replayRequest(record, handler)).toThrow(
    expect.objectContaining({ code: 'DEPUTY_E_ILLEGAL_TRANSITION' }),
  );
});

test('a step that comes too early is an illegal path', () => {
  const { record, handler } = new SimulatedRequest(sampleWorld(), {}).run();
  const answered = handler.steps.findIndex(({ name }) => name === 'answered');
  record.views.u8[record.base + offset.trace] = answered;
  expect(() => replayRequest(record, handler)).toThrow(
    expect.objectContaining({ code: 'DEPUTY_E_ILLEGAL_TRANSITION' }),
  );
});
