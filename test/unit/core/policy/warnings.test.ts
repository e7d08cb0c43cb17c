import { expect, it } from 'vitest';
import { parsePolicy } from '../../../../core/policy/parse.js';
import { policyWarnings } from '../../../../core/policy/warnings.js';

const warningsOf = (targets: unknown[], defaults = {}) =>
  policyWarnings(parsePolicy({ version: 1, defaults: { confinement: 'filesystem', ...defaults }, targets }));

it('says once that sealing is not enforced yet, and where it is asked for', () => {
  expect(warningsOf([])).toEqual([]);
  const warnings = warningsOf([{ match: {}, confinement: 'sealed' }], { confinement: 'sealed' });
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(/^defaults, targets\[0\]: 'confinement: sealed' .* does not seal handles yet/);
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
