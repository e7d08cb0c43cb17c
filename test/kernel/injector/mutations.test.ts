import { expect, it } from 'vitest';
import { injectorSuite } from './support/availability.js';
import { runLosingSession } from './support/losing.js';
import { openInjector, runSession } from './support/session.js';

const without = (remedy: string): Record<string, string> => ({ DEPUTY_INJECTOR_DISABLE: remedy });

/** Each remedy is taken away once: what the other tests look at must then go wrong. */
injectorSuite('the injector without one of its remedies', () => {
  it("suspend: the target's own filter kills it", async () => {
    const { ended } = await runSession({ calls: 10, killrecvmsg: 1 }, { hooks: without('suspend') });
    expect(ended.signal).toBe('SIGSYS');
  });

  it('dup3: the descriptor is not the lowest', async () => {
    const { report } = await runSession({ calls: 12 }, { hooks: without('dup3') });
    expect(report?.right).toBe(0);
    expect(report?.first).toMatch(/lowest|FD_CLOEXEC/);
  });

  it('exitkill: the target goes on with wrong registers', async () => {
    const hooks = { ...without('exitkill'), DEPUTY_INJECTOR_CRASH_AT: '9:after' };
    const { report, ended } = await runSession({ calls: 1 }, { hooks });
    expect(ended.signal).toBeNull();
    expect(report?.right).toBe(0);
    expect(report?.wrong).toBe(1);
  });

  it('stopsfirst: a call that is made anew sees errno 513', async () => {
    const pauseBeforeStops = { DEPUTY_INJECTOR_PAUSE_AT: '22', DEPUTY_INJECTOR_PAUSE_MS: '5' };
    const injector = await openInjector({ ...without('stopsfirst'), ...pauseBeforeStops });
    const session = runLosingSession({ calls: 1, threads: 8, killable: 1 }, injector);
    const { report } = await session;
    await injector.close();
    expect(report?.errors?.['199']).toBeGreaterThan(0);
  });

  const pause = { DEPUTY_INJECTOR_PAUSE_AT: '10', DEPUTY_INJECTOR_PAUSE_MS: '5' };
  for (const isMasked of [true, false]) {
    it(`sigmask ${isMasked ? 'in place: all' : 'away: not all'} signals and calls come out right`, async () => {
      const hooks = isMasked ? pause : { ...without('sigmask'), ...pause };
      const options = { calls: 50, rain: 300, killable: 1 };
      const { report, ended } = await runSession(options, { hooks, limitMs: 5000 });
      const isRight = ended.code === 0 && report?.right === 50 && report.handled === report.sent;
      expect(isRight).toBe(isMasked);
    }, 30_000);
  }
});
