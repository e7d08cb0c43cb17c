import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  kubernetesCapabilities,
  kubernetesSnippet,
  ociBundle,
  ociCapabilities,
} from '../../../../adapters/sidecar/index.js';
import { judgeManifest } from '../../../../core/pod-security/manifest.js';
import { deputyCommand } from '../../../lab/agent-process.js';

const common = {
  form: 'broker' as const,
  shares: [
    { name: 'data', path: '/share', targetPath: '/share' },
    { name: 'more', path: '/more', targetPath: '/there' },
  ],
  sources: { data: '/srv/data' },
  socketPath: '/run/deputy/broker.sock',
  stateDirectory: '/state/deputy',
  socketSource: 'sock',
  stateSource: 'state',
  user: 107,
  group: 108,
  groups: [5, 6],
  container: 'vm',
  command: ['deputy'],
};
const commandLine = [
  ...['deputy', 'broker', '--socket', '/run/deputy/broker.sock'],
  ...['--share', 'data=/share', '--share', 'more=/more:/there', '--user', '107:108', '--groups', '5,6'],
  ...['--state', '/state/deputy', '--container', 'vm'],
];

interface Bundle {
  readonly process: {
    readonly args: string[];
    readonly user: object;
    readonly capabilities: Record<string, string[]>;
    readonly noNewPrivileges: boolean;
  };
  readonly root: object;
  readonly mounts: { destination: string; source: string; options: string[] }[];
  readonly linux: { namespaces: { type: string; path?: string }[] };
}

describe('a sidecar as an OCI bundle', () => {
  const bundle = ociBundle({ ...common, rootPath: 'rootfs', targetProcess: 42 }) as unknown as Bundle;

  test('is the target from the start, with the one capability in every set', () => {
    expect(bundle.process).toMatchObject({
      args: commandLine,
      user: { uid: 107, gid: 108, additionalGids: [5, 6] },
      noNewPrivileges: true,
    });
    expect(ociCapabilities).toEqual(['CAP_DAC_READ_SEARCH']);
    const sets = ['bounding', 'effective', 'permitted', 'inheritable', 'ambient'];
    expect(bundle.process.capabilities).toEqual(
      Object.fromEntries(sets.map((set) => [set, ['CAP_DAC_READ_SEARCH']])),
    );
  });

  test('has a root that nobody writes to, no network, and the pid namespace of the target', () => {
    expect(bundle.root).toEqual({ path: 'rootfs', readonly: true });
    const network = bundle.linux.namespaces.find(({ type }) => type === 'network');
    expect(network).toEqual({ type: 'network' });
    const pid = bundle.linux.namespaces.find(({ type }) => type === 'pid');
    expect(pid).toEqual({ type: 'pid', path: '/proc/42/ns/pid' });
    expect(bundle.linux.namespaces.map(({ type }) => type)).not.toContain('user');
  });

  test('mounts the shares, the socket and the state, and nothing to execute or to make devices on', () => {
    const places = bundle.mounts.map(({ source, destination }) => [source, destination]);
    expect(places).toEqual([
      ['proc', '/proc'],
      ['tmpfs', '/dev'],
      ['/srv/data', '/share'],
      ['/more', '/more'],
      ['sock', '/run/deputy'],
      ['state', '/state'],
    ]);
    for (const { options, destination } of bundle.mounts) {
      expect(options, destination).toContain('nosuid');
    }
  });
});

interface Snippet {
  readonly spec: {
    readonly shareProcessNamespace: boolean;
    readonly containers: { command: string[]; securityContext: object; volumeMounts: object[] }[];
    readonly volumes: { name: string }[];
  };
}

