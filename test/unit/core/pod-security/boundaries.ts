import { addCapabilities, type Change, secure } from './pods.js';

/** What a check does from one version until another changes it. */
export interface Boundary {
  readonly check: string;
  readonly level: 'baseline' | 'restricted';
  /** The first and last minor version that it holds for; no last: for good. */
  readonly from: number;
  readonly to?: number;
  /** What is allowed in these versions. */
  readonly allows: Readonly<Record<string, Change>>;
  /** What is refused, by whatever container it is done to, if it is done to one. */
  readonly refuses: Readonly<Record<string, Change>>;
}

const podSeccomp = 'seccomp.security.alpha.kubernetes.io/pod';
const containerSeccomp = 'container.seccomp.security.alpha.kubernetes.io/';
const containerAppArmor = 'container.apparmor.security.beta.kubernetes.io/';

const annotate =
  (key: string | ((container: string) => string), value: string): Change =>
  (_, container, pod) => {
    const name = typeof key === 'string' ? key : key(container['name']);
    pod.metadata = { annotations: { [name]: value } };
  };
const ofContainer =
  (fields: object): Change =>
  (_, container) =>
    secure(container, fields);
const ofPod =
  (fields: object): Change =>
  (spec) =>
    secure(spec, fields);
const ofSpec =
  (fields: object): Change =>
  (spec) => {
    Object.assign(spec, fields);
  };
const inUserNamespace =
  (change: Change): Change =>
  (spec, container, pod) => {
    spec['hostUsers'] = false;
    change(spec, container, pod);
  };
const onWindows =
  (change: Change): Change =>
  (spec, container, pod) => {
    spec['os'] = { name: 'windows' };
    change(spec, container, pod);
  };
const withSysctl = (name: string) => ofPod({ sysctls: [{ name, value: '0' }] });
const withVolume = (type: string) => ofSpec({ volumes: [{ name: 'v', [type]: {} }] });
const withoutField =
  (name: string): Change =>
  (_, container) => {
    delete container['securityContext'][name];
  };
const withHost =
  (handler: string, action: string, host?: string): Change =>
  (_, container) => {
    const value = { [action]: { port: 80, ...(host === undefined ? {} : { host }) } };
    if (handler.endsWith('Probe')) container[handler] = value;
    else container['lifecycle'] = { [handler]: value };
  };

const nonRootRefused: Record<string, Change> = {
  'false for the pod': ofPod({ runAsNonRoot: false }),
  'false for a container': ofContainer({ runAsNonRoot: false }),
  'nowhere said': (spec) => {
    delete spec['securityContext'].runAsNonRoot;
  },
};
const userRefused: Record<string, Change> = {
  '0 for the pod': ofPod({ runAsUser: 0 }),
  '0 for a container': ofContainer({ runAsUser: 0 }),
};
const seccompUnset: Change = (spec) => {
  delete spec['securityContext'].seccompProfile;
};

