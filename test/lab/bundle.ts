import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const targetUid = 107;
export const targetGid = 107;

export interface BundleOptions {
  readonly containerId: string;
  readonly args: readonly string[];
  readonly cgroup: string;
  readonly rootfs: string;
  readonly shareDirectory: string;
  readonly socketDirectory: string;
  /** None by default: that is the point. Given ones are ambient too, as the target isn't root. */
  readonly capabilities?: readonly string[];
  /** Where the runtime sends the seccomp listener; without it there is no seccomp section. */
  readonly agentSocket?: string;
  readonly listenerMetadata?: string;
  /** Such as SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, which not every runtime knows. */
  readonly flags?: readonly string[];
  /** The calls that go to the agent. */
  readonly notifySyscalls?: readonly string[];
  /** A seccomp section to use as it is, such as what `deputy profile` prints. */
  readonly seccompProfile?: object;
  /** Gives it a user namespace whose ids are these outside; its process is root there. */
  readonly userNamespaceFirstId?: number;
}

const idCount = 65_536;
const namespaces = ['pid', 'mount', 'network', 'ipc', 'uts', 'cgroup'].map((type) => ({ type }));

function seccompSection(options: BundleOptions): object | undefined {
  if (options.seccompProfile !== undefined) return options.seccompProfile;
  if (options.agentSocket === undefined) return undefined;
  return {
    defaultAction: 'SCMP_ACT_ALLOW',
    architectures: ['SCMP_ARCH_X86_64'],
    listenerPath: options.agentSocket,
    ...(options.listenerMetadata === undefined ? {} : { listenerMetadata: options.listenerMetadata }),
    ...(options.flags === undefined ? {} : { flags: options.flags }),
    syscalls: [
      {
        names: options.notifySyscalls ?? ['open_by_handle_at', 'name_to_handle_at'],
        action: 'SCMP_ACT_NOTIFY',
      },
    ],
  };
}

function mounts(options: BundleOptions): object[] {
  const bind = (source: string, destination: string) => ({
    destination,
    source,
    type: 'bind',
    options: ['bind', 'rw', 'nosuid', 'nodev'],
  });
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=64k'],
    },
    {
      destination: '/tmp',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'nodev', 'mode=1777', 'size=16m'],
    },
    bind(options.shareDirectory, '/share'),
    bind(options.socketDirectory, '/sock'),
  ];
}

/** The OCI configuration of an unprivileged container as a pod would have it. */
export function bundleConfig(options: BundleOptions): object {
  const capabilities = options.capabilities ?? [];
  const sets = ['bounding', 'effective', 'permitted', 'inheritable', 'ambient'];
  const seccomp = seccompSection(options);
  const { userNamespaceFirstId: hostID } = options;
  const ids = [{ containerID: 0, hostID, size: idCount }];
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: false,
      user: hostID === undefined ? { uid: targetUid, gid: targetGid } : { uid: 0, gid: 0 },
      args: options.args,
      env: ['PATH=/usr/bin:/bin', 'HOME=/tmp'],
      cwd: '/',
      capabilities: Object.fromEntries(sets.map((name) => [name, capabilities])),
      noNewPrivileges: true,
    },
    root: { path: options.rootfs, readonly: true },
    hostname: 'lab',
    mounts: mounts(options),
    linux: {
      namespaces: hostID === undefined ? namespaces : [...namespaces, { type: 'user' }],
      ...(hostID === undefined ? {} : { uidMappings: ids, gidMappings: ids }),
      cgroupsPath: `${options.cgroup}/${options.containerId}`,
      maskedPaths: ['/proc/kcore', '/proc/keys', '/proc/timer_list'],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
      ...(seccomp === undefined ? {} : { seccomp }),
    },
  };
}

/** Writes the bundle and returns nothing: the runtime reads it from the directory. */
export function writeBundle(directory: string, options: BundleOptions): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(join(directory, 'config.json'), `${JSON.stringify(bundleConfig(options), null, 2)}\n`);
}
