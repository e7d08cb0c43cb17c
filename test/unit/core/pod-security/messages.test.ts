import { describe, expect, it, test } from 'vitest';
import { evaluatePodSecurity, podSecurityMessage } from '../../../../core/pod-security/evaluate.js';

const container = (name: string, securityContext?: object) => ({ name, securityContext });

function finding(spec: object, check: string, options: { version?: string; annotations?: object } = {}) {
  const pod = {
    metadata: { annotations: options.annotations },
    spec: { containers: [{ name: 'a' }], ...spec },
  };
  const level = /restricted|^run|^allow/.test(check) ? 'restricted' : 'baseline';
  const { violations } = evaluatePodSecurity(pod, { level, version: options.version ?? 'v1.34' });
  const found = violations.find((violation) => violation.check === check);
  return `${found?.reason} | ${found?.detail}`;
}

const unconfined = { seccompProfile: { type: 'Unconfined' } };
const appArmor = 'container.apparmor.security.beta.kubernetes.io/';
const seccomp = 'container.seccomp.security.alpha.kubernetes.io/';

describe('reasons and details are those of Kubernetes', () => {
  it.each([
    [
      'hostNamespaces',
      { hostIPC: true, hostPID: true, hostNetwork: true },
      'host namespaces | hostNetwork=true, hostPID=true, hostIPC=true',
    ],
    [
      'hostPathVolumes',
      { volumes: [{ name: 'x', hostPath: { path: '/' } }, { name: 'y', hostPath: {} }, { name: 'z' }] },
      'hostPath volumes | volumes "x", "y"',
    ],
    [
      'hostPorts',
      { containers: [{ name: 'a', ports: [{ hostPort: 9 }, { hostPort: 10 }] }, { name: 'b' }] },
      'hostPort | container "a" uses hostPorts 10, 9',
    ],
    [
      'hostPorts',
      {
        containers: [
          { name: 'a', ports: [{ hostPort: 9 }] },
          { name: 'b', ports: [{ hostPort: 9 }] },
        ],
      },
      'hostPort | containers "a", "b" use hostPort 9',
    ],
    [
      'privileged',
      {
        initContainers: [container('z', { privileged: true })],
        containers: [container('a', { privileged: true })],
      },
      'privileged | containers "z", "a" must not set securityContext.privileged=true',
    ],
    [
      'capabilities_baseline',
      { containers: [container('a', { capabilities: { add: ['SYS_PTRACE', 'CHOWN', 'BPF'] } })] },
      'non-default capabilities | container "a" must not include "BPF", "SYS_PTRACE" in securityContext.capabilities.add',
    ],
    [
      'capabilities_restricted',
      {
        containers: [
          container('a', { capabilities: { add: ['CHOWN'] } }),
          container('b', { capabilities: { add: ['CHOWN', 'NET_BIND_SERVICE'], drop: ['ALL'] } }),
        ],
      },
      'unrestricted capabilities | container "a" must set securityContext.capabilities.drop=["ALL"]; ' +
        'containers "a", "b" must not include "CHOWN" in securityContext.capabilities.add',
    ],
    [
      'allowPrivilegeEscalation',
      { containers: [container('a'), container('b', { allowPrivilegeEscalation: true })] },
      'allowPrivilegeEscalation != false | containers "a", "b" must set securityContext.allowPrivilegeEscalation=false',
    ],
    [
      'procMount',
      { containers: [container('a', { procMount: 'Unmasked' }), container('b', { procMount: 'Other' })] },
      'procMount | containers "a", "b" must not set securityContext.procMount to "Other", "Unmasked"',
    ],
    [
      'runAsNonRoot',
      { containers: [container('a'), container('b', { runAsNonRoot: true })] },
      'runAsNonRoot != true | pod or container "a" must set securityContext.runAsNonRoot=true',
    ],
    [
      'runAsNonRoot',
      { securityContext: { runAsNonRoot: false }, containers: [container('a', { runAsNonRoot: false })] },
      'runAsNonRoot != true | pod and container "a" must not set securityContext.runAsNonRoot=false',
    ],
    [
      'runAsUser',
      { securityContext: { runAsUser: 0 }, containers: [container('a', { runAsUser: 0 })] },
      'runAsUser=0 | pod and container "a" must not set runAsUser=0',
    ],
    [
      'seccompProfile_baseline',
      { securityContext: unconfined, containers: [container('a', { seccompProfile: {} })] },
      'seccompProfile | pod and container "a" must not set securityContext.seccompProfile.type to "", "Unconfined"',
    ],
    [
      'seccompProfile_restricted',
      { containers: [container('a'), container('b')] },
      'seccompProfile | pod or containers "a", "b" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"',
    ],
    [
      'seLinuxOptions',
      {
        securityContext: { seLinuxOptions: { type: 'x', user: 'u' } },
        containers: [container('a', { seLinuxOptions: { type: 'b', role: 'r' } })],
      },
      'seLinuxOptions | pod and container "a" set forbidden securityContext.seLinuxOptions: types "b", "x"; ' +
        'user may not be set; role may not be set',
    ],
    [
      'seLinuxOptions',
      { securityContext: { seLinuxOptions: { role: 'r' } } },
      'seLinuxOptions | pod set forbidden securityContext.seLinuxOptions: role may not be set',
    ],
    [
      'sysctls',
      { securityContext: { sysctls: [{ name: 'z' }, { name: 'kernel.shm_rmid_forced' }, { name: 'a' }] } },
      'forbidden sysctls | z, a',
    ],
    [
      'windowsHostProcess',
      { securityContext: { windowsOptions: { hostProcess: true } } },
      'hostProcess | pod must not set securityContext.windowsOptions.hostProcess=true',
    ],
    [
      'restrictedVolumes',
      {
        volumes: [
          { name: 'x', nfs: {} },
          { name: 'y', hostPath: {} },
          { name: 'z', tomorrow: {} },
        ],
      },
      'restricted volume types | volumes "x", "y", "z" use restricted volume types "hostPath", "nfs", "unknown"',
    ],
    [
      'hostProbesAndHostLifecycle',
      {
        initContainers: [{ name: 'z', startupProbe: { httpGet: { host: 'h' } } }],
        containers: [{ name: 'a', lifecycle: { preStop: { tcpSocket: { host: 'g' } } } }],
      },
      'probe or lifecycle host | containers "a", "z" use probe or lifecycle hosts "g", "h"',
    ],
    [
      'appArmorProfile',
      { containers: [container('a', { appArmorProfile: { type: 'Unconfined' } })] },
      'forbidden AppArmor profile | container "a" must not set AppArmor profile type to "Unconfined"',
    ],
  ])('%s', (check, spec, expected) => {
    expect(finding(spec, check)).toBe(expected);
  });
});

