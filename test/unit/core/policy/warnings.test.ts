import { expect, it } from 'vitest';
import { parsePolicy } from '../../../../core/policy/parse.js';
import { policyWarnings } from '../../../../core/policy/warnings.js';

const warningsOf = (targets: unknown[], defaults = {}) =>
  policyWarnings(parsePolicy({ version: 1, defaults: { confinement: 'filesystem', ...defaults }, targets }));

it('says what no confinement means, once, and where it is asked for', () => {
  expect(warningsOf([])).toEqual([]);
  const warnings = warningsOf([{ match: {}, confinement: 'none' }], { confinement: 'none' });
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(/^defaults, targets\[0\]: 'confinement: none' lets a target open every file/);
});

it('says where nothing would ever be sealed', () => {
  const only = { syscalls: ['open_by_handle_at'] };
  expect(warningsOf([], only)).toEqual([]);
  expect(warningsOf([{ match: {}, confinement: 'sealed' }], only)).toEqual([
    expect.stringMatching(/^targets\[0\]: without name_to_handle_at in 'syscalls' no handle is ever sealed/),
  ]);
});

it('names rules that are never reached', () => {
  const rules = [
    { match: { container: 'a' } },
    { match: { container: 'a' } },
    { match: { container: '**' } },
    { match: { container: 'b' } },
  ];
  expect(warningsOf(rules)).toEqual([
    'targets[1]: never reached, since targets[0] has the same match.',
    'targets[3]: never reached, since targets[2] matches every target.',
  ]);
});
