/** A pod of a test, in the form that a manifest has it; what a test changes need not be right. */
export interface TestPod {
  metadata?: { annotations?: Record<string, string> };
  // biome-ignore lint/suspicious/noExplicitAny: tests put wrong things into pods.
  spec: Record<string, any>;
}

/** What a test does to a pod that is allowed. */
export type Change = (spec: TestPod['spec'], container: TestPod['spec'], pod: TestPod) => void;

/** The pod that says the least and is allowed: an init container and an ordinary one. */
export function allowedPod(level: string, minor: number): TestPod {
  const container = () => {
    if (level !== 'restricted') return {};
    const securityContext = {
      ...(minor >= 8 ? { allowPrivilegeEscalation: false } : {}),
      ...(minor >= 22 ? { capabilities: { drop: ['ALL'] } } : {}),
    };
    return { securityContext };
  };
  return {
    spec: {
      initContainers: [{ name: 'first', ...container() }],
      containers: [{ name: 'main', ...container() }],
      ...(level === 'restricted'
        ? {
            securityContext: {
              runAsNonRoot: true,
              ...(minor >= 19 ? { seccompProfile: { type: 'RuntimeDefault' } } : {}),
            },
          }
        : {}),
    },
  };
}

/** The allowed pod after a change; with `where`, of the containers the one there is handed over. */
export function changedPod(
  level: string,
  minor: number,
  change: Change,
  where: 'containers' | 'initContainers' | 'ephemeralContainers' = 'containers',
): TestPod {
  const pod = allowedPod(level, minor);
  if (where === 'ephemeralContainers') {
    pod.spec['ephemeralContainers'] = [{ ...structuredClone(pod.spec['containers'][0]), name: 'debug' }];
  }
  change(pod.spec, pod.spec[where][0], pod);
  return pod;
}

/** Sets a field of a security context without touching the rest. */
export function secure(owner: TestPod['spec'], fields: object): void {
  owner['securityContext'] = { ...owner['securityContext'], ...fields };
}

/** Adds capabilities without touching what is dropped. */
export function addCapabilities(container: TestPod['spec'], add: readonly string[]): void {
  secure(container, { capabilities: { ...container['securityContext']?.capabilities, add } });
}
