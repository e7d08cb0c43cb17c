import { expect, test } from 'vitest';
import { effectMark, offset } from '../../core/request/record-layout.js';
import { SimulatedRequest, sampleWorld } from '../support/simulated-request.js';

const policy = { limits: { deadlineMs: 10, deadlineErrno: 'ETIMEDOUT' } };
const ETIMEDOUT = 110;

/** What a call gets whose process died before its n-th step, and for which a successor comes late. */
function late(at: number): { kind?: string; value?: number } {
  const request = new SimulatedRequest(sampleWorld(), { policy });
  for (let step = 0; step < at; step++) request.step();
  request.world.held.clear();
  request.restart();
  const { record } = request;
  record.setU16(offset.effectMark, record.u16(offset.effectMark) | effectMark.late);
  request.run();
  return request.notification.answer ?? {};
}

test('a call beyond its deadline gets the errno of the policy, unless it had an effect already', () => {
  const steps = new SimulatedRequest(sampleWorld(), { policy }).run().steps;
  const answers = Array.from({ length: steps }, (_, at) => late(at));
  expect(answers[0]).toMatchObject({ kind: 'errno', value: ETIMEDOUT });
  for (const answer of answers) {
    expect([
      { kind: 'errno', value: ETIMEDOUT },
      { kind: 'value', value: 6 },
    ]).toContainEqual({
      kind: answer.kind,
      value: answer.value,
    });
  }
  // Once the descriptor was added the call is finished.
  expect(answers.some(({ kind }) => kind === 'value')).toBe(true);
});
