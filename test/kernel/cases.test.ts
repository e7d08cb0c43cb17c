import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sealBytes } from '../../core/seals/seal-layout.js';
import { runDeputy } from '../lab/agent-process.js';
import { describeWhen, missingForKernel } from '../support/describe-when.js';
import { replayStateDirectory } from '../support/replay.js';
import { compileTarget } from './support/compile.js';
import { makeShare, runNatively, targetId } from './support/share.js';

/** Output of test/targets/cases.c: what each call returned, by the case's name. */
type Results = Map<string, string>;

function parse(output: string): Results {
  const lines = output.trim().split('\n');
  return new Map(lines.map((line) => line.split('\t') as [string, string]));
}

/** Where deputy answers differently on purpose, whatever the policy; the reason stands beside it. */
const always: readonly (readonly [pattern: RegExp, deputy: RegExp, why: string])[] = [
  [
    /^open (fifo|null|block) (?!.*O_PATH)/,
    /^EPERM$/,
    'only regular files and directories are opened without O_PATH',
  ],
  [/^create own /, /^EINVAL$/, 'flags that create are refused'],
  [/^mount_fd -1000[23]$/, /^EBADF$/, 'the roots of pidfs and nsfs are nobody’s'],
  [/^mount_fd (pipe|proc)$/, /^EPERM$/, 'the file system is not listed'],
  [/^name closed folder$/, /^EACCES/, 'paths are resolved with the target’s own rights'],
  [/^one free, O_PATH of a symlink$/, /^EMFILE$/, 'an exact injection needs two free descriptors'],
];
/** `dac: enforce`: what the target’s own ids could not read stays closed, and says so. */
const enforced: typeof always = [
  [/^open (secret|closed) O_(RDONLY|ACCMODE|RDWR)/, /^(EACCES|EISDIR|ENOTDIR)$/, 'dac: enforce'],
];
/** `opath: fast`: a readable descriptor stands in for an O_PATH one; only its flags differ. */
const fast: typeof always = [
  [
    /^open (own|public|group|readonly|folder) O_PATH/,
    /^type=(100000|40000) flags=[135]?04000 cloexec=\d lowest=1/,
    'opath: fast',
  ],
];

/** `confinement: sealed`: what was changed or cut is no handle any more. */
const sealed: typeof always = [
  [/^handle_bytes (127|128)$/, /^ESTALE$/, 'its seal is not where it should be'],
  [/^handle_type (2|65537)$/, /^ESTALE$/, 'the seal covers the type'],
  [/^name buffer (8|31)$/, /^EOVERFLOW bytes=32 type=0$/, 'room for the handle, but not for its seal'],
];

/** What the kernel would have said if its handles were as much longer as a seal is. */
function withSeal(name: string, result: string): string {
  if (!name.startsWith('name ') || name === 'name AT_HANDLE_FID') return result;
  if (name !== 'name buffer 0' && result.startsWith('E') && !result.startsWith('EOVERFLOW')) return result;
  return result.replace(/bytes=(\d+)/, (_, bytes: string) => `bytes=${Number(bytes) + sealBytes}`);
}

function differences(native: Results, deputy: Results, allowed: typeof always, isSealed: boolean): string[] {
  const wrong: string[] = [];
  for (const [name, result] of native) {
    const expected = isSealed ? withSeal(name, result) : result;
    const got = deputy.get(name);
    if (got === expected) continue;
    const rule = allowed.find(([pattern]) => pattern.test(name));
    if (rule?.[1].test(got ?? '') !== true) wrong.push(`${name}: natively ${expected}, deputy ${got}`);
  }
  return wrong;
}

describeWhen(missingForKernel(), 'every call returns what the kernel would have returned', () => {
  let directory: string;
  let program: string;
  let native: Results;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'deputy-cases-'));
    program = compileTarget('cases');
    const { directory: made, share } = makeShare();
    native = parse(runNatively(program, [share]));
    rmSync(made, { recursive: true });
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const forms = [
    {
      name: 'opath exact',
      policy: { opath: 'exact', dac: 'capability', confinement: 'none' },
      words: [],
      allowed: always,
    },
    {
      name: 'opath exact, plain flavour',
      policy: { opath: 'exact', dac: 'capability', confinement: 'none' },
      words: ['--no-wait-killable'],
      allowed: always,
    },
    {
      name: 'opath fast',
      policy: { opath: 'fast', dac: 'capability', confinement: 'none' },
      words: [],
      allowed: [...fast, ...always],
    },
    {
      name: 'opath exact, sealed',
      policy: { opath: 'exact', dac: 'capability' },
      words: [],
      allowed: [...sealed, ...always],
    },
    {
      name: 'opath fast, the whole file system',
      policy: { opath: 'fast', confinement: 'filesystem' },
      words: [],
      allowed: [...enforced, ...fast, ...always],
    },
    { name: 'the defaults', policy: {}, words: [], allowed: [...enforced, ...fast, ...sealed, ...always] },
    {
      name: 'the defaults, plain flavour',
      policy: {},
      words: ['--no-wait-killable'],
      allowed: [...enforced, ...fast, ...sealed, ...always],
    },
  ] as const;

  for (const [index, { name, policy, words, allowed }] of forms.entries()) {
    test(name, { timeout: 60_000 }, () => {
      const policyPath = join(directory, `policy-${index}.json`);
      const state = join(directory, `state-${index}`);
      writeFileSync(policyPath, JSON.stringify({ version: 1, defaults: policy }));
      const { directory: made, share } = makeShare();
      const ids = ['--uid', `${targetId}`, '--gid', `${targetId}`];
      const options = [...ids, '--policy', policyPath, '--state', state, ...words];
      const { status, stdout, stderr } = runDeputy(['run', ...options, '--', program, share]);
      rmSync(made, { recursive: true });
      expect(stderr).toBe('');
      expect(status).toBe(0);
      const deputy = parse(stdout);
      expect(native.size).toBeGreaterThan(300);
      expect([...deputy.keys()]).toEqual([...native.keys()]);
      expect(differences(native, deputy, allowed, !('confinement' in policy))).toEqual([]);
      // Each rule is there because something needs it.
      for (const [pattern] of allowed) expect([...deputy.keys()].some((key) => pattern.test(key))).toBe(true);
      const replayed = replayStateDirectory(state);
      expect(replayed.requests).toBeGreaterThan(300);
      expect(replayed.states).not.toHaveProperty('lost');
    });
  }
});
