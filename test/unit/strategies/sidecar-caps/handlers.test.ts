import { describe, expect, test } from 'vitest';
import { refusalTable } from '../../../../core/errors/refusals.js';
import { replayRequest } from '../../../../core/machines/replay-request.js';
import { requestState } from '../../../../core/machines/request-life.js';
import { offset } from '../../../../core/request/record-layout.js';
import { takeOverRecord } from '../../../../core/request/recovered-record.js';
import { runStep } from '../../../../core/steps/run-steps.js';
import { handlers } from '../../../../strategies/seccomp-notify/index.js';
import { brokerHandlerOf, brokerHandlers } from '../../../../strategies/sidecar-caps/index.js';
import { SimulatedRequest, sampleWorld } from '../../../support/simulated-request.js';

const foreignArchitecture = 0x40000003;

/** Runs a request through the handler that a broker has for it. */
function run(request: SimulatedRequest): SimulatedRequest {
  const { record, kernel, policy, seals } = request;
  const { steps } = brokerHandlerOf(record, kernel.abi, policy);
  while (runStep({ record, kernel, policy, seals }, steps, () => 0) >= 0);
  return request;
}

function begun(call: ConstructorParameters<typeof SimulatedRequest>[1]): SimulatedRequest {
  const request = new SimulatedRequest(sampleWorld(), call);
  const { record, kernel, policy } = request;
  record.setU16(offset.step, brokerHandlerOf(record, kernel.abi, policy).first);
  return request;
}

describe('the handlers of a broker', () => {
  test('are those of the notifier for what both answer', () => {
    const names = ['open_by_handle_at', 'name_to_handle_at'];
    const answering = brokerHandlers.filter(({ syscall }) => names.includes(syscall));
    expect(answering).toHaveLength(2);
    for (const handler of answering) expect(handlers).toContain(handler);
  });

  test.each([
    ['a call that the policy does not list', { policy: { syscalls: [] } }],
    ['one of another architecture', { architecture: foreignArchitecture }],
    ['a number that nobody knows', { syscallNumber: 39 }],
  ])('refuse %s, and leave nothing to the kernel', (_, call) => {
    const request = run(begun(call));
    const { record, notification } = request;
    expect(notification.answer).toEqual({ kind: 'errno', value: 1 });
    expect(record.u16(offset.reason)).toBe(refusalTable.DEPUTY_E_REFUSED_SYSCALL_UNKNOWN.id);
    const handler = brokerHandlerOf(record, request.kernel.abi, request.policy);
    expect(requestState[replayRequest(record, handler)]).toBe(requestState.refused);
  });

  test('end such a call of a broker that died as cancelled, when nobody waits for it', () => {
    const request = begun({ syscallNumber: 39 });
    const { record, kernel, policy, notification } = request;
    const handler = brokerHandlerOf(record, kernel.abi, policy);
    const former = record.views.u8.slice(record.base, record.base + 512);
    takeOverRecord(record, former, () => handler);
    notification.state = 'cancelled';
    run(request);
    expect(record.u16(offset.state)).toBe(requestState.cancelled);
    expect(notification.answer).toBeUndefined();
  });
});
