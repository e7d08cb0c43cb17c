import type { Evaluate, PodSecurityCheck } from '../check.js';
import { settersOf } from '../setters.js';
import { forbidden, goQuoted, numbered, quoted, sortedSet } from '../wording.js';

const annotationPrefix = 'container.apparmor.security.beta.kubernetes.io/';

/** An AppArmor profile may not be taken away; the annotation of old versions is still looked at in each. */
export const appArmorProfile: PodSecurityCheck = {
  id: 'appArmorProfile',
  level: 'baseline',
  revisions: [{ sinceMinor: 0, evaluate: allowsProfiles() }],
};

function allowsProfiles(): Evaluate {
  return (pod) => {
    const { bad, badValues, badFields } = settersOf(pod, {
      path: 'appArmorProfile.type',
      // A profile without a type is an empty one, which is none of the allowed.
      ofPod: ({ appArmorProfile: profile }) => profile && (profile.type ?? ''),
      ofContainer: ({ appArmorProfile: profile }) => profile && (profile.type ?? ''),
      isAllowed: (type) => type === 'RuntimeDefault' || type === 'Localhost',
    });
    const annotations = Object.entries(pod.annotations)
      .filter(([key, value]) => key.startsWith(annotationPrefix) && !isAllowedAnnotation(value))
      .map(([key, value]) => ({
        text: `${key}=${goQuoted(value)}`,
        field: forbidden(`metadata.annotations[${key}]`, value),
      }));
    const setters = annotations.length === 0 ? bad : [...bad, numbered(annotations.length, 'annotation')];
    if (setters.length === 0) return undefined;
    const values = [...sortedSet(badValues), ...sortedSet(annotations.map((annotation) => annotation.text))];
    return {
      reason: numbered(values.length, 'forbidden AppArmor profile'),
      detail: `${setters.join(' and ')} must not set AppArmor profile type to ${quoted(values)}`,
      fields: [...badFields, ...annotations.map(({ field }) => field)],
    };
  };
}

function isAllowedAnnotation(value: string): boolean {
  return value === '' || value === 'runtime/default' || value.startsWith('localhost/');
}
