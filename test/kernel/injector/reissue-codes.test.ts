import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ReissueClient, type ReissueResult } from '../../../adapters/injector/reissue-client.js';
import { allocate } from '../../../adapters/linux/memory.js';
import { systemCall } from '../../../adapters/linux/native.js';
import { detach, interrupt, seize } from '../../../adapters/linux/ptrace.js';
import { pollThread } from '../../../adapters/linux/wait.js';
import { replyOutcome } from '../../../core/injector/protocol.js';
import { reissueCode } from '../../../core/injector/reissue-protocol.js';
import { injectorSuite } from './support/availability.js';
import { type HeldCall, holdCall, TestChannel } from './support/held-call.js';
import { openInjector, type TestInjector } from './support/session.js';
import { startTarget, type Target } from './support/target.js';

const { reissued, gone, traced, pending } = reissueCode;
const openByHandleAt = 304;
/** No thread has such an id: pid_max is 2^22 at most. */
const nobody = 1 << 23;

interface Scene {
  readonly target: Target;
  readonly injector: TestInjector;
  readonly client: ReissueClient;
  readonly channel: TestChannel;
  readonly calls: HeldCall[];
}

async function begin(threads: number, killable: number): Promise<Scene> {
  const injector = await openInjector();
  const target = await startTarget({ calls: 1, threads, killable });
  target.go();
  const client = new ReissueClient(injector.control.openLoop());
  const calls = Array.from({ length: threads }, () => holdCall(target));
  return { target, injector, client, channel: new TestChannel(injector), calls };
}

/** Answers these calls by injection, and expects all of the target's to have come right. */
async function endWell({ target, injector, client, channel }: Scene, answered: HeldCall[]): Promise<void> {
  for (const call of answered) {
    channel.request(target, call);
    expect(await channel.reply()).toMatchObject({ outcome: replyOutcome.completed });
  }
  const report = await target.report;
  expect(report).toMatchObject({ right: answered.length, wrong: 0, first: '', errors: {} });
  expect(report?.after).toBe(report?.before);
  await target.ended;
  for (const descriptor of [target.listener, target.mount]) systemCall('close', descriptor);
  channel.close();
  client.close();
  await injector.close();
}

const threadsOf = (calls: readonly HeldCall[]): number[] => calls.map(({ threadId }) => threadId);
const idsOf = (calls: readonly HeldCall[]): bigint[] => calls.map(({ id }) => id);

/** Where a thread is expected to be reissued, a busy machine may make it pending. */
function expectCodes(result: ReissueResult | number, expected: readonly number[]): void {
  const codes = typeof result === 'number' ? [result] : result.codes;
  const isLate = (index: number): boolean => codes[index] === pending && expected[index] === reissued;
  expect(codes.map((code, index) => (isLate(index) ? reissued : code))).toEqual(expected);
}

async function stopTracing(threadId: number): Promise<void> {
  const { address } = allocate(4096);
  interrupt(threadId);
  for (let tries = 0; tries < 200 && pollThread(threadId, address) === 0; tries++) await setTimeout(5);
  detach(threadId, 0);
}

injectorSuite('what a reissue says of each thread', () => {
  for (const killable of [0, 1]) {
    const wait = killable ? 'killable wait' : 'plain wait';

    it(`gone, for one that isn't there and for one that waits elsewhere, ${wait}`, async () => {
      const scene = await begin(2, killable);
      const { target, client, calls } = scene;
      // The first thread waits for the others to end, and does so afterwards.
      const named = [nobody, target.processId, ...threadsOf(calls), 0, nobody];
      const result = (await client.reissue(target.listener, named, idsOf(calls), [
        openByHandleAt,
      ])) as ReissueResult;
      expectCodes(result, [gone, gone, reissued, reissued, gone, gone]);
      await endWell(scene, [holdCall(target), holdCall(target)]);
    });

    it(`more threads than a packet holds, ${wait}`, async () => {
      const scene = await begin(8, killable);
      const { target, client, calls } = scene;
      const others = Array.from({ length: 65 }, (_, index) => nobody + index);
      const named = [...threadsOf(calls.slice(0, 4)), ...others, ...threadsOf(calls.slice(4))];
      const moreIds = Array.from({ length: 70 }, (_, index) => 1000n + BigInt(index));
      const ids = [...moreIds, ...idsOf(calls)];
      const result = (await client.reissue(target.listener, named, ids)) as ReissueResult;
      expect(result.codes).toHaveLength(73);
      expect(result.endedWaits).toBe(killable ? 8 : 0);
      // Their waits were ended only after the last packet had come.
      const early = { ...result, codes: result.codes.slice(0, 4) };
      expectCodes(early, Array(4).fill(killable ? pending : reissued));
      await endWell(
        scene,
        calls.map(() => holdCall(target)),
      );
    });

    it(`traced by another: no wait is ended by its id, and nobody sees errno 513, ${wait}`, async () => {
      const scene = await begin(2, killable);
      const { target, client, calls } = scene;
      const [one, two] = threadsOf(calls) as [number, number];
      expect(seize(one, 0)).toBe(0);
      const result = await client.reissue(target.listener, [one, two], idsOf(calls));
      expectCodes(result, [traced, killable ? pending : reissued]);
      expect(result).toMatchObject({ endedWaits: 0 });
      if (killable) {
        expect(calls.map((call) => call.isValid())).toEqual([true, true]);
        // The other tracer's stop comes when the wait ends, as it would have without us.
        interrupt(one);
        const again = await client.reissue(target.listener, [two], idsOf(calls));
        expectCodes(again, [reissued]);
        expect(again).toMatchObject({ endedWaits: 2 });
        await stopTracing(one);
      } else await stopTracing(one);
      await endWell(scene, [holdCall(target), holdCall(target)]);
    });
  }

  it('pending, for a killable wait whose id is not given: it goes on, and its answer is right', async () => {
    const scene = await begin(2, 1);
    const { target, client, calls } = scene;
    const [kept] = calls as [HeldCall, HeldCall];
    const result = await client.reissue(target.listener, threadsOf(calls), idsOf(calls.slice(1)));
    expectCodes(result, [pending, reissued]);
    expect(result).toMatchObject({ endedWaits: 1 });
    expect(kept.isValid()).toBe(true);
    // Named again, it is the same.
    expect(await client.reissue(target.listener, [kept.threadId], [])).toEqual({
      codes: [pending],
      endedWaits: 0,
    });
    await endWell(scene, [kept, holdCall(target)]);
  });

  it('an injector that is gone is an errno, and so are too many numbers', async () => {
    const scene = await begin(1, 0);
    const { target, client, injector, calls } = scene;
    const numbers = Array.from({ length: 9 }, (_, index) => index);
    expect(await client.reissue(target.listener, threadsOf(calls), [], numbers)).toBe(-7);
    process.kill(injector.processId, 'SIGKILL');
    await injector.ended;
    expect(await client.reissue(target.listener, threadsOf(calls), [])).toBe(-32);
    target.child.kill('SIGKILL');
    await target.ended;
    for (const descriptor of [target.listener, target.mount]) systemCall('close', descriptor);
    scene.channel.close();
    client.close();
    await injector.close();
  });
});
