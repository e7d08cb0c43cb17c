import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { describeWhen, missingForKernel } from '../support/describe-when.js';
import { makeScene } from './support/scene.js';
import { O } from './support/trap-thread.js';

const missing = [
  ...missingForKernel(),
  ...(availableParallelism() > 1 ? [] : ['a second processor to tell one from']),
];
/** A loop looks where its target runs once in 64 requests. */
const calls = 130;

describeWhen(missing, 'where a target runs', () => {
  for (const placement of ['follow', 'pin'] as const) {
    describeWhen([], `placement: ${placement}`, () => {
      const scene = makeScene({ placement });

      test(
        placement === 'pin' ? 'binds the thread of a target of another user' : 'leaves it alone',
        async () => {
          const target = scene.target();
          for (const name of ['own', 'secret']) {
            await target.must(`alloc ${name} 4096`);
            expect(await target.encodeInto(name, name)).toBe(0);
          }
          const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
          await scene.confine(target);
          const allowed = (): string => {
            const status = readFileSync(`/proc/${target.pid}/status`, 'latin1');
            return /^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? '';
          };
          const before = allowed();
          for (let call = 0; call < calls; call++) {
            expect(await target.openAndDescribe(mount, 'own', O.RDONLY)).toHaveProperty('flags');
            // Whoever the loop's thread was in between: a file of root's is not this target's to open.
            expect(await target.openHandle(mount, 'secret', O.RDONLY)).toBe('EACCES');
          }
          if (placement === 'pin') expect(allowed()).toMatch(/^\d+$/);
          else expect(allowed()).toBe(before);
        },
      );
    });
  }
});
