import { describe, expect, test } from 'vitest';
import { replayRequest } from '../../core/machines/replay-request.js';
import { requestState } from '../../core/machines/request-life.js';
import { offset } from '../../core/request/record-layout.js';
import { sealBytes, sealOffset, sealVersion } from '../../core/seals/seal-layout.js';
import {
  type Call,
  handleAt,
  ids,
  mountIdAt,
  SimulatedRequest,
  sampleWorld,
} from '../support/simulated-request.js';

const AT_HANDLE_FID = 0x200;

/** What the target finds: the answer, then size and type of the handle, and how its bytes end. */
function outcome(request: SimulatedRequest): string {
  const { answer } = request.notification;
  const memory = request.world.threads.get(ids.thread)?.memory.get(handleAt) ?? new Uint8Array(8);
  const [bytes = 0, type = 0] = new Uint32Array(memory.slice(0, 8).buffer);
  const data = memory.subarray(8);
  const hasSeal = data.length >= bytes && data[bytes - sealBytes + sealOffset.version] === sealVersion;
  return `${answer?.kind} ${answer?.value}: ${bytes} bytes, type ${type}${hasSeal ? ', sealed' : ''}`;
}

const sealed = { policy: { confinement: 'sealed' } } as const;
const cases: readonly (readonly [name: string, call: Call, outcome: string])[] = [
  ['room for all', { name: { path: 'own', room: 128 } }, 'value 0: 32 bytes, type 1, sealed'],
  ['room for just that', { name: { path: 'own', room: 32 } }, 'value 0: 32 bytes, type 1, sealed'],
  ['the size probe', { name: { path: 'own', room: 0 } }, 'errno 75: 32 bytes, type 255'],
  ["room for the kernel's part", { name: { path: 'own', room: 8 } }, 'errno 75: 32 bytes, type 255'],
  ['one byte less', { name: { path: 'own', room: 31 } }, 'errno 75: 32 bytes, type 255'],
  ['a long handle', { name: { path: 'long', room: 128 } }, 'value 0: 128 bytes, type 1, sealed'],
  ['one with no room for a seal', { name: { path: 'longer', room: 128 } }, 'errno 95: 128 bytes, type 0'],
  ['its size probe', { name: { path: 'longer', room: 0 } }, 'errno 95: 0 bytes, type 0'],
  ['too much room', { name: { path: 'own', room: 129 } }, 'errno 22: 129 bytes, type 0'],
  [
    'a handle that only identifies',
    { name: { path: 'own', room: 128, flags: AT_HANDLE_FID } },
    'value 0: 8 bytes, type 1',
  ],
  ['a file on no share', { name: { path: 'elsewhere', room: 128 } }, 'value 0: 8 bytes, type 1'],
  [
    'a file on no share, where only sealed handles are given',
    { name: { path: 'elsewhere', room: 128 }, sealedOnly: true },
    'errno 1: 128 bytes, type 0',
  ],
  [
    'a file on a share, there',
    { name: { path: 'own', room: 128 }, sealedOnly: true },
    'value 0: 32 bytes, type 1, sealed',
  ],
  ['a missing file', { name: { path: 'missing', room: 128 } }, 'errno 2: 128 bytes, type 0'],
  [
    'no confinement',
    { name: { path: 'own', room: 128 }, policy: { confinement: 'none' } },
    'value 0: 8 bytes, type 1',
  ],
  [
    'no confinement, the size probe',
    { name: { path: 'own', room: 0 }, policy: { confinement: 'none' } },
    'errno 75: 8 bytes, type 255',
  ],
];

describe('name_to_handle_at on a kernel in memory', () => {
  for (const [name, call, expected] of cases) {
    test(name, () => {
      const request = new SimulatedRequest(sampleWorld(), call).run();
      expect(outcome(request)).toBe(expected);
      expect(request.world.held.size).toBe(0);
      const { record, handler } = request;
      expect(requestState[replayRequest(record, handler)]).toBe(record.u16(offset.state));
    });

    test(`${name}: a crash before or in any step changes nothing of what the target finds`, () => {
      const whole = new SimulatedRequest(sampleWorld(), call).run();
      const memory = whole.world.threads.get(ids.thread)?.memory.get(handleAt);
      for (let at = 0; at < whole.steps; at++) {
        for (const isInStep of [false, true]) {
          const request = new SimulatedRequest(sampleWorld(), call);
          for (let step = 0; step < at; step++) request.step();
          if (isInStep) request.dieInStep();
          request.world.held.clear();
          // New seals are made with another key meanwhile; what was handed out already stays what it was.
          const hadKey = request.record.u32(offset.keyId) !== 0;
          if (hadKey) request.seals.currentKey = 2;
          request.seals.known.add(2);
          request.restart();
          request.run();
          expect(outcome(request), `step ${at}`).toBe(expected);
          const found = request.world.threads.get(ids.thread)?.memory.get(handleAt);
          expect(found, `step ${at}`).toEqual(memory);
        }
      }
    });
  }

  test('what was sealed opens; without a key nothing is sealed', () => {
    const world = sampleWorld();
    new SimulatedRequest(world, { ...sealed, name: { path: 'own', room: 128 } }).run();
    const handle = world.threads.get(ids.thread)?.memory.get(handleAt)?.slice(0, 40);
    const opened = new SimulatedRequest(world, { ...sealed, handle: handle ?? null }).run();
    expect(opened.notification.answer).toEqual({ kind: 'value', value: 6 });
    expect(opened.record.u32(offset.keyId)).toBe(1);
    const keyless = new SimulatedRequest(sampleWorld(), { name: { path: 'own', room: 128 } });
    keyless.seals.currentKey = 0;
    expect(outcome(keyless.run())).toMatch(/^errno 5: /);
  });

  test('removing any step is noticed', () => {
    const unnoticed: string[] = [];
    new SimulatedRequest(sampleWorld(), cases[0]?.[1] ?? {}).handler.steps.forEach((step, index) => {
      const original = step.act;
      if (original === undefined) return;
      Object.assign(step, { act: () => 0 });
      try {
        if (cases.every(([, call, expected]) => holds(call, expected)))
          unnoticed.push(`${index} ${step.name}`);
      } finally {
        Object.assign(step, { act: original });
      }
    });
    // Those of recovery are shown with open_by_handle_at, whose they are too; whether a call still waits and
    // whose rights count is shown on the real kernel.
    expect(unnoticed.filter((step) => !/ (recover|ask)-/.test(step))).toEqual([
      '5 close-source',
      '10 check-notification',
      '12 assume-identity',
    ]);
  });
});

function holds(call: Call, expected: string): boolean {
  try {
    const request = new SimulatedRequest(sampleWorld(), call).run();
    const isWritten = request.world.threads.get(ids.thread)?.written.has(mountIdAt);
    if (expected.startsWith('value') && isWritten !== true) return false;
    return outcome(request) === expected && request.world.held.size === 0;
  } catch {
    return false;
  }
}
