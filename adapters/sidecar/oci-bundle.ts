import { dirname } from 'node:path';
import { type Sidecar, sidecarArguments, stateVolumePath } from './sidecar-spec.js';

/**
 * What the OCI form has, in every set: an OCI runtime gives ambient capabilities, so a sidecar starts as the
 * target's user and never is root.
 */
export const ociCapabilities = ['CAP_DAC_READ_SEARCH'] as const;

const capabilitySets = ['bounding', 'effective', 'permitted', 'inheritable', 'ambient'] as const;

export interface OciSidecar extends Sidecar {
  /** The root file system of the bundle. */
  readonly rootPath: string;
  /** A process of the target: its pid namespace is shared, or nobody could be looked at. */
  readonly targetProcess: number;
  readonly cgroupsPath?: string;
}

interface Mount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

function bind(source: string, destination: string, ...more: readonly string[]): Mount {
  return { destination, type: 'bind', source, options: ['bind', 'nosuid', 'nodev', ...more] };
}

function mounts(spec: OciSidecar): Mount[] {
  const proc = { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] };
  const deviceOptions = ['nosuid', 'noexec', 'mode=755', 'size=64k'];
  return [
    proc,
    { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: deviceOptions },
    ...spec.shares.map(({ name, path }) => bind(spec.sources[name] ?? path, path)),
    bind(spec.socketSource, dirname(spec.socketPath), 'noexec'),
    bind(spec.stateSource, stateVolumePath(spec), 'noexec'),
  ];
}

/** config.json of a bundle (OCI runtime specification) that crun or runc runs as the sidecar. */
export function ociBundle(spec: OciSidecar): Record<string, unknown> {
  const { user: uid, group: gid, groups: additionalGids, targetProcess, cgroupsPath } = spec;
  const namespaces = ['mount', 'network', 'ipc', 'uts', 'cgroup'].map((type) => ({ type }));
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: false,
      user: { uid, gid, additionalGids },
      args: sidecarArguments(spec),
      env: ['PATH=/usr/local/bin:/usr/bin:/bin'],
      cwd: '/',
      capabilities: Object.fromEntries(capabilitySets.map((set) => [set, [...ociCapabilities]])),
      noNewPrivileges: true,
    },
    root: { path: spec.rootPath, readonly: true },
    hostname: `deputy-${spec.form}`,
    mounts: mounts(spec),
    linux: {
      namespaces: [...namespaces, { type: 'pid', path: `/proc/${targetProcess}/ns/pid` }],
      ...(cgroupsPath === undefined ? {} : { cgroupsPath }),
      maskedPaths: ['/proc/kcore', '/proc/keys', '/proc/timer_list', '/sys/firmware'],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
    },
  };
}
