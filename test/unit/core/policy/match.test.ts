import { describe, expect, it } from 'vitest';
import { resolvePolicy } from '../../../../core/policy/match.js';
import { parsePolicy } from '../../../../core/policy/parse.js';

const policy = parsePolicy({
  version: 1,
  defaults: { limits: { deadlineMs: 100 } },
  targets: [
    { match: { metadata: 'tenant=blue', container: 'vm-*' }, tenant: 'blue', opath: 'exact' },
    { match: { container: 'vm-?' }, limits: { inFlightPerTarget: 8 } },
    { match: { metadata: '*role=db*' }, filesystems: ['xfs'] },
  ],
});
const resolve = (containerId: string, metadata = '') => resolvePolicy(policy, { containerId, metadata });

describe('resolvePolicy', () => {
  it('takes the first rule that matches, its fields over the defaults', () => {
    expect(resolve('vm-1', 'role=db tenant=blue')).toMatchObject({ rule: 0, opath: 'exact', tenant: 'blue' });
    expect(resolve('vm-1')).toMatchObject({
      rule: 1,
      opath: 'fast',
      limits: { inFlightPerTarget: 8, deadlineMs: 100, deadlineErrno: 'EIO' },
    });
    expect(resolve('x', 'a,role=db')).toMatchObject({ rule: 2, filesystems: ['xfs'] });
    expect(resolve('vm-10')).toMatchObject({ rule: null, filesystems: policy.defaults.filesystems });
  });

  it('says where the tenant comes from', () => {
    expect(resolve('vm-1', 'tenant=blue')).toMatchObject({ tenant: 'blue', tenantSource: 'policy' });
    expect(resolve('c', 'a=b\ntenant=red,x')).toMatchObject({ tenant: 'red', tenantSource: 'metadata' });
    expect(resolve('c', 'atenant=red')).toMatchObject({ tenant: 'c', tenantSource: 'container' });
    expect(resolve('c', 'tenant=')).toMatchObject({ tenant: 'c', tenantSource: 'container' });
    expect(resolve('c', `tenant=${'x'.repeat(200)}`)).toMatchObject({ tenantSource: 'container' });
    expect(resolve('c', 'tenant=red\u0007')).toMatchObject({ tenantSource: 'container' });
  });

  it('takes no tenant from metadata that names two', () => {
    expect(resolve('c', 'tenant=red tenant=green')).toMatchObject({ tenant: 'c', tenantSource: 'container' });
    expect(resolve('c', 'tenant=red tenant=red')).toMatchObject({ tenant: 'red', tenantSource: 'metadata' });
  });

  it('is frozen through and through, and leaves the policy as it was', () => {
    const resolved = resolve('vm-1');
    expect(Object.isFrozen(resolved)).toBe(true);
    expect(Object.isFrozen(resolved.limits)).toBe(true);
    expect(Object.isFrozen(resolved.filesystems)).toBe(true);
    expect(Object.isFrozen(policy.defaults.filesystems)).toBe(false);
    expect(structuredClone(resolved)).toEqual(resolved);
  });

  it('has a digest that changes with what is decided, and with nothing else', () => {
    expect(resolve('vm-1').digest).toMatch(/^[0-9a-f]{16}$/);
    expect(resolve('vm-1').digest).toBe(resolve('vm-1', 'whatever').digest);
    expect(resolve('vm-1').digest).not.toBe(resolve('vm-2').digest);
    const stricter = parsePolicy({ version: 1, defaults: { dac: 'capability' } });
    const looser = parsePolicy({ version: 1 });
    const target = { containerId: 'c', metadata: '' };
    expect(resolvePolicy(stricter, target).digest).not.toBe(resolvePolicy(looser, target).digest);
  });
});
