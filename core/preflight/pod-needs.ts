type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The container beside the target that holds CAP_DAC_READ_SEARCH, as Pod Security looks at it. */
const sidecarContainer = {
  name: 'deputy-broker',
  securityContext: {
    // Kubernetes gives no ambient capabilities: it starts as root, and becomes the target's user.
    runAsUser: 0,
    runAsNonRoot: false,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'], add: ['DAC_READ_SEARCH', 'SETUID', 'SETGID'] },
    seccompProfile: { type: 'RuntimeDefault' },
  },
};

/** The pod with a sidecar, which sees the target's process. */
export function withSidecar(pod: unknown): unknown {
  const { spec, ...rest } = fieldsOf(pod);
  const fields = fieldsOf(spec);
  const containers = [...listOf(fields['containers']), sidecarContainer];
  return { ...rest, spec: { ...fields, shareProcessNamespace: true, containers } };
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
