import { describe, expect, it } from 'vitest';
import { isDeputyError } from '../../../../core/errors/deputy-error.js';
import { DEFAULT_PLACEMENT, defaultPolicy } from '../../../../core/policy/defaults.js';
import { parsePolicy } from '../../../../core/policy/parse.js';
import { policyJsonSchema } from '../../../../core/policy/schema.js';

function problemsOf(input: unknown, knownStrategies?: readonly string[]): unknown {
  try {
    parsePolicy(input, { source: 'policy.yaml', ...(knownStrategies && { knownStrategies }) });
  } catch (error) {
    if (isDeputyError(error, 'DEPUTY_E_POLICY_INVALID')) {
      return error.details['problems'];
    }
    throw error;
  }
  return [];
}

describe('parsePolicy', () => {
  it('fills in the defaults of the contract', () => {
    expect(parsePolicy({ version: 1 })).toEqual(defaultPolicy());
    expect(defaultPolicy().defaults).toEqual({
      syscalls: ['open_by_handle_at', 'name_to_handle_at'],
      shares: 'all',
      filesystems: ['ext4', 'xfs', 'btrfs', 'tmpfs', 'overlay'],
      confinement: 'sealed',
      dac: 'enforce',
      opath: 'fast',
      placement: DEFAULT_PLACEMENT,
      strategies: ['seccomp-notify', 'sidecar-caps', 'file-handle', 'dispatcher'],
      record: 'each',
      limits: { inFlightPerTarget: 64, deadlineMs: 0, deadlineErrno: 'EIO' },
      degradation: { afterMs: 10_000, silentMs: 0 },
    });
  });

  it('keeps what a file says, and fills in the limits one by one', () => {
    const policy = parsePolicy({ version: 1, defaults: { opath: 'exact', limits: { deadlineMs: 5 } } });
    expect(policy.defaults.opath).toBe('exact');
    expect(policy.defaults.limits).toEqual({ inFlightPerTarget: 64, deadlineMs: 5, deadlineErrno: 'EIO' });
  });

  it.each([
    [{}, 'version: missing; expected 1'],
    [null, 'policy: expected a mapping, got null'],
    ['text', "policy: expected a mapping, got 'text'"],
    [{ version: 2 }, 'version: expected 1, got 2'],
    [{ version: 1, default: {} }, "default: unknown key; did you mean 'defaults'?"],
    [{ version: 1, zebra: 1 }, 'zebra: unknown key'],
    [{ version: 1, defaults: { opath: 'quick' } }, "defaults.opath: expected 'fast' or 'exact', got 'quick'"],
    [{ version: 1, defaults: { opath: null } }, "defaults.opath: expected 'fast' or 'exact', got null"],
    [{ version: 1, targets: {} }, 'targets: expected a list, got a mapping'],
    [{ version: 1, targets: [{}] }, 'targets[0].match: missing; expected a mapping'],
    [
      { version: 1, targets: [{ match: { contaner: 'a' } }] },
      "targets[0].match.contaner: unknown key; did you mean 'container'?",
    ],
    [
      { version: 1, targets: [{ match: {}, limit: {} }] },
      "targets[0].limit: unknown key; did you mean 'limits'?",
    ],
    [
      { version: 1, defaults: { limits: { inflightpertarget: 1 } } },
      "defaults.limits.inflightpertarget: unknown key; did you mean 'inFlightPerTarget'?",
    ],
    [
      { version: 1, defaults: { limits: { inFlightPerTarget: 0 } } },
      'defaults.limits.inFlightPerTarget: expected at least 1, got 0',
    ],
    [
      { version: 1, defaults: { limits: { deadlineMs: 1.5 } } },
      'defaults.limits.deadlineMs: expected a whole number, got 1.5',
    ],
    [
      { version: 1, defaults: { limits: { deadlineErrno: 'EFOO' } } },
      "defaults.limits.deadlineErrno: expected one of 'EPERM', 'ENOENT', 'ESRCH', 'EINTR' and 127 more, got 'EFOO'",
    ],
    [
      { version: 1, defaults: { shares: 'some' } },
      "defaults.shares: expected 'all' or a list of { name, path }, got 'some'",
    ],
    [
      { version: 1, defaults: { shares: [{ nam: 'a', path: '/a' }] } },
      'defaults.shares[0].name: missing; expected a string',
      "defaults.shares[0].nam: unknown key; did you mean 'name'?",
    ],
    [
      { version: 1, defaults: { shares: [{ name: 'a', path: '/a/../b' }] } },
      "defaults.shares[0].path: expected an absolute path without '//', '.' or '..' in it, got '/a/../b'",
    ],
    [
      { version: 1, defaults: { strategies: [] } },
      'defaults.strategies: expected at least 1 entries, got a list',
    ],
    [
      {
        version: 1,
        defaults: {
          shares: [
            { name: 'a', path: '/a' },
            { name: 'a', path: '/b' },
          ],
        },
      },
      "defaults.shares[1].name: 'a' is already taken",
    ],
  ])('%j: %s', (input, ...problems) => {
    expect(problemsOf(input)).toEqual(problems);
  });

  it('names every problem in the message, with escaped keys', () => {
    expect(() => parsePolicy({ version: 1, 'a\u001b[31m': 1, b: 2 }, { source: 'p.yaml' })).toThrow(
      'the policy p.yaml is not valid:\n  a\\u{1b}[31m: unknown key\n  b: unknown key',
    );
  });

  it('checks strategies where it is told which there are', () => {
    const input = { version: 1, targets: [{ match: {}, strategies: ['seccomp-notfy', 'zzz'] }] };
    expect(problemsOf(input)).toEqual([]);
    expect(problemsOf(input, ['seccomp-notify', 'file-handle'])).toEqual([
      "targets[0].strategies[0]: unknown strategy 'seccomp-notfy'; did you mean 'seccomp-notify'?",
      "targets[0].strategies[1]: unknown strategy 'zzz'; known: seccomp-notify, file-handle",
    ]);
  });
});

it('policyJsonSchema is closed for unknown keys, and leaves the defaults optional', () => {
  expect(policyJsonSchema()).toMatchObject({
    type: 'object',
    required: ['version'],
    additionalProperties: false,
    properties: { targets: { items: { required: ['match'], additionalProperties: false } } },
  });
});
