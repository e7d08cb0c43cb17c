import { describe, expect, test } from 'vitest';
import { replayRequest } from '../../core/machines/replay-request.js';
import { requestState, requestStates } from '../../core/machines/request-life.js';
import { injectionOutcome, offset } from '../../core/request/record-layout.js';
import type { MemoryFile } from '../../simulator/memory-kernel/memory-world.js';
import { type Call, ids, SimulatedRequest, sampleWorld } from '../support/simulated-request.js';

const O_PATH = 0o10000000;
const O_NONBLOCK = 0o4000;
const O_APPEND = 0o2000;
const O_CREAT = 0o100;
const O_TRUNC = 0o1000;
const O_DIRECTORY = 0o200000;

/** What the target gets in the modelled kernel, by the call. */
const cases: readonly (readonly [name: string, call: Call, answer: string])[] = [
  ['a regular file', { file: 'own' }, 'value 6'],
  ['a directory', { file: 'folder' }, 'value 6'],
  ['a file for writing', { file: 'own', flags: 1 }, 'value 6'],
  ['a file for reading and appending', { file: 'own', flags: O_APPEND }, 'value 6'],
  ['a file to be emptied', { file: 'own', flags: O_TRUNC | 1 }, 'value 6'],
  ['O_PATH of a file, fast', { file: 'own', flags: O_PATH }, 'value 6'],
  ['O_PATH of a file, exact', { file: 'own', flags: O_PATH, policy: { opath: 'exact' } }, 'parked'],
  ['O_PATH of a symlink', { file: 'link', flags: O_PATH }, 'parked'],
  ['O_PATH of a file that may not be read', { file: 'secret', flags: O_PATH }, 'parked'],
  ['O_PATH of a device', { file: 'device', flags: O_PATH }, 'parked'],
  ['a file that may not be read', { file: 'secret' }, 'errno 13'],
  ['the same with dac: capability', { file: 'secret', policy: { dac: 'capability' } }, 'value 6'],
  [
    'for writing with dac: capability',
    { file: 'secret', flags: 1, policy: { dac: 'capability' } },
    'errno 13',
  ],
  ['a symlink', { file: 'link' }, 'errno 40'],
  ['a symlink with O_DIRECTORY', { file: 'link', flags: O_DIRECTORY }, 'errno 40'],
  ['a file with O_DIRECTORY', { file: 'own', flags: O_DIRECTORY }, 'errno 20'],
  ['a directory for writing', { file: 'folder', flags: 1 }, 'errno 21'],
  ['a fifo', { file: 'fifo' }, 'errno 1'],
  ['a device', { file: 'device' }, 'errno 1'],
  ['a socket', { file: 'socket' }, 'errno 6'],
  ['flags that create', { flags: O_CREAT | 2 }, 'errno 22'],
  ['a stale handle', { file: 'missing' }, 'errno 116'],
  ['a bad pointer', { handle: null }, 'errno 14'],
  ['no bytes', { handle: new Uint8Array(new Uint32Array([0, 1]).buffer) }, 'errno 22'],
  ['too many bytes', { handle: new Uint8Array(new Uint32Array([129, 1]).buffer) }, 'errno 22'],
  ['a negative type', { handle: new Uint8Array(new Int32Array([8, -1, 0, 0]).buffer) }, 'errno 22'],
  ['a header alone', { handle: new Uint8Array(new Uint32Array([8, 1]).buffer) }, 'errno 14'],
  ['a closed mount descriptor', { mountDescriptor: 77 }, 'errno 9'],
  ['an O_PATH mount descriptor', { mountDescriptor: 5 }, 'errno 9'],
  ['the root of pidfs', { mountDescriptor: -10002 }, 'errno 9'],
  ['a mount that is not listed', { mountDescriptor: 4 }, 'errno 1'],
  ['a mount that is no share', { policy: { shares: [{ name: 'other', path: '/other' }] } }, 'errno 1'],
  ['a thread that is not visible', { threadId: 0 }, 'errno 1'],
  ['another architecture', { architecture: 0x40000003 }, 'errno 1'],
  ['an x32 call', { syscallNumber: 0x40000130 }, 'errno 1'],
  ['sealed: a file', { seal: {} }, 'value 6'],
  ['sealed: a directory', { file: 'folder', seal: {} }, 'value 6'],
  ['sealed: a file for writing', { flags: 1, seal: {} }, 'value 6'],
  ['sealed: a file to be emptied', { flags: O_TRUNC | 1, seal: {} }, 'value 6'],
  ['sealed: O_PATH, fast', { flags: O_PATH, seal: {} }, 'value 6'],
  ['sealed: O_PATH, exact', { flags: O_PATH, seal: {}, policy: { opath: 'exact' } }, 'parked'],
  ['sealed: O_PATH of a symlink', { file: 'link', flags: O_PATH, seal: {} }, 'parked'],
  ['sealed: O_PATH of a file that may not be read', { file: 'secret', flags: O_PATH, seal: {} }, 'parked'],
  ['sealed: a file that may not be read', { file: 'secret', seal: {} }, 'errno 13'],
  ['sealed, dac: capability', { file: 'secret', seal: {}, policy: { dac: 'capability' } }, 'value 6'],
  ['sealed: a file that may not be written', { file: 'secret', flags: 1, seal: {} }, 'errno 13'],
  ['sealed: a fifo', { file: 'fifo', seal: {} }, 'errno 1'],
  ['sealed: a file with O_DIRECTORY', { flags: O_DIRECTORY, seal: {} }, 'errno 20'],
  ['sealed: a directory for writing', { file: 'folder', flags: 1, seal: {} }, 'errno 21'],
  ['sealed: a stale handle', { file: 'missing', seal: {} }, 'errno 116'],
  ['sealed: flags that create', { flags: O_CREAT | 2, seal: {} }, 'errno 22'],
  ['no seal where one is needed', { policy: { confinement: 'sealed' } }, 'errno 116'],
  ["another tenant's seal", { seal: { tenant: 'other' } }, 'errno 116'],
  ["another share's seal", { seal: { share: '/other' } }, 'errno 116'],
  ['a seal of a key that is unknown', { seal: { key: 7 } }, 'errno 116'],
  ['a file of another type than was sealed, opened', { file: 'folder', seal: { fileType: 8 } }, 'errno 116'],
  ['a file of another type than was sealed', { file: 'fifo', seal: { fileType: 2 } }, 'errno 116'],
  ['a sealed handle on a mount that is no share', { seal: {}, policy: { shares: [] } }, 'errno 1'],
  ['the whole file system', { policy: { confinement: 'filesystem' } }, 'value 6'],
  [
    'a part of a file system',
    { file: 'part', mountDescriptor: 10, policy: { confinement: 'filesystem' } },
    'errno 1',
  ],
  ['the same without confinement', { file: 'part', mountDescriptor: 10 }, 'value 6'],
  ['a call that nobody knows', { syscallNumber: 1 }, 'continue 0'],
  ['a call that the policy does not list', { policy: { syscalls: ['name_to_handle_at'] } }, 'continue 0'],
];

