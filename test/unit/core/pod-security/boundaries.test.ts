import { describe, expect, it, test } from 'vitest';
import { evaluatePodSecurity } from '../../../../core/pod-security/evaluate.js';
import { checksOf, newestPodSecurityMinor, podSecurityChecks } from '../../../../core/pod-security/table.js';
import { type Boundary, boundaries } from './boundaries.js';
import { allowedPod, type Change, changedPod } from './pods.js';

// One more than the newest: what comes later is judged by the newest.
const newest = newestPodSecurityMinor + 1;
const places = ['containers', 'initContainers', 'ephemeralContainers'] as const;

function judge(level: string, minor: number, change: Change, where: (typeof places)[number]) {
  return evaluatePodSecurity(changedPod(level, minor, change, where), { level, version: `v1.${minor}` });
}

/** The level of the boundary, and 'restricted', which has the baseline's checks or ones that say more. */
function levelsOf({ check, level }: Boundary, minor: number): string[] {
  const isOverridden = !checksOf('restricted', { minor }).some(({ id }) => id === check);
  return level === 'baseline' && !isOverridden ? ['baseline', 'restricted'] : [level];
}

function minorsOf({ from, to = newest }: Boundary): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

describe.each(boundaries)('$check in $level from 1.$from on', (boundary) => {
  it.each(Object.entries(boundary.allows))('allows %s', (_, change) => {
    for (const minor of minorsOf(boundary)) {
      for (const level of levelsOf(boundary, minor)) {
        for (const where of places) {
          const { violations } = judge(level, minor, change, where);
          expect(violations, `${level} 1.${minor} ${where}`).toEqual([]);
        }
      }
    }
  });

  it.each(Object.entries(boundary.refuses))('refuses %s', (_, change) => {
    for (const minor of minorsOf(boundary)) {
      for (const level of levelsOf(boundary, minor)) {
        for (const where of places) {
          const { allowed, violations } = judge(level, minor, change, where);
          const where1 = `${level} 1.${minor} ${where}`;
          expect(allowed, where1).toBe(false);
          expect(
            violations.map(({ check }) => check),
            where1,
          ).toContain(boundary.check);
        }
      }
    }
  });
});

test('before its first version, a check refuses nothing', () => {
  for (const { id, level, revisions } of podSecurityChecks) {
    const first = revisions[0].sinceMinor;
    const [boundary] = boundaries.filter(({ check }) => check === id);
    if (boundary === undefined || first === 0) continue;
    for (const change of Object.values(boundary.refuses)) {
      const { violations } = judge(level, first - 1, change, 'containers');
      expect(violations.map(({ check }) => check)).not.toContain(id);
    }
  }
});

test('each revision of each check has its boundary', () => {
  const changes = podSecurityChecks.flatMap(({ id, revisions }) =>
    revisions.map(({ sinceMinor }) => `${id} 1.${sinceMinor}`),
  );
  expect([...new Set(boundaries.map(({ check, from }) => `${check} 1.${from}`))].sort()).toEqual(
    changes.sort(),
  );
});

test('the pod that says least is allowed, by its level and by any that allows more', () => {
  for (let minor = 0; minor <= newest; minor += 1) {
    for (const level of ['privileged', 'baseline', 'restricted']) {
      const pod = allowedPod('restricted', minor);
      expect(evaluatePodSecurity(pod, { level, version: `v1.${minor}` }).violations).toEqual([]);
    }
  }
});
