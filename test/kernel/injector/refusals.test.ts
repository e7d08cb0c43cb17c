import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { allocate } from '../../../adapters/linux/memory.js';
import { detach, interrupt, seize } from '../../../adapters/linux/ptrace.js';
import { pollThread } from '../../../adapters/linux/wait.js';
import { replyNote, replyOutcome, replyReason } from '../../../core/injector/protocol.js';
import { injectorSuite } from './support/availability.js';
import { openInjector, runSession } from './support/session.js';

const EPERM = 1;
const EMFILE = 24;

async function stopTracing(threadId: () => number): Promise<void> {
  const memory = allocate(4096);
  await setTimeout(100);
  interrupt(threadId());
  for (let tries = 0; tries < 100 && pollThread(threadId(), memory.address) === 0; tries++)
    await setTimeout(5);
  detach(threadId(), 0);
}

injectorSuite('what the injector must answer itself', () => {
  it("passes the target's own filter that kills on recvmsg", async () => {
    const { report } = await runSession({ calls: 60, killrecvmsg: 1 });
    expect(report).toMatchObject({ right: 60, wrong: 0, first: '' });
  });

  for (const killable of [0, 1]) {
    it(`answers EMFILE to a full table, ${killable ? 'killable' : 'plain'} wait`, async () => {
      const { report, counts } = await runSession({ calls: 6, slots: 0, killable });
      expect(report).toMatchObject({ right: 0, wrong: 0, errors: { [EMFILE]: 6 } });
      expect(counts.replies.every((reply) => reply.reason === replyReason.tableFull)).toBe(true);
    });

    it(`answers EMFILE to one free slot and gives it back, ${killable ? 'killable' : 'plain'} wait`, async () => {
      const { report, counts } = await runSession({ calls: 6, slots: 1, killable });
      expect(report).toMatchObject({ right: 0, wrong: 0, errors: { [EMFILE]: 6 } });
      expect(counts.outcomes).toEqual({ [replyOutcome.completed]: 6 });
    });
  }

  it('two free slots are enough', async () => {
    const { report } = await runSession({ calls: 6, slots: 2 });
    expect(report).toMatchObject({ right: 6, wrong: 0, errors: {} });
  });

  it('refuses a thread that another one traces, and leaves the answer to the supervisor', async () => {
    let traced = 0;
    let requests = 0;
    const { report, counts } = await runSession(
      { calls: 3 },
      {
        beforeRequest: (threadId) => {
          requests++;
          if (traced === 0 && seize(threadId, 0) === 0) traced = threadId;
        },
        meanwhile: async () => {
          while (requests < 3) await setTimeout(5);
          // A traced thread's end is its tracer's to take, so the tracing must end first.
          await stopTracing(() => traced);
        },
      },
    );
    expect(counts.outcomes).toEqual({ [replyOutcome.refused]: 3 });
    expect(counts.replies[0]?.reason).toBe(replyReason.tracedByAnother);
    expect(report).toMatchObject({ right: 0, wrong: 0, errors: { [EPERM]: 3 } });
  });

  it('answers pings, ignores signals from the terminal, and ends with its control channel', async () => {
    const injector = await openInjector();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(injector.processId, signal);
    injector.control.ping(77);
    await setTimeout(100);
    expect(injector.control.receive()).toEqual({ pong: 77 });
    expect(injector.hello).toMatchObject({ processId: injector.processId, maySuspendFilters: true });
    await injector.close();
  });

  it('without CAP_SYS_ADMIN: serves a thread with one filter, refuses one with more', async () => {
    const prefix = ['setpriv', '--bounding-set=-sys_admin', '--inh-caps=-sys_admin'];
    const injector = await openInjector({}, prefix);
    expect(injector.hello.maySuspendFilters).toBe(false);
    const one = await runSession({ calls: 6 }, { injector });
    const two = await runSession({ calls: 6, killrecvmsg: 1 }, { injector });
    await injector.close();
    expect(one.report).toMatchObject({ right: 6, wrong: 0 });
    expect(one.counts.replies.every((reply) => (reply.notes & replyNote.filtersActive) !== 0)).toBe(true);
    expect(two.report).toMatchObject({ right: 0, errors: { [EPERM]: 6 } });
    expect(two.counts.replies[0]?.reason).toBe(replyReason.cannotSuspendFilters);
  });
});