function outcome(request: SimulatedRequest): string {
  const { answer } = request.notification;
  if (answer !== undefined) return `${answer.kind} ${answer.value}`;
  return request.kernel.injections.length > 0 ? 'parked' : request.notification.state;
}

/** What the target's table has more than before: once answered with a number, that one and no other. */
function leftovers(request: SimulatedRequest, flags = 0): string[] {
  const wanted = (flags & O_PATH) === 0 ? flags & ~O_TRUNC : O_NONBLOCK;
  const { answer } = request.notification;
  const numbers = [...(request.world.threads.get(ids.thread)?.descriptors ?? [])]
    .filter(
      ([number, { open }]) => open !== undefined && (number !== answer?.value || open.statusFlags !== wanted),
    )
    .map(([number]) => `descriptor ${number}`);
  if (request.world.held.size > 0 && outcome(request) !== 'parked') numbers.push('held by deputy');
  const own = request.world.files.get('own');
  const truncations = own === undefined ? 0 : request.world.changesOf(own);
  if (truncations > ((flags & O_TRUNC) === 0 ? 0 : 1)) numbers.push(`truncated ${truncations} times`);
  return numbers;
}

/** How a request ends whose process dies before its n-th step, or in it; a successor begins again. */
function crashed(call: Call, at: number, isInStep: boolean): string {
  const request = new SimulatedRequest(sampleWorld(), call);
  for (let step = 0; step < at; step++) request.step();
  if (isInStep) request.dieInStep();
  const { answer } = request.notification;
  // The process is gone, and its descriptors with it.
  request.world.held.clear();
  request.kernel.injections.length = 0;
  request.restart();
  request.run();
  if (answer !== undefined && request.notification.answer !== answer) return 'answered twice';
  return [outcome(request), ...leftovers(request, call.flags)].join(', ');
}

