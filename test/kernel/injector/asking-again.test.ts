import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createScoreboard } from '../../../adapters/injector/scoreboard.js';
import { systemCall } from '../../../adapters/linux/native.js';
import { replyNote, replyOutcome, requestFlag } from '../../../core/injector/protocol.js';
import { subStep } from '../../../core/injector/sub-steps.js';
import { injectorSuite } from './support/availability.js';
import { holdCall, TestChannel } from './support/held-call.js';
import { openInjector, type TestInjector } from './support/session.js';
import { countDescriptors, startTarget, type Target } from './support/target.js';

const EMFILE = 24;

/** A sub-step, and what makes an injection go by it. */
interface Way {
  readonly step: number;
  readonly flags: number;
  readonly options: Readonly<Record<string, number>>;
  readonly result?: number;
}

const { privatePage } = requestFlag;
const ways: readonly Way[] = [
  ...Array.from({ length: subStep.detach }, (_, index) => ({ step: index + 1, flags: 0, options: {} })),
  { step: subStep.mapScratch, flags: privatePage, options: {} },
  { step: subStep.unmapScratch, flags: privatePage, options: {} },
  { step: subStep.closeSocket, flags: 0, options: { slots: 1 }, result: -EMFILE },
  { step: subStep.giveErrno, flags: 0, options: { slots: 0 }, result: -EMFILE },
];

async function endWell(target: Target, calls: number): Promise<void> {
  const report = await target.report;
  expect(report).toMatchObject({ right: calls, wrong: 0, first: '', errors: {} });
  expect(report?.after).toBe(report?.before);
  await close(target);
}

async function close(target: Target): Promise<void> {
  target.child.kill('SIGKILL');
  await target.ended;
  systemCall('close', target.listener);
  systemCall('close', target.mount);
}

async function begin(options: Record<string, number>): Promise<Target> {
  const target = await startTarget(options);
  target.go();
  return target;
}

async function kill(injector: TestInjector): Promise<void> {
  process.kill(injector.processId, 'SIGKILL');
  await injector.ended;
  await injector.close();
}

