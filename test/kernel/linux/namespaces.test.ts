import { spawnSync } from 'node:child_process';
import { openSync, readlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  joinNamespaces,
  type NamespaceName,
  namespaceFlag,
  namespaceIdentity,
  openNamespace,
} from '../../../adapters/linux/namespaces.js';
import { systemCall } from '../../../adapters/linux/native.js';
import { checkoutDirectory } from '../../lab/paths.js';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';

/** Runs a script in a process of its own, with the compiled module at hand: what it prints, as JSON. */
function inChild(script: string): unknown {
  const module = `${checkoutDirectory()}/dist/adapters/linux/namespaces.js`;
  const text = `import * as namespaces from '${module}';\n${script}`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', text], {
    encoding: 'utf8',
  });
  if (stderr !== '') throw new Error(stderr);
  return JSON.parse(stdout);
}

describeWhen(missingForKernel(), 'namespaces', () => {
  test("the identity is the inode of the process's link", () => {
    for (const name of Object.keys(namespaceFlag) as NamespaceName[]) {
      const link = readlinkSync(`/proc/self/ns/${name}`);
      expect(link).toContain(`[${namespaceIdentity('self', name)}]`);
    }
  });

  test('a process that is not there is an errno', () => {
    expect(openNamespace(0x7fffffff, 'pid')).toBe(-2);
    expect(namespaceIdentity(0x7fffffff, 'pid')).toBe(-2);
  });

  test('a descriptor that is none of a namespace is EINVAL, a closed one EBADF', () => {
    const descriptor = openSync('/dev/null', 'r');
    expect(joinNamespaces(descriptor, 0)).toBe(-22);
    systemCall('close', descriptor);
    expect(joinNamespaces(descriptor, 0)).toBe(-9);
  });

  test('a thread leaves a namespace, and comes back to it', () => {
    const seen = inChild(`
      const { uts } = namespaces.namespaceFlag;
      const before = namespaces.openNamespace('self', 'uts');
      const identity = () => String(namespaces.namespaceIdentity('self', 'uts'));
      const first = identity();
      const left = namespaces.unshareNamespaces(uts);
      const second = identity();
      const joined = namespaces.joinNamespaces(before, uts);
      console.log(JSON.stringify({ left, joined, moved: first !== second, back: identity() === first }));
    `);
    expect(seen).toEqual({ left: 0, joined: 0, moved: true, back: true });
  });

  test('a user namespace is refused to a process with threads, which Node always is', () => {
    expect(inChild('console.log(namespaces.unshareNamespaces(namespaces.namespaceFlag.user))')).toBe(-22);
  });
});
