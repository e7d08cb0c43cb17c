import { expect, test } from 'vitest';
import { missingLabParts } from '../lab/lab-status.js';
import { runGuestWorkload } from '../lab/run-guest-workload.js';
import { startVirtiofsd } from '../lab/virtiofsd.js';
import { describeWhen, isLong } from '../support/describe-when.js';

const missing = missingLabParts();
const timeoutMs = 180_000;

/** What the real parts do without deputy: the yardstick for every run with it. */
describeWhen(missing, 'reference', () => {
  for (const runtime of isLong ? (['crun', 'runc'] as const) : (['crun'] as const)) {
    test(`with the capability and no agent, all checks are right under ${runtime}`, {
      timeout: timeoutMs,
    }, async () => {
      const result = await runGuestWorkload({ runtime, capabilities: ['CAP_DAC_READ_SEARCH'] });
      const wrong = [...result.checks].filter(([, verdict]) => verdict !== 'ok');
      expect(wrong, result.virtiofsdLog.join('\n')).toEqual([]);
      expect(result.failed).toBe(0);
      expect(result.ok).toBeGreaterThan(20);
    });
  }

  test('without the capability and without an agent, virtiofsd refuses to start', {
    timeout: timeoutMs,
  }, async () => {
    await expect(startVirtiofsd({ runtime: 'crun' })).rejects.toThrow(
      /Refusing to use \(mandatory\) file handles/,
    );
  });
});
