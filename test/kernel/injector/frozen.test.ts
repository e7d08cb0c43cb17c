import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { injectorSuite } from './support/availability.js';
import { openInjector, runSession } from './support/session.js';

/** Where cgroup v2 is mounted (cgroups(7)), or undefined. */
function cgroupRoot(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  return /^\S+ (\S+) cgroup2 /m.exec(readFileSync('/proc/mounts', 'utf8'))?.[1];
}

injectorSuite('a target that is frozen inside the window', () => {
  const root = cgroupRoot();
  it.skipIf(root === undefined)(
    'waits without stopping the others, and goes on when it is thawed',
    async () => {
      const group = join(root as string, `deputy-test-${process.pid}`);
      mkdirSync(group);
      const freeze = (value: string): void => writeFileSync(join(group, 'cgroup.freeze'), value);
      const injector = await openInjector({ DEPUTY_INJECTOR_PAUSE_AT: '9', DEPUTY_INJECTOR_PAUSE_MS: '30' });
      let others: Awaited<ReturnType<typeof runSession>> | undefined;
      try {
        const frozen = await runSession(
          { calls: 20, killable: 1 },
          {
            injector,
            meanwhile: async ({ processId }) => {
              writeFileSync(join(group, 'cgroup.procs'), String(processId));
              await setTimeout(100);
              freeze('1');
              await setTimeout(100);
              others = await runSession({ calls: 10 }, { injector });
              freeze('0');
            },
          },
        );
        expect(others?.report).toMatchObject({ right: 10, wrong: 0, errors: {} });
        expect(frozen.report).toMatchObject({ right: 20, wrong: 0, errors: {} });
      } finally {
        await injector.close();
        rmdirSync(group);
      }
    },
  );
});
