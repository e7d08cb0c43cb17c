import { expect, test } from 'vitest';
import { dispatchCosts, exitCodeSource } from '../../../../strategies/dispatcher/index.js';

const best = {
  hasPlaceholder: true,
  kernelTellsExit: true,
  userNamespaceIsOurs: true,
  capabilities: 0,
  isShimOutside: true,
};

test('what is so for every payload, and what is added by the setting', () => {
  const always = dispatchCosts(best);
  expect(always.length).toBeGreaterThan(3);
  for (const [change, word] of [
    [{ capabilities: 1 }, 'confinement'],
    [{ userNamespaceIsOurs: false }, 'user namespace'],
    [{ kernelTellsExit: false, hasPlaceholder: false }, 'how it ends'],
    [{ isShimOutside: false }, 'shim'],
  ] as const) {
    const added = dispatchCosts({ ...best, ...change }).filter((cost) => !always.includes(cost));
    expect(added.join('\n')).toContain(word);
  }
});

test('where the exit code comes from', () => {
  expect(exitCodeSource(best)).toContain('kernel');
  expect(exitCodeSource({ ...best, kernelTellsExit: false })).toContain('placeholder');
  expect(exitCodeSource({ ...best, kernelTellsExit: false, hasPlaceholder: false })).toBeUndefined();
});