injectorSuite('asking again', () => {
  for (const killable of [0, 1]) {
    const wait = killable ? 'killable wait' : 'plain wait';

    it(`tells a concluded outcome again, also after the injector was killed, ${wait}`, async () => {
      const scoreboard = createScoreboard();
      const injector = await openInjector({}, [], scoreboard);
      const target = await begin({ calls: 2, killable });
      const first = new TestChannel(injector);
      const call = holdCall(target);
      first.request(target, call);
      const outcome = await first.reply();
      expect(outcome).toMatchObject({ outcome: replyOutcome.completed, notes: 0 });
      // The target is in its next call already, which is not to be touched.
      const next = holdCall(target);
      const descriptors = countDescriptors(injector.processId);
      const second = new TestChannel(injector);
      // It was decided a sub-step before the reply went out, and the second time took no time.
      const any = { subStep: expect.any(Number), durationUs: expect.any(Number) };
      const again = { ...outcome, ...any, notes: replyNote.remembered };
      second.request(target, call);
      expect(await second.reply()).toEqual({ ...again, token: 1 });
      second.query(call);
      expect(await second.reply()).toEqual({ ...again, token: 2 });
      second.query(call, 77n);
      expect(await second.reply()).toMatchObject({ outcome: replyOutcome.unknown, result: 0 });
      expect(countDescriptors(injector.processId)).toBe(descriptors + 1);
      await kill(injector);
      const successor = await openInjector({}, [], scoreboard);
      const third = new TestChannel(successor);
      third.query(call);
      expect(await third.reply()).toMatchObject({ ...again, token: 1 });
      third.query(next);
      expect(await third.reply()).toMatchObject({ outcome: replyOutcome.unknown });
      expect(next.isValid()).toBe(true);
      third.request(target, next);
      expect(await third.reply()).toMatchObject({ outcome: replyOutcome.completed, notes: 0 });
      await endWell(target, 2);
      for (const channel of [first, second, third]) channel.close();
      await successor.close();
      systemCall('close', scoreboard);
    });

    for (const { step, flags, options, result } of ways) {
      it(`finishes sub-step ${step} when the asker is gone, and tells who asks next, ${wait}`, async () => {
        const hooks = { DEPUTY_INJECTOR_PAUSE_AT: String(step), DEPUTY_INJECTOR_PAUSE_MS: '80' };
        const injector = await openInjector(hooks);
        const target = await begin({ calls: 1, killable, ...options });
        const first = new TestChannel(injector);
        const call = holdCall(target);
        first.request(target, call, flags);
        await setTimeout(30);
        first.close();
        const second = new TestChannel(injector);
        second.query(call);
        const reply = await second.reply();
        expect(reply).toMatchObject({ outcome: replyOutcome.completed });
        expect(reply?.result).toBe(result ?? reply?.result);
        if (result === undefined) await endWell(target, 1);
        else {
          expect(await target.report).toMatchObject({ right: 0, wrong: 0, errors: { [-result]: 1 } });
          await close(target);
        }
        second.close();
        await injector.close();
      });
    }

    it(`does what waits in a closed channel before it says 'unknown', ${wait}`, async () => {
      const hooks = { DEPUTY_INJECTOR_PAUSE_AT: '1', DEPUTY_INJECTOR_PAUSE_MS: '60' };
      const injector = await openInjector(hooks);
      const target = await begin({ calls: 1, threads: 3, killable });
      const first = new TestChannel(injector);
      const calls = [holdCall(target), holdCall(target), holdCall(target)];
      for (const call of calls) first.request(target, call);
      first.close();
      const second = new TestChannel(injector);
      for (const call of [...calls].reverse()) second.query(call);
      // Replies come as injections end: a thread that is slow to stop is told of last.
      const told = [await second.reply(), await second.reply(), await second.reply()];
      expect(told.map((reply) => reply?.token).sort()).toEqual([1, 2, 3]);
      for (const reply of told) expect(reply?.outcome).toBe(replyOutcome.completed);
      await endWell(target, 3);
      second.close();
      await injector.close();
    });

    it(`tells an errno again that was given because the table is full, ${wait}`, async () => {
      const injector = await openInjector();
      const target = await begin({ calls: 1, slots: 0, killable });
      const first = new TestChannel(injector);
      const call = holdCall(target);
      first.request(target, call);
      expect(await first.reply()).toMatchObject({ outcome: replyOutcome.completed, result: -24 });
      first.query(call);
      expect(await first.reply()).toMatchObject({ outcome: replyOutcome.completed, result: -24 });
      first.close();
      await close(target);
      await injector.close();
    });

    const endings: readonly (readonly [string, number, boolean])[] = [
      [`${subStep.verify}:before`, replyOutcome.unknown, true],
      [`${subStep.openWindow}:after`, replyOutcome.killed, false],
      [`${subStep.receive}:after`, replyOutcome.killed, false],
      [`${subStep.restore}:before`, replyOutcome.killed, false],
      [`${subStep.restore}:between`, replyOutcome.killed, false],
      [`${subStep.restore}:after`, replyOutcome.completed, true],
    ];
    for (const [point, outcome, survives] of endings) {
      it(`says what became of a call whose injector died at ${point}, ${wait}`, async () => {
        const scoreboard = createScoreboard();
        const injector = await openInjector({ DEPUTY_INJECTOR_CRASH_AT: point }, [], scoreboard);
        const target = await begin({ calls: 1, killable });
        const first = new TestChannel(injector);
        const call = holdCall(target);
        first.request(target, call);
        expect(await first.reply()).toBeUndefined();
        await injector.ended;
        const successor = await openInjector({}, [], scoreboard);
        const second = new TestChannel(successor);
        second.query(call);
        expect(await second.reply()).toMatchObject({ outcome });
        if (survives && outcome === replyOutcome.unknown) {
          // The kernel has made the call anew.
          second.request(target, call.isValid() ? call : holdCall(target));
          expect(await second.reply()).toMatchObject({ outcome: replyOutcome.completed });
        }
        if (survives) await endWell(target, 1);
        else expect((await target.ended).signal).toBe('SIGKILL');
        if (!survives) await close(target);
        first.close();
        second.close();
        await Promise.all([injector.close(), successor.close()]);
        systemCall('close', scoreboard);
      });
    }
  }
});
