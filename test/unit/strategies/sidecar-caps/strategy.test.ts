import { describe, expect, test } from 'vitest';
import { deputyError } from '../../../../core/errors/deputy-error.js';
import { defaultPolicy } from '../../../../core/policy/defaults.js';
import type { BrokerPrivileges, BrokerSession, BrokerThread } from '../../../../core/ports/broker.js';
import { brokerDeviations, brokerSteps, sidecarCaps } from '../../../../strategies/sidecar-caps/index.js';
import { FakeHost } from '../../../support/fake-host.js';

const user = 107;
const serving: BrokerThread = {
  userIds: [user, user, user, user],
  effective: 4n,
  permitted: 4n,
  noNewPrivileges: true,
  filters: 1,
  serves: true,
};
const other: BrokerThread = { ...serving, effective: 0n, permitted: 0n, serves: false };
const right: BrokerPrivileges = { threads: [serving, other], isDumpable: false, rootIsReadOnly: true };

/** A session that writes down what it is asked. */
function fakeSession(facts: BrokerPrivileges = right, failing?: string) {
  const calls: string[] = [];
  const note = (name: string): void => {
    calls.push(name);
    if (name === failing) throw deputyError('DEPUTY_E_BROKER_SOCKET', { path: '/sock', detail: 'taken' });
  };
  const session: BrokerSession = {
    openShares: () => {
      note('openShares');
      const fileSystem = { fileSystemType: 'ext4', fileSystemId: 'ext4:1', isReadOnly: false };
      return [{ name: 'data', path: '/share', ...fileSystem }];
    },
    listen: () => {
      note('listen');
      return '/sock';
    },
    confine: () => {
      note('confine');
      return 60;
    },
    inspect: () => {
      note('inspect');
      return facts;
    },
    finishFormer: () => {
      note('finishFormer');
      return 3;
    },
    serve: async () => note('serve'),
    setPolicy: () => note('setPolicy'),
    connections: 0,
    counts: () => ({ answered: 1, refused: 2, cancelled: 0, lost: 0 }),
    useOf: () => undefined,
    stop: async () => note('stop'),
  };
  return { session, calls };
}

function engineWith(session: BrokerSession, policy = defaultPolicy()) {
  return new FakeHost().engine([sidecarCaps({ broker: { user, open: () => session } })], { policy });
}

describe('sidecar-caps', () => {
  test('goes through its steps, and answers nobody before it has looked at itself', async () => {
    const { session, calls } = fakeSession();
    const engine = engineWith(session);
    const status = await engine.delegate({ target: { containerId: 'c' }, strategy: 'sidecar-caps' });
    expect(status).toMatchObject({ state: 'active', strategy: 'sidecar-caps' });
    expect(calls).toEqual(['openShares', 'listen', 'confine', 'inspect', 'finishFormer', 'serve']);
    engine.setPolicy(defaultPolicy());
    await engine.release(status.id);
    expect(calls.slice(6)).toEqual(['setPolicy', 'stop']);
  });

  test.each(['openShares', 'listen', 'confine', 'inspect', 'finishFormer', 'serve'])(
    'that fails at %s lets go of what it has, and is said to have failed',
    async (failing) => {
      const { session, calls } = fakeSession(right, failing);
      const engine = engineWith(session);
      const asked = engine.delegate({ target: { containerId: 'c' }, strategy: 'sidecar-caps' });
      await expect(asked).rejects.toMatchObject({ code: 'DEPUTY_E_BROKER_SOCKET' });
      expect(calls.at(-1)).toBe('stop');
      expect(engine.status().delegations[0]).toMatchObject({ state: 'failed' });
    },
  );

  test('serves nobody with another privilege than it should have', async () => {
    const { session, calls } = fakeSession({ ...right, isDumpable: true });
    const engine = engineWith(session);
    const asked = engine.delegate({ target: { containerId: 'c' }, strategy: 'sidecar-caps' });
    await expect(asked).rejects.toMatchObject({ code: 'DEPUTY_E_BROKER_PRIVILEGES' });
    expect(calls).not.toContain('serve');
  });

  test('refuses a policy that wants other handles than sealed ones', async () => {
    const { session, calls } = fakeSession();
    const { defaults, ...rest } = defaultPolicy();
    const engine = engineWith(session, { ...rest, defaults: { ...defaults, confinement: 'none' } });
    const asked = engine.delegate({ target: { containerId: 'c' }, strategy: 'sidecar-caps' });
    await expect(asked).rejects.toThrow(/sealed handles only.*confinement: none/);
    expect(calls).toEqual([]);
  });

  test('has a name for each step, once', () => {
    const names = brokerSteps.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('what a broker may', () => {
  test('is the one capability, in the one thread or in all', () => {
    expect(brokerDeviations(right, user)).toEqual([]);
    expect(brokerDeviations({ ...right, threads: [serving, { ...other, permitted: 4n }] }, user)).toEqual([]);
  });

  test.each<[string, Partial<BrokerThread>, RegExp]>([
    ['another capability', { permitted: 0xc4n }, /capabilities c0 besides/],
    ['none in force', { effective: 0n }, /not in force/],
    ['another user', { userIds: [0, 107, 107, 107] }, /uids 0 107/],
    ['no no_new_privs', { noNewPrivileges: false }, /no_new_privs/],
    ['no filter', { filters: 0 }, /no filter/],
  ])('%s is said', (_, change, message) => {
    const found = brokerDeviations({ ...right, threads: [{ ...serving, ...change }, other] }, user);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(message);
  });

  test('in no thread at all, is said, too', () => {
    expect(brokerDeviations({ ...right, threads: [other] }, user)).toEqual(['no thread serves']);
  });
});