/** Each check at each version at which it changes. */
export const boundaries: readonly Boundary[] = [
  {
    check: 'appArmorProfile',
    level: 'baseline',
    from: 0,
    allows: {
      'a profile of the runtime': ofPod({ appArmorProfile: { type: 'RuntimeDefault' } }),
      'a profile of the host': ofContainer({ appArmorProfile: { type: 'Localhost' } }),
      'an empty annotation': annotate((name) => containerAppArmor + name, ''),
      'the default by annotation': annotate((name) => containerAppArmor + name, 'runtime/default'),
      'one of the host by annotation': annotate((name) => containerAppArmor + name, 'localhost/x'),
    },
    refuses: {
      'none for the pod': ofPod({ appArmorProfile: { type: 'Unconfined' } }),
      'none for a container': ofContainer({ appArmorProfile: { type: 'Unconfined' } }),
      'no type': ofContainer({ appArmorProfile: {} }),
      'none by annotation': annotate((name) => containerAppArmor + name, 'unconfined'),
    },
  },
  {
    check: 'capabilities_baseline',
    level: 'baseline',
    from: 0,
    allows: { NET_BIND_SERVICE: (_, container) => addCapabilities(container, ['NET_BIND_SERVICE']) },
    refuses: {
      NET_RAW: (_, container) => addCapabilities(container, ['CHOWN', 'NET_RAW']),
      'lower case': (_, container) => addCapabilities(container, ['chown']),
      'with its prefix': (_, container) => addCapabilities(container, ['CAP_CHOWN']),
    },
  },
  {
    check: 'hostNamespaces',
    level: 'baseline',
    from: 0,
    allows: { 'said to be not': ofSpec({ hostNetwork: false, hostPID: false, hostIPC: false }) },
    refuses: {
      network: ofSpec({ hostNetwork: true }),
      processes: ofSpec({ hostPID: true }),
      'inter-process communication': ofSpec({ hostIPC: true }),
    },
  },
  {
    check: 'hostPathVolumes',
    level: 'baseline',
    from: 0,
    allows: { 'another volume': withVolume('emptyDir') },
    refuses: { 'a path': ofSpec({ volumes: [{ name: 'v', hostPath: { path: '/' } }] }) },
  },
  {
    check: 'hostPorts',
    level: 'baseline',
    from: 0,
    allows: {
      'a port of the container': (_, container) => {
        container['ports'] = [{ containerPort: 80, hostPort: 0 }, { containerPort: 81 }];
      },
    },
    refuses: {
      'a port of the host': (_, container) => {
        container['ports'] = [{ containerPort: 80 }, { containerPort: 81, hostPort: 81 }];
      },
    },
  },
  {
    check: 'hostProbesAndHostLifecycle',
    level: 'baseline',
    from: 34,
    allows: {
      'no host': withHost('livenessProbe', 'httpGet'),
      'an empty host': withHost('preStop', 'tcpSocket', ''),
    },
    refuses: {
      'in the liveness probe': withHost('livenessProbe', 'httpGet', 'other.example'),
      'in the readiness probe': withHost('readinessProbe', 'tcpSocket', '::1'),
      'in the startup probe': withHost('startupProbe', 'tcpSocket', '127.0.0.1'),
      'after the start': withHost('postStart', 'httpGet', 'other.example'),
      'before the stop': withHost('preStop', 'tcpSocket', 'other.example'),
    },
  },
  {
    check: 'privileged',
    level: 'baseline',
    from: 0,
    allows: { false: ofContainer({ privileged: false }) },
    refuses: { true: ofContainer({ privileged: true }) },
  },
  {
    check: 'procMount',
    level: 'baseline',
    from: 0,
    to: 34,
    allows: { Default: ofContainer({ procMount: 'Default' }) },
    refuses: {
      Unmasked: ofContainer({ procMount: 'Unmasked' }),
      'Unmasked in a user namespace': inUserNamespace(ofContainer({ procMount: 'Unmasked' })),
    },
  },
  {
    check: 'procMount',
    level: 'baseline',
    from: 35,
    allows: { Default: ofContainer({ procMount: 'Default' }) },
    refuses: { Unmasked: ofContainer({ procMount: 'Unmasked' }) },
  },
  {
    check: 'procMount_restricted',
    level: 'restricted',
    from: 35,
    allows: { 'Default in a user namespace': inUserNamespace(ofContainer({ procMount: 'Default' })) },
    refuses: { 'Unmasked in a user namespace': inUserNamespace(ofContainer({ procMount: 'Unmasked' })) },
  },
  {
    check: 'seLinuxOptions',
    level: 'baseline',
    from: 0,
    to: 30,
    allows: {
      'types of containers': (spec, container) => {
        secure(spec, { seLinuxOptions: { type: 'container_kvm_t', level: 's0:c1' } });
        secure(container, { seLinuxOptions: { type: 'container_init_t' } });
      },
      nothing: ofContainer({ seLinuxOptions: {} }),
    },
    refuses: { 'the type of engines': ofContainer({ seLinuxOptions: { type: 'container_engine_t' } }) },
  },
  {
    check: 'seLinuxOptions',
    level: 'baseline',
    from: 31,
    allows: { 'the type of engines': ofContainer({ seLinuxOptions: { type: 'container_engine_t' } }) },
    refuses: {
      'another type': ofPod({ seLinuxOptions: { type: 'spc_t' } }),
      'a user': ofPod({ seLinuxOptions: { user: 'system_u' } }),
      'a role': ofContainer({ seLinuxOptions: { role: 'system_r' } }),
    },
  },
  {
    check: 'seccompProfile_baseline',
    level: 'baseline',
    from: 0,
    to: 18,
    allows: {
      'the default': annotate(podSeccomp, 'runtime/default'),
      "docker's": annotate((name) => containerSeccomp + name, 'docker/default'),
      'one of the host': annotate((name) => containerSeccomp + name, 'localhost/x'),
      'none for a container that is not there': annotate(`${containerSeccomp}nobody`, 'unconfined'),
      'none in the field, which came later': ofContainer({ seccompProfile: { type: 'Unconfined' } }),
    },
    refuses: {
      'none for the pod': annotate(podSeccomp, 'unconfined'),
      'none for a container': annotate((name) => containerSeccomp + name, 'unconfined'),
      'an empty one': annotate(podSeccomp, ''),
    },
  },
  {
    check: 'seccompProfile_baseline',
    level: 'baseline',
    from: 19,
    allows: {
      'one of the host': ofContainer({ seccompProfile: { type: 'Localhost' } }),
      'none in the annotation, which was before': annotate(podSeccomp, 'unconfined'),
    },
    refuses: {
      'none for the pod': ofPod({ seccompProfile: { type: 'Unconfined' } }),
      'none for a container': ofContainer({ seccompProfile: { type: 'Unconfined' } }),
      'no type': ofContainer({ seccompProfile: {} }),
    },
  },
  ...(
    [
      [0, 26, 'net.ipv4.ip_unprivileged_port_start', 'net.ipv4.ip_local_reserved_ports'],
      [27, 28, 'net.ipv4.ip_local_reserved_ports', 'net.ipv4.tcp_keepalive_time'],
      [29, 31, 'net.ipv4.tcp_keepalive_probes', 'net.ipv4.tcp_rmem'],
      [32, 36, 'net.ipv4.tcp_wmem', 'net.ipv4.tcp_notsent_lowat'],
      [37, undefined, 'net.ipv4.tcp_slow_start_after_idle', 'kernel.msgmax'],
    ] as const
  ).map(
    ([from, to, safe, unsafe]): Boundary => ({
      check: 'sysctls',
      level: 'baseline',
      from,
      ...(to === undefined ? {} : { to }),
      allows: { [safe]: withSysctl(safe) },
      refuses: { [unsafe]: withSysctl(unsafe) },
    }),
  ),
  {
    check: 'windowsHostProcess',
    level: 'baseline',
    from: 0,
    allows: { false: ofPod({ windowsOptions: { hostProcess: false } }) },
    refuses: {
      'for the pod': ofPod({ windowsOptions: { hostProcess: true } }),
      'for a container': ofContainer({ windowsOptions: { hostProcess: true } }),
    },
  },
  {
    check: 'allowPrivilegeEscalation',
    level: 'restricted',
    from: 8,
    to: 24,
    allows: {},
    refuses: {
      true: ofContainer({ allowPrivilegeEscalation: true }),
      'not said': withoutField('allowPrivilegeEscalation'),
      'not said, on Windows': onWindows(withoutField('allowPrivilegeEscalation')),
    },
  },
  {
    check: 'allowPrivilegeEscalation',
    level: 'restricted',
    from: 25,
    allows: { 'not said, on Windows': onWindows(withoutField('allowPrivilegeEscalation')) },
    refuses: { 'not said': withoutField('allowPrivilegeEscalation') },
  },
  {
    check: 'capabilities_restricted',
    level: 'restricted',
    from: 22,
    to: 24,
    allows: { NET_BIND_SERVICE: (_, container) => addCapabilities(container, ['NET_BIND_SERVICE']) },
    refuses: {
      'what the baseline allows': (_, container) => addCapabilities(container, ['CHOWN']),
      'nothing dropped': withoutField('capabilities'),
      'only one dropped': ofContainer({ capabilities: { drop: ['CHOWN'] } }),
      'nothing dropped, on Windows': onWindows(withoutField('capabilities')),
    },
  },
  {
    check: 'capabilities_restricted',
    level: 'restricted',
    from: 25,
    allows: { 'nothing dropped, on Windows': onWindows(withoutField('capabilities')) },
    refuses: { 'nothing dropped': withoutField('capabilities') },
  },
  {
    check: 'restrictedVolumes',
    level: 'restricted',
    from: 0,
    allows: {
      'each allowed type': ofSpec({
        volumes: [
          'configMap',
          'csi',
          'downwardAPI',
          'emptyDir',
          'ephemeral',
          'image',
          'persistentVolumeClaim',
          'projected',
          'secret',
        ].map((type) => ({ name: type.toLowerCase(), [type]: {} })),
      }),
      'no type, which means emptyDir': ofSpec({ volumes: [{ name: 'v' }, { name: 'w', hostPath: null }] }),
    },
    refuses: { nfs: withVolume('nfs'), 'one of tomorrow': withVolume('quantumFoam') },
  },
  {
    check: 'runAsNonRoot',
    level: 'restricted',
    from: 0,
    to: 34,
    allows: {
      'for each container': (spec) => {
        delete spec['securityContext'].runAsNonRoot;
        for (const one of [...spec['containers'], ...spec['initContainers']])
          secure(one, { runAsNonRoot: true });
        for (const one of spec['ephemeralContainers'] ?? []) secure(one, { runAsNonRoot: true });
      },
    },
    refuses: {
      ...nonRootRefused,
      'false in a user namespace': inUserNamespace(ofPod({ runAsNonRoot: false })),
    },
  },
  {
    check: 'runAsNonRoot',
    level: 'restricted',
    from: 35,
    allows: { 'false in a user namespace': inUserNamespace(ofPod({ runAsNonRoot: false })) },
    refuses: nonRootRefused,
  },
  {
    check: 'runAsUser',
    level: 'restricted',
    from: 23,
    to: 34,
    allows: { 'another user': ofPod({ runAsUser: 107 }) },
    refuses: { ...userRefused, '0 in a user namespace': inUserNamespace(ofPod({ runAsUser: 0 })) },
  },
  {
    check: 'runAsUser',
    level: 'restricted',
    from: 35,
    allows: { '0 in a user namespace': inUserNamespace(ofPod({ runAsUser: 0 })) },
    refuses: userRefused,
  },
  {
    check: 'seccompProfile_restricted',
    level: 'restricted',
    from: 19,
    to: 24,
    allows: {
      'for each container': (spec) => {
        seccompUnset(spec, spec, { spec });
        for (const one of [...spec['containers'], ...spec['initContainers']]) {
          secure(one, { seccompProfile: { type: 'Localhost' } });
        }
        for (const one of spec['ephemeralContainers'] ?? []) {
          secure(one, { seccompProfile: { type: 'RuntimeDefault' } });
        }
      },
    },
    refuses: { 'nowhere said': seccompUnset, 'nowhere said, on Windows': onWindows(seccompUnset) },
  },
  {
    check: 'seccompProfile_restricted',
    level: 'restricted',
    from: 25,
    allows: { 'nowhere said, on Windows': onWindows(seccompUnset) },
    refuses: { 'nowhere said': seccompUnset },
  },
];