/**
 * How a request ends whose process dies before its n-th step, or in it, and whose target gives up before a
 * successor comes. What had been answered stays answered; an injection that completed is told as such.
 */
function abandoned(call: Call, at: number, isInStep: boolean): string {
  const request = new SimulatedRequest(sampleWorld(), call);
  for (let step = 0; step < at; step++) request.step();
  if (isInStep) request.dieInStep();
  const { notification, world, kernel, record } = request;
  const { answer } = notification;
  const wasInjecting = kernel.injections.length > 0 && record.u16(offset.state) === requestState.injecting;
  world.held.clear();
  kernel.injections.length = 0;
  notification.state = answer === undefined ? 'cancelled' : 'replied';
  request.restart();
  request.run();
  const [asked] = kernel.injections;
  if (asked?.query === true) {
    kernel.injections.length = 0;
    record.setU16(offset.injectionOutcome, injectionOutcome.completed);
    record.setI32(offset.result, 6);
    request.run();
    if (record.u16(offset.state) !== requestState.answered) return 'a completed injection is not answered';
    return record.i32(offset.result) === 6 ? 'as it should' : 'another result than the injector gave';
  }
  if (wasInjecting && record.u16(offset.formerState) === requestState.injecting) return 'not asked';
  if (asked !== undefined && withdraw(request)) request.run();
  if (kernel.injections.length > 0) return 'injected for nobody';
  if (notification.answer !== answer) return 'answered after the end';
  const state = requestStates[record.u16(offset.state)];
  const wanted = answer === undefined ? ['cancelled', 'answered', 'refused'] : ['answered', 'refused'];
  if (!wanted.includes(state ?? '')) return `the record says ${state}`;
  // It died in the moment of its answer, and a signal ended the call in the same: nobody can tell.
  const leftAt = request.handler.steps[record.u16(offset.formerStep) - 1]?.name;
  if (leftAt === 'answer-number' && answer === undefined) return 'as it should';
  return leftovers(request, call.flags)[0] ?? 'as it should';
}

/** What is wrong with O_TRUNC when the process dies before any step and another writes before it goes on. */
function truncationProblem(): string {
  const whole = new SimulatedRequest(sampleWorld(), { flags: O_TRUNC | 1 }).run().steps;
  for (let at = 0; at < whole; at++) {
    const request = new SimulatedRequest(sampleWorld(), { flags: O_TRUNC | 1 });
    const own = request.world.files.get('own') as MemoryFile;
    for (let step = 0; step < at; step++) request.step();
    const before = request.world.changesOf(own);
    request.world.held.clear();
    if (before === 1) request.world.change(own);
    request.restart();
    request.run();
    if (request.notification.answer?.kind !== 'value') return `no answer, before step ${at}`;
    // One truncation, and the write of another if it came after that.
    const changes = request.world.changesOf(own);
    if (changes !== (before === 1 ? 2 : 1)) return `${changes} changes, before step ${at}`;
  }
  return '';
}

/** What the injector does: brings nothing, but takes away what it is told to. */
function withdraw(request: SimulatedRequest): boolean {
  const injection = request.kernel.injections.pop();
  if (injection?.withdraw === undefined) return false;
  request.world.threads.get(ids.thread)?.descriptors.delete(injection.withdraw);
  request.record.setU16(offset.injectionOutcome, injectionOutcome.cancelled);
  return true;
}

/** How a request ends whose target gives up before the n-th step. */
function cancelled(call: Call, at: number): string {
  const request = new SimulatedRequest(sampleWorld(), call);
  for (let step = 0; step < at; step++) request.step();
  if (request.notification.state !== 'sent') return 'as it should';
  request.notification.state = 'cancelled';
  request.run();
  if (request.kernel.injections.length > 0) {
    // An exact open is the injector's to end.
    if (!withdraw(request)) return 'as it should';
    request.run();
  }
  const state = request.record.u16(offset.state);
  if (request.notification.answer !== undefined || state !== requestState.cancelled) return 'not cancelled';
  return leftovers(request, call.flags)[0] ?? 'as it should';
}

