import { expect, test } from 'vitest';
import { cgroupLine } from '../../../../adapters/linux/cgroups.js';
import {
  containerOfCgroup,
  contradictionOf,
  isWithinCgroup,
} from '../../../../core/engine/target-identity.js';

const id = (digit: string): string => digit.repeat(64);

test('a cgroup says whose it is by the names that engines and runtimes give', () => {
  const named: Record<string, string | undefined> = {
    '0::/system.slice/crun-web.scope': 'web',
    [`0::/system.slice/docker-${id('a')}.scope`]: id('a'),
    [`0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-${id('b')}.scope`]: id('b'),
    [`4:memory:/kubepods/burstable/pod1/${id('c')}`]: id('c'),
    // The innermost one counts: containers run in containers.
    [`0::/docker/${id('a')}/kubelet/cri-containerd-${id('b')}.scope/init.scope`]: id('b'),
    '0::/user.slice/user-0.slice/session-1.scope': undefined,
    '0::/machine.slice/libpod_parent/libpod-web': 'web',
    '0::/': undefined,
  };
  for (const [line, container] of Object.entries(named)) {
    expect(containerOfCgroup(line), line).toBe(container);
  }
});

test('what tells containers apart is the second version, else a controller of the first', () => {
  expect(cgroupLine('5:devices:/a\n0::/b\n')).toBe('0::/b');
  expect(cgroupLine('9:cpuset:/x\n8:memory:/m\n0::/\n')).toBe('8:memory:/m');
  expect(cgroupLine('8:memory:/\n0::/\n')).toBeUndefined();
});

test('below is within, beside is not', () => {
  expect(isWithinCgroup('1:cpu:/\n0::/a/b\n', '0::/a/b')).toBe(true);
  expect(isWithinCgroup('0::/a/b/c', '0::/a/b')).toBe(true);
  expect(isWithinCgroup('0::/a/bc', '0::/a/b')).toBe(false);
  expect(isWithinCgroup('0::/a', '0::/a/b')).toBe(false);
});

test('a word that the kernel contradicts', () => {
  const target = (containerId: string, cgroup?: string) => ({
    containerId,
    processId: 7,
    listener: 3,
    ...(cgroup === undefined ? {} : { cgroup }),
  });
  const says = (containerId: string, cgroup?: string, known?: string) =>
    contradictionOf(
      target(containerId, cgroup),
      known === undefined ? undefined : target(containerId, known),
    );
  expect(says('web', '0::/crun-web.scope')).toBeUndefined();
  expect(says('web', '0::/crun-db.scope')).toBe("process 7 is in the cgroup of 'db'");
  expect(says(id('a'), `0::/docker/${id('b')}`)).toContain('is in the cgroup of');
  // A container's own name for what runs within it is no engine's id.
  expect(says('inner', `0::/docker/${id('b')}/inner`)).toBeUndefined();
  expect(says('web')).toBeUndefined();
  expect(says('web', '0::/one', '0::/one')).toBeUndefined();
  expect(says('web', '0::/one/exec', '0::/one')).toBeUndefined();
  expect(says('web', '0::/one', '0::/one/main')).toBeUndefined();
  expect(says('web', '0::/two', '0::/one')).toContain('in another cgroup');
  expect(says('web', undefined, '0::/one')).toContain('in no cgroup');
  // Scopes say the id, wherever they are.
  expect(says('web', '0::/a/crun-web.scope', '0::/b/crun-web.scope/main')).toBeUndefined();
  // A name that is deputy's own is no runtime's.
  const ours = { ...target('target-12', '0::/machine/crun-vm.scope'), isNamedByDeputy: true };
  expect(contradictionOf(ours)).toBeUndefined();
  expect(contradictionOf({ containerId: 'web', processId: 0 })).toBe('no process is named');
  expect(contradictionOf({ containerId: 'web', processId: 0 }, target('web', '0::/one'))).toBeUndefined();
  expect(contradictionOf({ containerId: 'web', processId: 7, isMissing: true })).toBe(
    'there is no process 7',
  );
});
