import type { Evaluate, PodSecurityCheck } from '../check.js';
import { unlessWindows } from '../exemptions.js';
import type { Pod } from '../pod.js';
import { type SharedField, settersOf } from '../setters.js';
import { forbidden, goQuoted, namedContainers, numbered, quoted, sortedSet } from '../wording.js';

const podAnnotation = 'seccomp.security.alpha.kubernetes.io/pod';
const containerAnnotationPrefix = 'container.seccomp.security.alpha.kubernetes.io/';

/** A seccomp profile may not be taken away: an annotation before 1.19, then a field. */
export const seccompProfileBaseline: PodSecurityCheck = {
  id: 'seccompProfile_baseline',
  level: 'baseline',
  revisions: [
    { sinceMinor: 0, evaluate: allowsAnnotations() },
    { sinceMinor: 19, evaluate: allowsProfiles() },
  ],
};

/** A seccomp profile must be asked for. */
export const seccompProfileRestricted: PodSecurityCheck = {
  id: 'seccompProfile_restricted',
  level: 'restricted',
  revisions: [
    { sinceMinor: 19, evaluate: demandsProfile(), overrides: ['seccompProfile_baseline'] },
    { sinceMinor: 25, evaluate: unlessWindows(demandsProfile()), overrides: ['seccompProfile_baseline'] },
  ],
};

const profileType: SharedField<string> = {
  path: 'seccompProfile.type',
  // A profile without a type is an empty one, which is none of the allowed.
  ofPod: ({ seccompProfile: profile }) => profile && (profile.type ?? ''),
  ofContainer: ({ seccompProfile: profile }) => profile && (profile.type ?? ''),
  isAllowed: (type) => type === 'RuntimeDefault' || type === 'Localhost',
};

function allowsAnnotations(): Evaluate {
  return ({ annotations, containers }) => {
    const looked = new Set([
      podAnnotation,
      ...containers.map(({ name }) => `${containerAnnotationPrefix}${name}`),
    ]);
    const bad = [...looked].filter((key) => Object.hasOwn(annotations, key) && !isAllowed(annotations[key]));
    if (bad.length === 0) return undefined;
    const texts = sortedSet(bad.map((key) => `${key}=${goQuoted(annotations[key] ?? '')}`));
    return {
      reason: 'seccompProfile',
      detail: `forbidden ${numbered(texts.length, 'annotation')} ${texts.join(', ')}`,
      fields: bad.map((key) => forbidden(`metadata.annotations[${key}]`, annotations[key] ?? '')),
    };
  };
}

function isAllowed(annotation = ''): boolean {
  return (
    annotation === 'runtime/default' || annotation === 'docker/default' || annotation.startsWith('localhost/')
  );
}

function allowsProfiles(): Evaluate {
  return (pod) => forbiddenProfiles(pod);
}

function demandsProfile(): Evaluate {
  return (pod) => {
    const finding = forbiddenProfiles(pod);
    if (finding !== undefined) return finding;
    const { open, openFields } = settersOf(pod, profileType);
    if (open.length === 0) return undefined;
    const allowed = 'securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"';
    return {
      reason: 'seccompProfile',
      detail: `pod or ${namedContainers(open)} must set ${allowed}`,
      fields: openFields,
    };
  };
}

function forbiddenProfiles(pod: Pod) {
  const { bad, badValues, badFields } = settersOf(pod, profileType);
  if (bad.length === 0) return undefined;
  const values = quoted(sortedSet(badValues));
  return {
    reason: 'seccompProfile',
    detail: `${bad.join(' and ')} must not set securityContext.seccompProfile.type to ${values}`,
    fields: badFields,
  };
}