test('annotations come as Go quotes them', () => {
  const annotations = { [`${appArmor}b`]: 'un"conf\nined', [`${appArmor}a`]: 'é\u200b\u0001😀' };
  expect(
    finding({ securityContext: { appArmorProfile: { type: 'X' } } }, 'appArmorProfile', { annotations }),
  ).toBe(
    'forbidden AppArmor profiles | pod and annotations must not set AppArmor profile type to ' +
      `"X", "${appArmor}a="é\\u200b\\x01😀"", "${appArmor}b="un\\"conf\\nined""`,
  );
  expect(
    finding({}, 'seccompProfile_baseline', {
      version: 'v1.18',
      annotations: { 'seccomp.security.alpha.kubernetes.io/pod': 'x', [`${seccomp}a`]: 'y' },
    }),
  ).toBe(
    `seccompProfile | forbidden annotations ${seccomp}a="y", seccomp.security.alpha.kubernetes.io/pod="x"`,
  );
});

test('the message names all violations, the baseline first, each level by name', () => {
  const evaluation = evaluatePodSecurity(
    { spec: { hostNetwork: true, containers: [{ name: 'a', securityContext: { privileged: true } }] } },
    { level: 'restricted', version: 'v1.24' },
  );
  const words =
    'PodSecurity "restricted:v1.24": host namespaces (hostNetwork=true), ' +
    'privileged (container "a" must not set securityContext.privileged=true), ' +
    'allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false), ' +
    'unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]), ' +
    'runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true), ' +
    'seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")';
  expect(podSecurityMessage(evaluation)).toBe(`violates ${words}`);
  expect(podSecurityMessage(evaluation, true)).toBe(`would violate ${words}`);
});

test('each violation says which fields it is about, and what they may not be', () => {
  const { violations } = evaluatePodSecurity(
    {
      metadata: { annotations: { [`${appArmor}a`]: 'unconfined' } },
      spec: {
        containers: [{ name: 'a', ports: [{ hostPort: 0 }, { hostPort: 80 }] }],
        initContainers: [
          { name: 'b', securityContext: { runAsNonRoot: true, capabilities: { drop: ['CHOWN'] } } },
        ],
        ephemeralContainers: [{ name: 'c', securityContext: { allowPrivilegeEscalation: true } }],
        securityContext: { sysctls: [{ name: 'x' }], seccompProfile: { type: 'Localhost' } },
        volumes: [{ name: 'v', nfs: {} }],
      },
    },
    { level: 'restricted' },
  );
  const forbidden = (path: string, value?: unknown) =>
    value === undefined ? { path, problem: 'forbidden' } : { path, problem: 'forbidden', value };
  const required = (path: string) => ({ path, problem: 'required' });
  expect(Object.fromEntries(violations.map(({ check, fields }) => [check, fields]))).toEqual({
    appArmorProfile: [forbidden(`metadata.annotations[${appArmor}a]`, 'unconfined')],
    hostPorts: [forbidden('spec.containers[0].ports[1].hostPort', 80)],
    sysctls: [forbidden('spec.securityContext.sysctls[0].name', 'x')],
    allowPrivilegeEscalation: [
      required('spec.initContainers[0].securityContext.allowPrivilegeEscalation'),
      required('spec.containers[0].securityContext.allowPrivilegeEscalation'),
      forbidden('spec.ephemeralContainers[0].securityContext.allowPrivilegeEscalation', true),
    ],
    capabilities_restricted: [
      forbidden('spec.initContainers[0].securityContext.capabilities.drop', ['CHOWN']),
      required('spec.containers[0].securityContext.capabilities.drop'),
      required('spec.ephemeralContainers[0].securityContext.capabilities.drop'),
    ],
    restrictedVolumes: [forbidden('spec.volumes[0].nfs')],
    runAsNonRoot: [
      required('spec.containers[0].securityContext.runAsNonRoot'),
      required('spec.ephemeralContainers[0].securityContext.runAsNonRoot'),
    ],
  });
});
