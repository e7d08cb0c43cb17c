import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { isThreadAlive } from '../../../../adapters/injector/environment.js';
import { linuxInjectorKernel } from '../../../../adapters/injector/linux-injector-kernel.js';
import { allocate } from '../../../../adapters/linux/memory.js';
import { Injection } from '../../../../core/injector/injection.js';
import { OutcomeRing, outcomeRingBytes } from '../../../../core/injector/outcomes.js';
import { replyOutcome, replyReason, requestField, requestFlag } from '../../../../core/injector/protocol.js';

const remembered = 1024;

/** An injection that was asked for with this id, for a thread that lives: ours. */
function injectionOf(id: bigint, flags = 0, threadId = process.pid): Injection {
  const injection = new Injection(linuxInjectorKernel);
  injection.memory.u64[requestField.id >> 3] = id;
  injection.memory.u32[requestField.flags >> 2] = flags;
  injection.memory.i32[requestField.threadId >> 2] = threadId;
  injection.begin({ descriptor: -1 }, -1, -1);
  return injection;
}

function conclude(ring: OutcomeRing, injection: Injection, result: number): void {
  injection.conclude(replyOutcome.completed, result);
  ring.conclude(injection);
}

describe.skipIf(process.platform !== 'linux')('the ring of outcomes', () => {
  test('remembers the last 1,024, and each by its whole id, thread and purpose', () => {
    const ring = new OutcomeRing(allocate(outcomeRingBytes), 0, isThreadAlive);
    const id = (index: number): bigint => (BigInt(index) << 32n) | 7n;
    for (let index = 0; index <= remembered; index++) conclude(ring, injectionOf(id(index)), index);
    expect(ring.find(injectionOf(id(0)))).toBeUndefined();
    for (const index of [1, 500, remembered]) {
      expect(ring.find(injectionOf(id(index)))).toMatchObject({ outcome: 1, result: index });
    }
    expect(ring.find(injectionOf(id(500), requestFlag.withdraw))).toBeUndefined();
    expect(ring.find(injectionOf(id(500), requestFlag.query))).toMatchObject({ result: 500 });
    expect(ring.find(injectionOf(id(500), 0, 1))).toBeUndefined();
  });

  test('never uses the entry of an open window for another', () => {
    const ring = new OutcomeRing(allocate(outcomeRingBytes), 0, isThreadAlive);
    const waiting = injectionOf(1n);
    ring.windowOpens(waiting);
    for (let index = 0; index < 3 * remembered; index++) {
      conclude(ring, injectionOf(BigInt(index) + 10n), index);
    }
    expect(ring.find(waiting)).toBeUndefined();
    ring.windowCloses(waiting, 5);
    conclude(ring, waiting, 5);
    expect(ring.find(injectionOf(1n))).toMatchObject({ outcome: replyOutcome.completed, result: 5 });
  });

  test('what was left in the middle is settled by whether the thread lives', () => {
    const dead = spawnSync('true').pid;
    const memory = allocate(outcomeRingBytes);
    const ring = new OutcomeRing(memory, 0, isThreadAlive);
    const cases = [process.pid, dead].flatMap((threadId) =>
      [false, true].map((closes) => ({ threadId, closes, id: BigInt(threadId * 2 + Number(closes)) })),
    );
    for (const { id, threadId, closes } of cases) {
      const injection = injectionOf(id, 0, threadId);
      ring.windowOpens(injection);
      if (closes) ring.windowCloses(injection, 9);
    }
    const next = new OutcomeRing(memory, 0, isThreadAlive);
    const outcomes = cases.map(({ id, threadId }) => next.find(injectionOf(id, 0, threadId)));
    const killed = { outcome: replyOutcome.killed, result: 0, reason: replyReason.threadGone };
    expect(outcomes).toMatchObject([
      { outcome: replyOutcome.cancelled },
      { outcome: replyOutcome.completed, result: 9 },
      killed,
      killed,
    ]);
  });
});