describe('the handlers on a kernel in memory', () => {
  for (const [name, call, expected] of cases) {
    test(name, () => {
      const request = new SimulatedRequest(sampleWorld(), call).run();
      expect(outcome(request)).toBe(expected);
      // What waits for the injector holds one descriptor; everything else holds none.
      expect(request.world.held.size).toBe(expected === 'parked' ? 1 : 0);
      const { record, handler } = request;
      expect(requestState[replayRequest(record, handler)]).toBe(record.u16(offset.state));
    });

    test(`${name}: a crash before or in any step is made good by beginning again`, () => {
      const whole = new SimulatedRequest(sampleWorld(), call).run().steps;
      for (let at = 0; at < whole; at++) {
        expect(crashed(call, at, false), `before step ${at}`).toBe(expected);
        expect(crashed(call, at, true), `in step ${at}`).toBe(expected);
      }
    });

    test(`${name}: a target that gives up before the successor comes leaves nothing behind`, () => {
      const whole = new SimulatedRequest(sampleWorld(), call).run().steps;
      for (let at = 0; at < whole; at++) {
        expect(abandoned(call, at, false), `before step ${at}`).toBe('as it should');
        expect(abandoned(call, at, true), `in step ${at}`).toBe('as it should');
      }
    });

    test(`${name}: a target that gives up between two steps is cancelled, and nothing is left`, () => {
      const whole = new SimulatedRequest(sampleWorld(), call).run().steps;
      for (let at = 0; at < whole; at++)
        expect(cancelled(call, at), `before step ${at}`).toBe('as it should');
    });
  }

  test('O_TRUNC is not done twice: what somebody wrote in between stays', () => {
    expect(truncationProblem()).toBe('');
  });

  test('a full table is EMFILE, and no descriptor of deputy stays open', () => {
    const world = sampleWorld();
    const thread = world.threads.get(ids.thread);
    if (thread) thread.descriptorLimit = 6;
    const request = new SimulatedRequest(world, {}).run();
    expect(outcome(request)).toBe('errno 24');
    expect(world.held.size).toBe(0);
  });

  const endings = [
    { name: 'completed', outcome: injectionOutcome.completed, result: 6, state: 'answered' },
    { name: 'cancelled', outcome: injectionOutcome.cancelled, result: 0, state: 'cancelled' },
    { name: 'killed', outcome: injectionOutcome.killed, result: 0, state: 'cancelled' },
    { name: 'refused with an errno', outcome: injectionOutcome.errno, result: -24, state: 'answered' },
    { name: 'filtered besides', outcome: injectionOutcome.filtered, result: -1, state: 'refused' },
    { name: 'traced by another', outcome: injectionOutcome.traced, result: -1, state: 'refused' },
  ] as const;
  for (const ending of endings) {
    test(`an injection that ends as ${ending.name}`, () => {
      const request = new SimulatedRequest(sampleWorld(), { file: 'link', flags: O_PATH }).run();
      request.record.setU16(offset.injectionOutcome, ending.outcome);
      request.record.setI32(offset.result, ending.result);
      request.run();
      expect(request.record.u16(offset.state)).toBe(requestState[ending.state]);
      expect(request.world.held.size).toBe(0);
      expect(replayRequest(request.record, request.handler)).toBe(ending.state);
    });
  }

  test('removing any step of open_by_handle_at is noticed', () => {
    const unnoticed: string[] = [];
    const probe = new SimulatedRequest(sampleWorld(), {});
    probe.handler.steps.forEach((step, index) => {
      const original = step.act;
      if (original === undefined) return;
      Object.assign(step, { act: () => 0 });
      try {
        if (cases.every(([, call, expected]) => holds(call, expected)) && truncationProblem() === '')
          unnoticed.push(`${index} ${step.name}`);
      } finally {
        Object.assign(step, { act: original });
      }
    });
    // Without check-notification a cancelled call is found out later, when it is answered; without open-mount
    // the modelled kernel has nothing to miss. Both are shown on the real kernel. Each of the two looks of a
    // successor makes up for the other here, since no thread's number is another's in between.
    expect(unnoticed).toEqual(['9 check-notification', '29 recover-check', '31 recover-check-again']);
  });
});

function holds(call: Call, expected: string): boolean {
  try {
    const request = new SimulatedRequest(sampleWorld(), call).run();
    if ([outcome(request), ...leftovers(request, call.flags)].join(', ') !== expected) return false;
    if (request.world.held.size !== (expected === 'parked' ? 1 : 0)) return false;
    for (let at = 0; at < request.steps; at++) {
      if (crashed(call, at, false) !== expected || crashed(call, at, true) !== expected) return false;
      if (cancelled(call, at) !== 'as it should') return false;
      if (abandoned(call, at, false) !== 'as it should') return false;
      if (abandoned(call, at, true) !== 'as it should') return false;
    }
    return true;
  } catch {
    return false;
  }
}
