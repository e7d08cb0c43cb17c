import { expect, test } from 'vitest';
import { type Diagnosis, diagnosis } from '../../../../adapters/doctor/diagnosis.js';
import { canServe, diagnose } from '../../../../adapters/doctor/index.js';

const onLinux = process.platform === 'linux';
const line = (strategy: Diagnosis['strategy'], check: string, ok: boolean, optional = false): Diagnosis =>
  diagnosis(strategy, check, ok, 'detail', 'remedy', optional);

test('a remedy stands only where there is something to mend', () => {
  expect(line('machine', 'a', true)).not.toHaveProperty('remedy');
  expect(line('machine', 'a', false)).toMatchObject({ remedy: 'remedy' });
});

test('what decides is the strategy, root and Node; and nothing that is optional', () => {
  const good = [line('machine', 'root', true), line('seccomp-notify', 'notifier', true)];
  expect(canServe(good)).toBe(true);
  expect(canServe([...good, line('seccomp-notify', 'wake-up', false, true)])).toBe(true);
  expect(canServe([...good, line('dispatcher', 'x', false), line('machine', 'crun', false)])).toBe(true);
  expect(canServe([...good, line('seccomp-notify', 'memory', false)])).toBe(false);
  expect(canServe([...good, line('machine', 'root', false)])).toBe(false);
});

test.runIf(onLinux)('each line of this machine says what was found, each no what to do', async () => {
  const lines = await diagnose();
  expect(lines.length).toBeGreaterThan(15);
  expect(new Set(lines.map(({ strategy, check }) => `${strategy} ${check}`)).size).toBe(lines.length);
  for (const { check, detail, ok, remedy } of lines) {
    expect(detail, check).not.toBe('');
    if (!ok) expect(remedy, check).toMatch(/\.$/);
  }
  expect(canServe(lines)).toBe(process.getuid?.() === 0);
});
