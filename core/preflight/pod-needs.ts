type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/**
 * The container beside the target that holds CAP_DAC_READ_SEARCH, as Pod Security looks at it. Kubernetes
 * gives no ambient capabilities: it starts as root, and becomes the target's user.
 */
function sidecarContainer(name: string, filter: string): Fields {
  return {
    name,
    securityContext: {
      runAsUser: 0,
      runAsNonRoot: false,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'], add: ['DAC_READ_SEARCH', 'SETUID', 'SETGID'] },
      seccompProfile: { type: filter },
    },
  };
}

function withContainer(pod: unknown, container: Fields): unknown {
  const { spec, ...rest } = fieldsOf(pod);
  const fields = fieldsOf(spec);
  const containers = [...listOf(fields['containers']), container];
  // The sidecar has to see the target's process.
  return { ...rest, spec: { ...fields, shareProcessNamespace: true, containers } };
}

/** The pod with a broker beside its containers. */
export function withBroker(pod: unknown): unknown {
  return withContainer(pod, sidecarContainer('deputy-broker', 'RuntimeDefault'));
}

/** Brings the wrapper to where the target finds it; any level lets it in. */
const wrapperContainer = {
  name: 'deputy-wrap',
  securityContext: {
    runAsUser: 65534,
    runAsNonRoot: true,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  },
};

/** The pod with a notifier beside its containers, whose profile lets their calls through to it. */
export function withNotifierSidecar(pod: unknown): unknown {
  // The default profile refuses pidfd_getfd(2); the notifier has a filter of its own.
  const added = fieldsOf(
    withContainer(withNotifierProfile(pod), sidecarContainer('deputy-notifier', 'Unconfined')),
  );
  const spec = fieldsOf(added['spec']);
  return {
    ...added,
    spec: { ...spec, initContainers: [...listOf(spec['initContainers']), wrapperContainer] },
  };
}

/** Has the pod a user namespace of its own? There a capability is good for that namespace alone. */
export function hasOwnUserNamespace(pod: unknown): boolean {
  return fieldsOf(fieldsOf(pod)['spec'])['hostUsers'] === false;
}

/** The pod whose containers have deputy's seccomp profile, with which their calls go to the agent. */
export function withNotifierProfile(pod: unknown): unknown {
  const { spec, ...rest } = fieldsOf(pod);
  const fields = fieldsOf(spec);
  const seccompProfile = { type: 'Localhost', localhostProfile: 'deputy.json' };
  const containers = listOf(fields['containers']).map((container) => {
    const { securityContext, ...others } = fieldsOf(container);
    return { ...others, securityContext: { ...fieldsOf(securityContext), seccompProfile } };
  });
  return { ...rest, spec: { ...fields, containers } };
}

/** A pod that every level lets in: what is judged where no pod is given. */
export const plainPod: unknown = {
  spec: {
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'target',
        securityContext: {
          allowPrivilegeEscalation: false,
          runAsNonRoot: true,
          capabilities: { drop: ['ALL'] },
        },
      },
    ],
  },
};
