import { expect, it, test } from 'vitest';
import {
  checksOf,
  effectiveMinor,
  newestPodSecurityMinor,
  podSecurityChecks,
} from '../../../../core/pod-security/table.js';

/** What Kubernetes registers (pkg k8s.io/pod-security-admission/policy), by level in the order of its messages. */
const baseline = {
  appArmorProfile: [0],
  capabilities_baseline: [0],
  hostNamespaces: [0],
  hostPathVolumes: [0],
  hostPorts: [0],
  hostProbesAndHostLifecycle: [34],
  privileged: [0],
  procMount: [0, 35],
  seLinuxOptions: [0, 31],
  seccompProfile_baseline: [0, 19],
  sysctls: [0, 27, 29, 32, 37],
  windowsHostProcess: [0],
};
const restricted = {
  allowPrivilegeEscalation: [8, 25],
  capabilities_restricted: [22, 25],
  procMount_restricted: [35],
  restrictedVolumes: [0],
  runAsNonRoot: [0, 35],
  runAsUser: [23, 35],
  seccompProfile_restricted: [19, 25],
};

test('the checks are those of Kubernetes, in its order, each with its versions', () => {
  const found = (level: string) =>
    podSecurityChecks
      .filter((check) => check.level === level)
      .map(({ id, revisions }) => [id, revisions.map(({ sinceMinor }) => sinceMinor)]);
  expect(found('baseline')).toEqual(Object.entries(baseline));
  expect(found('restricted')).toEqual(Object.entries(restricted));
  for (const checks of [baseline, restricted]) {
    expect(Object.keys(checks)).toEqual(Object.keys(checks).sort());
  }
});

it.each([
  [0, ['hostPathVolumes']],
  [18, ['hostPathVolumes']],
  [19, ['hostPathVolumes', 'seccompProfile_baseline']],
  [22, ['hostPathVolumes', 'seccompProfile_baseline', 'capabilities_baseline']],
  [34, ['hostPathVolumes', 'seccompProfile_baseline', 'capabilities_baseline']],
  [35, ['hostPathVolumes', 'seccompProfile_baseline', 'capabilities_baseline', 'procMount']],
])('restricted of 1.%i leaves out what it says more of: %j', (minor, overridden) => {
  const ids = checksOf('restricted', { minor }).map(({ id }) => id);
  const ofBaseline = checksOf('baseline', { minor }).map(({ id }) => id);
  expect(ofBaseline.filter((id) => !ids.includes(id)).sort()).toEqual([...overridden].sort());
});

test('an override only ever leaves out a check of the baseline', () => {
  for (const { level, revisions } of podSecurityChecks) {
    for (const id of revisions.flatMap(({ overrides = [] }) => overrides)) {
      expect(level).toBe('restricted');
      expect(Object.keys(baseline)).toContain(id);
    }
  }
});

test('latest, and what is newer than the newest change, is the newest', () => {
  expect(newestPodSecurityMinor).toBe(37);
  expect(effectiveMinor('latest')).toBe(37);
  expect(effectiveMinor({ minor: 10_000 })).toBe(37);
  expect(effectiveMinor({ minor: 36 })).toBe(36);
  expect(checksOf('restricted', 'latest')).toEqual(checksOf('restricted', { minor: 37 }));
});
