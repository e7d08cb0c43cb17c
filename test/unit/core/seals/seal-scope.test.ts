import fc from 'fast-check';
import { expect, test } from 'vitest';
import { resolvePolicy } from '../../../../core/policy/match.js';
import { parsePolicy } from '../../../../core/policy/parse.js';
import type { MountEntry } from '../../../../core/ports/kernel.js';
import { compilePolicy } from '../../../../core/request/compiled-policy.js';
import { sealScope } from '../../../../core/seals/seal-scope.js';

const compiled = (defaults: object, tenant = 'blue') =>
  compilePolicy(
    resolvePolicy(parsePolicy({ version: 1, defaults }), { containerId: 'c', metadata: `tenant=${tenant}` }),
  );
const mountAt = (mountPoint: string, fileSystemId = 'ext4:1'): MountEntry => ({
  mountId: 1,
  fileSystemType: 'ext4',
  mountPoint,
  root: '/',
  verdict: 0,
  fileSystemId,
});

test('a listed share has its name; otherwise the mount point is one', () => {
  const listed = compiled({ shares: [{ name: 'data', path: '/share/' }] });
  expect(sealScope(listed, mountAt('/share'))).toBe('["blue","data","own","ext4:1"]');
  expect(sealScope(compiled({}), mountAt('/share'))).toBe('["blue","/share","own","ext4:1"]');
});

test("the policy's id stands for the file system's own, and is never taken for one", () => {
  const named = compiled({ shares: [{ name: 'data', path: '/share', id: 'ext4:1' }] });
  expect(sealScope(named, mountAt('/share', 'xfs:2'))).toBe('["blue","data","policy","ext4:1"]');
  expect(sealScope(named, mountAt('/share', ''))).toBe('["blue","data","policy","ext4:1"]');
});

test('without either there is no scope', () => {
  expect(sealScope(compiled({}), mountAt('/share', ''))).toBe('');
});

test('two scopes are the same only if tenant, share and file system are', () => {
  const part = fc.string({ minLength: 1, maxLength: 4 }).map((text) => text.replaceAll('"', "'"));
  fc.assert(
    fc.property(fc.tuple(part, part), fc.tuple(part, part), (one, two) => {
      const scope = ([share, id]: [string, string]) => sealScope(compiled({}), mountAt(`/${share}`, id));
      expect(scope(one) === scope(two)).toBe(one.join('\0') === two.join('\0'));
    }),
  );
});
