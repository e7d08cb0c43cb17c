import { expect, test } from 'vitest';
import { resolvePolicy } from '../../../../core/policy/match.js';
import { parsePolicy } from '../../../../core/policy/parse.js';
import type { RequestService } from '../../../../core/ports/request-service.js';
import type { Target } from '../../../../core/ports/strategy.js';
import { fileHandle, type TargetHandleFacts } from '../../../../strategies/file-handle/index.js';
import { seccompNotify } from '../../../../strategies/seccomp-notify/index.js';

const target: Target = { containerId: 'one', processId: 10, listener: 5, metadata: '' };
const native: Target = { ...target, metadata: 'tenant=blue,directories=native' };
const share = { mountPoint: '/share', fileSystemType: 'ext4', isOwnerMapped: true, sealed: 0 };
const facts: TargetHandleFacts = {
  hasUserNamespace: true,
  ownsMounts: true,
  effectiveCapabilities: (1n << 2n) | (1n << 21n),
  shares: [share],
};

function policyOf(defaults: object = {}) {
  const policy = parsePolicy({ version: 1, defaults });
  return resolvePolicy(policy, { containerId: 'one', metadata: '' });
}

/** A service that only has to say whether it works. */
function service(obstacle?: string): RequestService {
  const never = () => {
    throw new Error('an assessment serves nothing');
  };
  return {
    obstacle: async () => obstacle,
    attach: never,
    inFlight: never,
    counts: never,
    settled: never,
  };
}

test('a target whose every open comes to deputy is served, and held to all of the policy', async () => {
  const strategy = fileHandle({ service: service() });
  const { possible, reasons } = await strategy.assess(target, policyOf());
  expect(possible).toBe(true);
  expect(reasons).toEqual([expect.stringContaining('every open comes to deputy')]);
  expect(strategy.enforces).toEqual(seccompNotify({ service: service() }).enforces);
});

test('one whose directories the kernel opens is served; what is not checked is said', async () => {
  const strategy = fileHandle({ service: service(), inspectTarget: () => facts });
  const { possible, reasons } = await strategy.assess(native, policyOf());
  expect(possible).toBe(true);
  expect(reasons.join()).toMatch(/with O_DIRECTORY.*not checked there: the seal/);
});

test.each([
  ['no listener', { ...target, listener: undefined } as unknown as Target, {}, 'without a seccomp listener'],
  ['handles that are not sealed', target, { confinement: 'none' }, 'confinement: none'],
])('not possible: %s', async (_name, which, defaults, reason) => {
  const strategy = fileHandle({ service: service(), inspectTarget: () => facts });
  const { possible, reasons } = await strategy.assess(which, policyOf(defaults));
  expect(possible).toBe(false);
  expect(reasons.join()).toContain(reason);
});

test('not possible: a machine where nothing is answered, shares that can not be served', async () => {
  const broken = await fileHandle({ service: service('no notifier') }).assess(target, policyOf());
  expect(broken).toMatchObject({ possible: false, reasons: expect.arrayContaining(['no notifier']) });
  const assessShares = () => ({ servable: false, reasons: ['no handles'] });
  const unshared = await fileHandle({ service: service(), assessShares }).assess(target, policyOf());
  expect(unshared).toMatchObject({ possible: false, reasons: expect.arrayContaining(['no handles']) });
});

test('not possible: a filter that leaves directories to a kernel which would refuse them', async () => {
  const inspectTarget = () => ({ ...facts, effectiveCapabilities: 0n });
  const refused = await fileHandle({ service: service(), inspectTarget }).assess(native, policyOf());
  expect(refused.possible).toBe(false);
  expect(refused.reasons.join()).toMatch(/lacks CAP_SYS_ADMIN.*without --native-directories/);
  for (const blind of [{}, { inspectTarget: () => undefined }]) {
    const unseen = await fileHandle({ service: service(), ...blind }).assess(native, policyOf());
    expect(unseen).toMatchObject({
      possible: false,
      reasons: [expect.stringContaining('can not be looked at')],
    });
  }
});

test('seccomp-notify leaves such a filter to it', async () => {
  const strategy = seccompNotify({ service: service() });
  expect(await strategy.assess(target, policyOf())).toEqual({ possible: true, reasons: [] });
  expect((await strategy.assess(native, policyOf())).possible).toBe(false);
});
