import { type ChildProcess, spawn } from 'node:child_process';
import { expect, it } from 'vitest';
import { InjectionChannel } from '../../../adapters/injector/client.js';
import { createScoreboard } from '../../../adapters/injector/scoreboard.js';
import { systemCall } from '../../../adapters/linux/native.js';
import { createReply, replyOutcome } from '../../../core/injector/protocol.js';
import { isLong } from '../../support/describe-when.js';
import { injectorSuite } from './support/availability.js';
import { type HeldCall, holdCall, TestChannel } from './support/held-call.js';
import { openInjector, type TestInjector } from './support/session.js';
import { startTarget, type Target } from './support/target.js';

const rounds = isLong ? 150 : 12;
const calls = 100_000;
const EAGAIN = -11;

/** SIGKILL from outside, at a moment that has nothing to do with what the injector is doing. */
function killLater(injector: TestInjector, delayMs: number): ChildProcess {
  return spawn('sh', ['-c', `sleep ${delayMs / 1000}; kill -9 ${injector.processId}`]);
}

/** Asks for call after call until the injector has died: the call that got no reply. */
function askUntilKilled(injector: TestInjector, target: Target): HeldCall {
  const channel = new InjectionChannel(injector.control.openLoop());
  const reply = createReply();
  for (;;) {
    const call = holdCall(target);
    const source = systemCall('open_by_handle_at', target.mount, call.memory.address + 128, 0o12400000);
    const place = { words: call.memory.u32, at: 0 };
    channel.request(1, 0, place, { words: call.memory.u32, at: 128 }, target.listener, source);
    systemCall('close', source);
    let result = EAGAIN;
    while (result === EAGAIN) result = channel.receive(reply);
    if (result === 1) continue;
    systemCall('close', channel.descriptor);
    return call;
  }
}

const handleOf = (call: HeldCall): string => Buffer.from(call.memory.u8.subarray(128, 264)).toString('hex');

injectorSuite('what is remembered by an injector that was killed at any moment', () => {
  it('is what has happened to the target', { timeout: 600_000 }, async () => {
    const seen: Record<string, number> = {};
    for (let round = 0; round < rounds; round++) {
      const scoreboard = createScoreboard();
      const injector = await openInjector({}, [], scoreboard);
      const target = await startTarget({ calls, killable: round % 2 });
      target.go();
      killLater(injector, 20 + Math.random() * 20);
      const call = askUntilKilled(injector, target);
      await injector.ended;
      const successor = await openInjector({}, [], scoreboard);
      const channel = new TestChannel(successor);
      channel.query(call);
      const outcome = (await channel.reply())?.outcome ?? -1;
      const name = Object.entries(replyOutcome).find(([, value]) => value === outcome)?.[0] ?? '';
      seen[name] = (seen[name] ?? 0) + 1;
      if (outcome === replyOutcome.killed) {
        expect((await target.ended).signal).toBe('SIGKILL');
      } else {
        expect(['completed', 'cancelled', 'unknown']).toContain(name);
        // Its next call tells whether it has gone on: each is about another file than the one before.
        const isNext = call.isValid() ? false : handleOf(holdCall(target)) !== handleOf(call);
        expect({ name, isNext }).toEqual({ name, isNext: outcome === replyOutcome.completed });
        target.child.kill('SIGKILL');
        await target.ended;
      }
      for (const descriptor of [target.listener, target.mount, scoreboard]) systemCall('close', descriptor);
      channel.close();
      await Promise.all([injector.close(), successor.close()]);
    }
    console.log(`${rounds} kills: ${JSON.stringify(seen)}`);
  });
});
