import { statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { optionalFeatures } from '../../adapters/linux/kernel-features.js';
import { runDeputy } from '../lab/agent-process.js';
import { describeWhen, missingForKernel } from '../support/describe-when.js';
import { makeScene } from './support/scene.js';
import { O } from './support/trap-thread.js';

/** What Debian 12's stock kernel lacks, one after the other and together. */
const missing = [...optionalFeatures.map((feature) => [feature]), [...optionalFeatures]];

for (const features of missing) {
  const environment = { DEPUTY_WITHOUT: features.join(',') };

  describeWhen(missingForKernel(), `a kernel without ${features.join(', ')}`, () => {
    const scene = makeScene({ opath: 'fast' }, { environment });

    test('calls get the same answers', async () => {
      const target = scene.target();
      const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
      await scene.confine(target);
      expect(await target.encode('own', 'own')).toBe(0);
      expect(await target.encode('link', 'link')).toBe(0);
      const inode = statSync(`${scene.share}/own`).ino;
      expect(await target.repeat(mount, 'own', O.RDONLY, 50)).toEqual({ [inode]: 50 });
      expect(await target.repeat(mount, 'own', O.PATH, 50)).toEqual({ [inode]: 50 });
      expect(await target.openAndDescribe(mount, 'link', O.PATH | O.NOFOLLOW)).toMatchObject({
        type: '120000',
      });
      expect(await target.openHandle(99, 'own', O.RDONLY)).toBe('EBADF');
    });
  });
}

describeWhen(missingForKernel(), 'the doctor on such a kernel', () => {
  test('says no, what it means and what would help', () => {
    const environment = { DEPUTY_WITHOUT: optionalFeatures.join(',') };
    const { status, stdout } = runDeputy(['doctor', '--json'], { environment });
    const lines = (JSON.parse(stdout) as { checks: Record<string, unknown>[] }).checks;
    expect(status).toBe(0);
    for (const check of [
      'synchronous wake-up',
      'WAIT_KILLABLE_RECV',
      'thread descriptors',
      'unique mount ids',
    ]) {
      const line = lines.find((one) => one['check'] === check);
      expect(line, check).toMatchObject({
        ok: false,
        optional: true,
        remedy: expect.stringMatching(/^Linux [56]\./),
      });
    }
  });
});
