import { describe, expect, test } from 'vitest';
import {
  containerProfile,
  operatorProfile,
  podSecurityContext,
  type SeccompProfile,
} from '../../../../adapters/profile/index.js';

const socketPath = '/run/deputy/agent.sock';
const own = [
  { names: ['open_by_handle_at', 'name_to_handle_at'], action: 'SCMP_ACT_NOTIFY' },
  {
    names: ['io_uring_setup', 'io_uring_enter', 'io_uring_register'],
    action: 'SCMP_ACT_ERRNO',
    errnoRet: 1,
  },
];

/** A cut of the default profile of container engines, with every kind of condition that is in it. */
const engineDefault = {
  defaultAction: 'SCMP_ACT_ERRNO',
  defaultErrnoRet: 38,
  archMap: [
    { architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'] },
    { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: ['SCMP_ARCH_ARM'] },
  ],
  syscalls: [
    { names: ['read', 'write', 'name_to_handle_at', 'io_uring_setup'], action: 'SCMP_ACT_ALLOW' },
    { names: ['ptrace'], action: 'SCMP_ACT_ALLOW', includes: { minKernel: '4.8' } },
    { names: ['arch_prctl'], action: 'SCMP_ACT_ALLOW', includes: { arches: ['amd64', 'x32'] } },
    { names: ['arm_fadvise64_64'], action: 'SCMP_ACT_ALLOW', includes: { arches: ['arm', 'arm64'] } },
    {
      names: ['open_by_handle_at'],
      action: 'SCMP_ACT_ALLOW',
      comment: '',
      includes: { caps: ['CAP_DAC_READ_SEARCH'] },
    },
    { names: ['mount', 'umount2'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_SYS_ADMIN'] } },
    {
      names: ['clone'],
      action: 'SCMP_ACT_ALLOW',
      args: [{ index: 0, value: 2114060288, op: 'SCMP_CMP_MASKED_EQ' }],
      excludes: { caps: ['CAP_SYS_ADMIN'], arches: ['s390'] },
    },
  ],
};

const extend = (base: unknown, more = {}): SeccompProfile =>
  containerProfile({ base, socketPath, waitKillable: false, machine: 'x64', ...more });
const allowed = ({ syscalls = [] }: SeccompProfile): string[] =>
  syscalls.filter(({ action }) => action === 'SCMP_ACT_ALLOW').flatMap(({ names = [] }) => names);

describe('a profile without a base', () => {
  test('allows the rest, notifies of the two calls and refuses io_uring', () => {
    expect(containerProfile({ socketPath, waitKillable: false })).toEqual({
      defaultAction: 'SCMP_ACT_ALLOW',
      listenerPath: socketPath,
      syscalls: own,
    });
  });

  test('has the flag and the metadata where they are asked for', () => {
    const profile = containerProfile({ socketPath, waitKillable: true, metadata: 'tenant=blue' });
    expect(profile.flags).toEqual(['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV']);
    expect(profile.listenerMetadata).toBe('tenant=blue');
  });
});

describe('a profile that leaves directories to the kernel', () => {
  const native = { nativeDirectories: true, metadata: 'tenant=blue' };
  const open = ['open_by_handle_at'];
  const flags = (mask: number, wanted: number) => [
    { index: 2, value: mask, valueTwo: wanted, op: 'SCMP_CMP_MASKED_EQ' },
  ];

  test('notifies of opens without O_DIRECTORY alone, and says so in the metadata', () => {
    const profile = containerProfile({ socketPath, waitKillable: false, machine: 'x64', ...native });
    expect(profile.syscalls).toEqual([
      { names: ['name_to_handle_at'], action: 'SCMP_ACT_NOTIFY' },
      { names: open, action: 'SCMP_ACT_NOTIFY', args: flags(0o200000, 0) },
      own[1],
    ]);
    expect(profile.listenerMetadata).toBe('tenant=blue,directories=native');
    const bare = containerProfile({ socketPath, waitKillable: false, nativeDirectories: true });
    expect(bare.listenerMetadata).toBe('directories=native');
  });

  test('allows the others where the base refuses what it does not name; the bit is the machine’s', () => {
    const rules = extend(engineDefault, { ...native, machine: 'arm64' }).syscalls ?? [];
    expect(rules.slice(1, 3)).toEqual([
      { names: open, action: 'SCMP_ACT_NOTIFY', args: flags(0o40000, 0) },
      { names: open, action: 'SCMP_ACT_ALLOW', args: flags(0o40000, 0o40000) },
    ]);
  });
});

describe('a profile with a base', () => {
  test("keeps the base's other rules, with their arguments, and its defaults", () => {
    const profile = extend(engineDefault);
    expect(profile.defaultAction).toBe('SCMP_ACT_ERRNO');
    expect(profile['defaultErrnoRet']).toBe(38);
    expect(profile.syscalls?.slice(0, 2)).toEqual(own);
    expect(allowed(profile)).toEqual(['read', 'write', 'ptrace', 'arch_prctl', 'clone']);
    expect(profile.syscalls?.at(-1)).toEqual({
      names: ['clone'],
      action: 'SCMP_ACT_ALLOW',
      args: [{ index: 0, value: 2114060288, op: 'SCMP_CMP_MASKED_EQ' }],
    });
  });

  test('is the plain OCI form: no field is left that a runtime would ignore', () => {
    expect(JSON.stringify(extend(engineDefault))).not.toMatch(/archMap|includes|excludes|comment/);
  });

  test('never names a call twice', () => {
    const all = (extend(engineDefault).syscalls ?? []).flatMap(({ names = [] }) => names);
    expect(new Set(all).size).toBe(all.length);
  });

  test('evaluates conditions for the capabilities of the container', () => {
    const admin = extend(engineDefault, { capabilities: ['CAP_SYS_ADMIN'] });
    expect(allowed(admin)).toContain('mount');
    expect(allowed(admin)).not.toContain('clone');
  });

  test('evaluates conditions for the machine of the container', () => {
    expect(extend(engineDefault).architectures).toEqual([
      'SCMP_ARCH_X86_64',
      'SCMP_ARCH_X86',
      'SCMP_ARCH_X32',
    ]);
    const arm = extend(engineDefault, { machine: 'arm64' });
    expect(arm.architectures).toEqual(['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM']);
    expect(allowed(arm)).toContain('arm_fadvise64_64');
    expect(allowed(arm)).not.toContain('arch_prctl');
  });

  test("adds its flag to the base's", () => {
    const base = { defaultAction: 'SCMP_ACT_ALLOW', flags: ['SECCOMP_FILTER_FLAG_LOG'] };
    expect(extend(base, { waitKillable: true }).flags).toEqual([
      'SECCOMP_FILTER_FLAG_LOG',
      'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV',
    ]);
  });

  test('understands rules with a single name, and can be extended again', () => {
    const base = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ name: 'acct', action: 'SCMP_ACT_ERRNO' }] };
    const once = extend(base);
    expect(once.syscalls?.at(-1)).toEqual({ names: ['acct'], action: 'SCMP_ACT_ERRNO' });
    expect(extend(once)).toEqual(once);
  });

  test.each([
    ['nothing', null],
    ['text', 'profile'],
    ['no default action', { syscalls: [] }],
    ['rules that are none', { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: 'read' }] }],
    ['a listener of its own', { defaultAction: 'SCMP_ACT_ALLOW', listenerPath: '/run/other.sock' }],
    ['a default that notifies', { defaultAction: 'SCMP_ACT_NOTIFY' }],
    [
      'other calls that notify',
      { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['mknod'], action: 'SCMP_ACT_NOTIFY' }] },
    ],
  ])('is refused when it has %s', (_what, base) => {
    expect(() => extend(base)).toThrow(expect.objectContaining({ code: 'DEPUTY_E_USAGE' }));
  });
});

test('the forms of Kubernetes', () => {
  const profile = containerProfile({ socketPath, waitKillable: false });
  expect(operatorProfile(profile, 'blue')).toMatchObject({
    apiVersion: 'security-profiles-operator.x-k8s.io/v1beta1',
    kind: 'SeccompProfile',
    metadata: { name: 'blue' },
    spec: { listenerPath: socketPath },
  });
  expect(podSecurityContext('blue.json')).toEqual({
    securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: 'blue.json' } },
  });
});
