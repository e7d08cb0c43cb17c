import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { systemCall } from '../../../adapters/linux/native.js';
import { replyOutcome } from '../../../core/injector/protocol.js';
import { reissueCode } from '../../../core/injector/reissue-protocol.js';
import { injectorSuite } from './support/availability.js';
import { freezers, makeFreezer } from './support/freezer.js';
import { holdCall, TestChannel } from './support/held-call.js';
import { runLosingSession } from './support/losing.js';
import { openInjector, runSession } from './support/session.js';
import { startTarget } from './support/target.js';

injectorSuite('a frozen target', () => {
  for (const kind of ['v2', 'v1'] as const) {
    for (const killable of [0, 1]) {
      const wait = killable ? 'killable wait' : 'plain wait';

      it.skipIf(freezers[kind] === undefined)(
        `stays frozen while its calls are made anew, and stops nobody, cgroup ${kind}, ${wait}`,
        async () => {
          const injector = await openInjector();
          const freezer = makeFreezer(kind);
          const codes: number[] = [];
          const seen = { frozen: false, others: undefined as unknown };
          let begun = false;
          const result = await runLosingSession({ calls: 5, threads: 4, killable }, injector, {
            reissueBy: async (ask, target) => {
              if (begun) return ask();
              begun = true;
              freezer.add(target.processId);
              freezer.freeze();
              await setTimeout(50);
              const reply = await ask();
              if (typeof reply === 'object') codes.push(...reply.codes);
              seen.others = (await runSession({ calls: 10 }, { injector })).report;
              seen.frozen = await freezer.isFrozen();
              freezer.thaw();
              return reply;
            },
          });
          freezer.remove();
          await injector.close();
          console.log(`cgroup ${kind}, ${wait}: codes ${codes.join()}`);
          expect(seen).toMatchObject({ frozen: true, others: { right: 10, wrong: 0, errors: {} } });
          expect(codes).toHaveLength(4);
          for (const code of codes) expect([reissueCode.reissued, reissueCode.pending]).toContain(code);
          expect(result.report).toMatchObject({ right: 20, wrong: 0, first: '', errors: {} });
          expect(result.reported).toBe(0);
        },
      );

      it.skipIf(freezers[kind] === undefined)(
        `is asked about again while it is frozen in mid-injection, cgroup ${kind}, ${wait}`,
        async () => {
          const hooks = { DEPUTY_INJECTOR_PAUSE_AT: '9', DEPUTY_INJECTOR_PAUSE_MS: '400' };
          const injector = await openInjector(hooks);
          const freezer = makeFreezer(kind);
          const target = await startTarget({ calls: 1, killable });
          target.go();
          const call = holdCall(target);
          freezer.add(target.processId);
          const [first, second, third] = [1, 2, 3].map(() => new TestChannel(injector));
          first?.request(target, call);
          await setTimeout(40);
          freezer.freeze();
          first?.close();
          await setTimeout(450);
          second?.query(call);
          third?.request(target, call);
          const early = await second?.reply(100);
          freezer.thaw();
          expect(early).toBeUndefined();
          expect(await second?.reply()).toMatchObject({ outcome: replyOutcome.completed, notes: 0 });
          expect(await third?.reply()).toMatchObject({ outcome: replyOutcome.completed, notes: 0 });
          const report = await target.report;
          expect(report).toMatchObject({ right: 1, wrong: 0, errors: {} });
          expect(report?.after).toBe(report?.before);
          await target.ended;
          freezer.remove();
          for (const descriptor of [target.listener, target.mount]) systemCall('close', descriptor);
          for (const channel of [second, third]) channel?.close();
          await injector.close();
        },
      );
    }
  }
});
