import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compileTarget } from '../../kernel/support/compile.js';
import { cgroupMount, makeLabCgroup, removeLabCgroup } from '../../lab/lab-cgroup.js';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { modelCases } from './model-cases.js';

/** What each case has to come to on every machine: the model is held to it without a kernel, too. */
const expected: Readonly<Record<string, string>> = {
  'double-clone': 'parent 1',
  'single-clone': 'parent 0',
  'init-dies': 'signaled 9',
  'init-is-held-up': 'before 0 after 1',
  'fork-into-dead': 'ENOMEM',
  'ignored-children': 'ECHILD',
  'lock-of-the-dead': 'held EAGAIN free 0',
  'join-without-chroot': 'EPERM',
  'join-without-admin': 'EPERM',
  'join-own-user': 'EINVAL',
  'join-outwards': 'EINVAL',
  'join-the-dead': 'ESRCH',
  'populated-cgroup': 'attached 1 remove EBUSY then 0 attach ENODEV',
  'frozen-cgroup': 'spoke 0 signaled 9',
  'leave-root': 'effective 0 permitted 0',
  'leave-root-and-keep': 'effective 0 permitted 1',
  'raise-ambient': 'EPERM',
};
/** More than the program gives itself. */
const caseMsMax = 25_000;
const cases = Object.entries(modelCases);

describe('processes on the modelled kernel', () => {
  test('every case says what has to come', () => {
    expect(Object.keys(modelCases).sort()).toEqual(Object.keys(expected).sort());
  });

  test.each(cases)('%s', (name, run) => {
    expect(run()).toBe(expected[name]);
  });
});

describeWhen(missingForKernel(), 'the modelled processes beside real ones', () => {
  test.each(cases)('%s', { timeout: 2 * caseMsMax }, async (name, run) => {
    const isOfCgroups = name.endsWith('-cgroup');
    expect(isOfCgroups ? cgroupMount() : '', 'a cgroup2 file system').toBeDefined();
    const folder = isOfCgroups ? makeLabCgroup() : mkdtempSync(join(tmpdir(), 'deputy-processes-'));
    try {
      const { stdout, stderr } = spawnSync(compileTarget('process-cases'), [name, folder], {
        encoding: 'utf8',
        timeout: caseMsMax,
      });
      expect({ kernel: stdout.trim(), stderr }).toEqual({ kernel: run(), stderr: '' });
    } finally {
      if (isOfCgroups) await removeLabCgroup(folder);
      else rmSync(folder, { recursive: true, force: true });
    }
  });
});