describe('a sidecar as Kubernetes takes it', () => {
  const text = kubernetesSnippet({ ...common, sources: { data: 'pvc' }, image: 'deputy:1' });
  const { spec } = parse(text) as Snippet;

  test('starts as root with what it takes to become the target, and nothing else', () => {
    expect(kubernetesCapabilities).toEqual(['DAC_READ_SEARCH', 'SETUID', 'SETGID']);
    expect(spec.containers[0]?.securityContext).toEqual({
      runAsUser: 0,
      runAsGroup: 0,
      runAsNonRoot: false,
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'], add: ['DAC_READ_SEARCH', 'SETUID', 'SETGID'] },
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(spec.containers[0]?.command).toEqual(commandLine);
  });

  test('sees the target, and shares the socket with it and the state with nobody', () => {
    expect(spec.shareProcessNamespace).toBe(true);
    expect(spec.containers[0]?.volumeMounts).toEqual([
      { name: 'pvc', mountPath: '/share' },
      { name: 'more', mountPath: '/more' },
      { name: 'sock', mountPath: '/run/deputy' },
      { name: 'state', mountPath: '/state' },
    ]);
    expect(spec.volumes.map(({ name }) => name)).toEqual(['sock', 'state']);
    expect(text).toMatch(/^# .*\n(#.*\n)+/);
  });

  test('for a target that is root it has no capability to change its user', () => {
    const root = kubernetesSnippet({ ...common, user: 0, group: 0, image: 'deputy' });
    const { securityContext } = (parse(root) as Snippet).spec.containers[0] as { securityContext: object };
    expect(securityContext).toMatchObject({ runAsUser: 0, capabilities: { add: ['DAC_READ_SEARCH'] } });
  });
});

describe('a notifier', () => {
  const spec = {
    ...common,
    form: 'notifier' as const,
    shares: [],
    sources: {},
    socketPath: '/run/deputy/notifier.sock',
  };
  const text = kubernetesSnippet({ ...spec, image: 'deputy:1' });
  const pod = parse(text) as Snippet & { spec: { initContainers: { command: string[] }[] } };

  test('is told no shares, sees the target, and has the wrapper brought to it', () => {
    const words = ['--socket', '/run/deputy/notifier.sock', '--user', '107:108', '--groups', '5,6'];
    const { command, volumeMounts } = pod.spec.containers[0] ?? {};
    expect(command).toEqual([
      'deputy',
      'notifier',
      ...words,
      '--state',
      '/state/deputy',
      '--container',
      'vm',
    ]);
    expect(volumeMounts).toHaveLength(2);
    expect(pod.spec.shareProcessNamespace).toBe(true);
    expect(pod.spec.volumes.map(({ name }) => name)).toEqual(['sock', 'state', 'deputy-wrap']);
    const [wrap] = pod.spec.initContainers;
    expect(wrap?.command).toEqual(['deputy', 'sidecar', 'wrap', '/deputy-wrap/deputy-wrap']);
    expect(text).toContain('# ');
    expect(text).toContain('[/deputy-wrap/deputy-wrap, /run/deputy/notifier.sock, --, COMMAND');
    const bundle = ociBundle({ ...spec, rootPath: 'rootfs', targetProcess: 42 }) as unknown as Bundle;
    const places = bundle.mounts.map(({ destination }) => destination);
    expect(places).toEqual(['/proc', '/dev', '/run/deputy', '/state']);
    expect(bundle.process.args[1]).toBe('notifier');
  });

  test('is let in by Pod Security at level privileged, for what it says, and what brings the wrapper at every level', () => {
    const judge = (level: string, part: object): { allowed: boolean; message: string } => {
      const manifest = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'vm' }, spec: part };
      const { allowed, objects } = judgeManifest([manifest], { level, version: 'latest', source: 'a test' });
      return { allowed, message: objects.map(({ message }) => message).join() };
    };
    expect(judge('privileged', pod.spec).allowed).toBe(true);
    const baseline = judge('baseline', pod.spec);
    expect(baseline.allowed).toBe(false);
    expect(baseline.message).toMatch(/DAC_READ_SEARCH/);
    expect(baseline.message).toMatch(/seccompProfile/);
    const {
      containers: _,
      initContainers: [wrap],
      ...rest
    } = pod.spec;
    expect(judge('restricted', { ...rest, containers: [wrap] })).toMatchObject({ allowed: true });
  });
});

describe('deputy sidecar render', () => {
  const render = (...words: string[]) =>
    spawnSync(process.execPath, [deputyCommand(), 'sidecar', 'render', ...words], { encoding: 'utf8' });
  const share = ['--share', 'data=/share', '--user', '107:108'];

  test('prints what the library makes', () => {
    const words = [
      '--format',
      'kubernetes',
      ...share,
      '--source',
      'data=pvc',
      '--policy',
      '/etc/deputy.yaml',
    ];
    const yaml = render('--form', 'broker', ...words);
    expect(yaml.stderr).toBe('');
    const { spec } = parse(yaml.stdout) as Snippet;
    expect(spec.containers[0]?.command.slice(-2)).toEqual(['--policy', '/etc/deputy.yaml']);
    expect(spec.containers[0]?.volumeMounts[0]).toEqual({ name: 'pvc', mountPath: '/share' });
    const sources = ['--socket-source', '/run/pod/sock', '--state-source', '/run/pod/state'];
    const oci = render('--format', 'oci', ...share, '--target-pid', '42', ...sources);
    const { linux } = JSON.parse(oci.stdout) as Bundle;
    expect(linux.namespaces.find(({ type }) => type === 'pid')?.path).toBe('/proc/42/ns/pid');
  });

  test.each([
    ['no format', share],
    ['an unknown form', ['--format', 'oci', '--form', 'other', ...share]],
    ['a share without its place', ['--format', 'kubernetes', '--share', 'data', '--user', '107']],
    ['no process of the target', ['--format', 'oci', ...share]],
    ['a broker without a share', ['--format', 'kubernetes', '--user', '107']],
    ['a notifier with one', ['--format', 'kubernetes', '--form', 'notifier', ...share]],
    ['a source of no share', ['--format', 'kubernetes', ...share, '--source', 'other=pvc']],
  ])('%s: wrong usage, exit code 2', (_, words) => {
    expect(render(...words).status).toBe(2);
  });
});
