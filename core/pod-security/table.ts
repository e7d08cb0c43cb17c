import type { CheckRevision, PodSecurityCheck } from './check.js';
import { appArmorProfile } from './checks/app-armor-profile.js';
import { capabilitiesBaseline, capabilitiesRestricted } from './checks/capabilities.js';
import { hostNamespaces, hostPathVolumes, hostPorts } from './checks/host-access.js';
import { hostProbesAndHostLifecycle } from './checks/host-probes.js';
import { allowPrivilegeEscalation, privileged, procMount, procMountRestricted } from './checks/privileges.js';
import { restrictedVolumes } from './checks/restricted-volumes.js';
import { seLinuxOptions } from './checks/se-linux-options.js';
import { seccompProfileBaseline, seccompProfileRestricted } from './checks/seccomp-profile.js';
import { sysctls } from './checks/sysctls.js';
import { runAsNonRoot, runAsUser } from './checks/users.js';
import { windowsHostProcess } from './checks/windows-host-process.js';
import type { PodSecurityLevel, PodSecurityVersion } from './policy.js';

/** The checks of the Pod Security Standards as of Kubernetes 1.37: the baseline's, then restricted's. */
export const podSecurityChecks: readonly PodSecurityCheck[] = [
  appArmorProfile,
  capabilitiesBaseline,
  hostNamespaces,
  hostPathVolumes,
  hostPorts,
  hostProbesAndHostLifecycle,
  privileged,
  procMount,
  seLinuxOptions,
  seccompProfileBaseline,
  sysctls,
  windowsHostProcess,
  allowPrivilegeEscalation,
  capabilitiesRestricted,
  procMountRestricted,
  restrictedVolumes,
  runAsNonRoot,
  runAsUser,
  seccompProfileRestricted,
];

/** The minor version that changed a check last: 'latest', and what any later version is judged as. */
export const newestPodSecurityMinor = Math.max(
  ...podSecurityChecks.flatMap(({ revisions }) => revisions.map(({ sinceMinor }) => sinceMinor)),
);

/** The minor version whose checks hold for a version. */
export function effectiveMinor(version: PodSecurityVersion): number {
  return version === 'latest' ? newestPodSecurityMinor : Math.min(version.minor, newestPodSecurityMinor);
}

/** The checks that a level and version has, each as it was then, in the order of Kubernetes' messages. */
export function checksOf(
  level: PodSecurityLevel,
  version: PodSecurityVersion,
): { readonly id: string; readonly revision: CheckRevision }[] {
  if (level === 'privileged') return [];
  const minor = effectiveMinor(version);
  const present = podSecurityChecks
    .filter((check) => level === 'restricted' || check.level === 'baseline')
    .flatMap(({ id, revisions }) => {
      const revision = revisions.findLast(({ sinceMinor }) => sinceMinor <= minor);
      return revision === undefined ? [] : [{ id, revision }];
    });
  const overridden = new Set(present.flatMap(({ revision }) => revision.overrides ?? []));
  return present.filter(({ id }) => !overridden.has(id));
}
