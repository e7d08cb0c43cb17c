import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkoutDirectory } from '../lab/paths.js';
import { describeWhen, missingForKernel } from '../support/describe-when.js';

const root = checkoutDirectory();

describeWhen(missingForKernel(), 'what the README shows', () => {
  test('the embedding example runs and its events come in order', { timeout: 60_000 }, () => {
    const result = spawnSync(process.execPath, [join(root, 'docs/examples/embed.mjs')], { encoding: 'utf8' });
    expect(result.stderr).toBe('');
    expect(result.status).toBe(0);
    expect(result.stdout).toContain('state active');
    expect(result.stdout).toContain('hello from 65534');
    const events = [...result.stdout.matchAll(/^(\d+) (\S+)$/gm)].map(
      ([, version, type]) => `${version} ${type}`,
    );
    expect(events).toEqual([
      '1 delegation.requested',
      '2 delegation.assessed',
      '3 delegation.admitted',
      '4 delegation.establishing',
      '5 delegation.active',
      '6 delegation.releasing',
      '7 delegation.released',
    ]);
  });

  test("the demo's smaller form opens a file and a symlink by handle", { timeout: 60_000 }, () => {
    const demo = join(root, 'dist/test/demo/demo.js');
    const result = spawnSync(process.execPath, [demo, '--small'], { encoding: 'utf8' });
    expect(result.status).toBe(0);
    expect(result.stdout).toContain('open_by_handle_at(letter, O_RDONLY): Operation not permitted');
    expect(result.stdout).toContain('contents: read through a handle');
    expect(result.stdout).toMatch(/open_by_handle_at\(link, O_PATH\|O_NOFOLLOW\) = \d+, a symlink/);
  });
});

test('a user who is not root gets a clear message, and doctor still works', { timeout: 60_000 }, ({
  skip,
}) => {
  if (process.getuid?.() !== 0) skip('this test itself changes its user');
  const asNobody = (words: readonly string[]) =>
    spawnSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, ...words], {
      encoding: 'utf8',
      env: { ...process.env, HOME: '/tmp' },
    });
  const cli = join(root, 'dist/adapters/cli/deputy.js');
  const agent = asNobody([cli, 'agent', '--socket', '/tmp/never.sock', '--state', '/tmp/never']);
  expect(agent.status).toBe(1);
  expect(agent.stderr).toContain('DEPUTY_E_NOT_ROOT');
  const doctor = asNobody([cli, 'doctor', '--json']);
  expect(doctor.status).toBe(1);
  const report = JSON.parse(doctor.stdout) as {
    canServe: boolean;
    checks: { check: string; remedy?: string }[];
  };
  expect(report.canServe).toBe(false);
  expect(report.checks.find(({ check }) => check === 'root')?.remedy).toBeTruthy();
  const demo = asNobody([join(root, 'dist/test/demo/demo.js')]);
  expect(demo.status).toBe(1);
  expect(demo.stdout).toContain('The demo needs root');
});
