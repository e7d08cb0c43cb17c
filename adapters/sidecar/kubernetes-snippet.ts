import { dirname } from 'node:path';
import { Document } from 'yaml';
import { type BrokerSidecar, brokerArguments, stateVolumePath } from './sidecar-spec.js';

/**
 * What the Kubernetes form is given: there are no ambient capabilities, so it starts as root with what it
 * takes to become the target's user, and keeps the first alone.
 */
export const kubernetesCapabilities = ['DAC_READ_SEARCH', 'SETUID', 'SETGID'] as const;

export interface KubernetesSidecar extends BrokerSidecar {
  readonly image: string;
}

function volumeMounts(spec: KubernetesSidecar): object[] {
  return [
    ...spec.shares.map(({ name, path }) => ({ name: spec.sources[name] ?? name, mountPath: path })),
    { name: spec.socketSource, mountPath: dirname(spec.socketPath) },
    { name: spec.stateSource, mountPath: stateVolumePath(spec) },
  ];
}

/** The container that is put beside the target's. */
export function kubernetesContainer(spec: KubernetesSidecar): Record<string, unknown> {
  return {
    name: 'deputy-broker',
    image: spec.image,
    command: brokerArguments(spec),
    securityContext: {
      // A target that is root needs no change of user, and no capability for one.
      runAsUser: 0,
      runAsGroup: spec.user === 0 ? spec.group : 0,
      runAsNonRoot: false,
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: {
        drop: ['ALL'],
        add: spec.user === 0 ? ['DAC_READ_SEARCH'] : [...kubernetesCapabilities],
      },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    resources: { requests: { cpu: '10m', memory: '96Mi' }, limits: { memory: '256Mi' } },
    volumeMounts: volumeMounts(spec),
  };
}

/** The parts of a pod's specification that the sidecar adds, as YAML. */
export function kubernetesSnippet(spec: KubernetesSidecar): string {
  const document = new Document({
    spec: {
      shareProcessNamespace: true,
      containers: [kubernetesContainer(spec)],
      volumes: [
        { name: spec.socketSource, emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
        { name: spec.stateSource, emptyDir: { sizeLimit: '256Mi' } },
      ],
    },
  });
  document.commentBefore = [
    ' What deputy adds to a pod. The volumes that are shared are the pod’s own, and mounted here as in the',
    ` target. The target's container runs as user ${spec.user} and mounts '${spec.socketSource}' at`,
    ` ${dirname(spec.socketPath)}. It must not mount '${spec.stateSource}': its handles' keys are there.`,
  ].join('\n');
  return document.toString({ lineWidth: 0 });
}
