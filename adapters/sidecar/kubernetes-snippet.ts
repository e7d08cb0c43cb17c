import { dirname } from 'node:path';
import { Document } from 'yaml';
import { type Sidecar, sidecarArguments, stateVolumePath } from './sidecar-spec.js';

/**
 * What the Kubernetes form is given: there are no ambient capabilities, so it starts as root with what it
 * takes to become the target's user, and keeps the first alone.
 */
export const kubernetesCapabilities = ['DAC_READ_SEARCH', 'SETUID', 'SETGID'] as const;

export interface KubernetesSidecar extends Sidecar {
  readonly image: string;
}

/** A notifier is three processes of Node. */
const resourcesOf = {
  broker: { requests: { cpu: '10m', memory: '96Mi' }, limits: { memory: '256Mi' } },
  notifier: { requests: { cpu: '20m', memory: '192Mi' }, limits: { memory: '512Mi' } },
} as const;

/** Where the target's container has the wrapper. */
const wrapperVolume = 'deputy-wrap';
const wrapperDirectory = '/deputy-wrap';

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
    name: `deputy-${spec.form}`,
    image: spec.image,
    command: sidecarArguments(spec),
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
      // RuntimeDefault refuses pidfd_getfd without CAP_SYS_PTRACE; a notifier has a filter of its own.
      seccompProfile: { type: spec.form === 'notifier' ? 'Unconfined' : 'RuntimeDefault' },
    },
    resources: resourcesOf[spec.form],
    volumeMounts: volumeMounts(spec),
  };
}

/** Brings the wrapper to where the target's container finds it; with no more rights than that. */
function wrapperContainer(spec: KubernetesSidecar): Record<string, unknown> {
  return {
    name: wrapperVolume,
    image: spec.image,
    command: [...spec.command, 'sidecar', 'wrap', `${wrapperDirectory}/deputy-wrap`],
    securityContext: {
      runAsUser: 65534,
      runAsGroup: 65534,
      runAsNonRoot: true,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumeMounts: [{ name: wrapperVolume, mountPath: wrapperDirectory }],
  };
}

function volumes(spec: KubernetesSidecar): object[] {
  return [
    { name: spec.socketSource, emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
    { name: spec.stateSource, emptyDir: { sizeLimit: '256Mi' } },
    ...(spec.form === 'notifier' ? [{ name: wrapperVolume, emptyDir: { sizeLimit: '4Mi' } }] : []),
  ];
}

function comment(spec: KubernetesSidecar): string[] {
  const wrap = `${wrapperDirectory}/deputy-wrap`;
  const common = [
    ` What deputy adds to a pod. The target's container runs as user ${spec.user} and mounts`,
    ` '${spec.socketSource}' at ${dirname(spec.socketPath)}.`,
    ` It must not mount '${spec.stateSource}': its handles' keys are there.`,
  ];
  if (spec.form === 'broker') {
    return [...common, ' The volumes that are shared are the pod’s own, and mounted here as in the target.'];
  }
  return [
    ...common,
    ` It mounts '${wrapperVolume}' at ${wrapperDirectory}, read-only, and its command is`,
    `   [${wrap}, ${spec.socketPath}, --, COMMAND, ARGUMENT ...]`,
    ' Its seccomp profile must let open_by_handle_at through, which RuntimeDefault does not: a refusal there',
    ' comes before the sidecar. docs/how-to/run-a-sidecar.md says how.',
  ];
}

/** The parts of a pod's specification that the sidecar adds, as YAML. */
export function kubernetesSnippet(spec: KubernetesSidecar): string {
  const document = new Document({
    spec: {
      shareProcessNamespace: true,
      ...(spec.form === 'notifier' ? { initContainers: [wrapperContainer(spec)] } : {}),
      containers: [kubernetesContainer(spec)],
      volumes: volumes(spec),
    },
  });
  document.commentBefore = comment(spec).join('\n');
  return document.toString({ lineWidth: 0 });
}
