import { describe, expect, it, test } from 'vitest';
import { evaluatePodSecurity } from '../../../../core/pod-security/evaluate.js';
import { judgeManifest } from '../../../../core/pod-security/manifest.js';

const spec = { containers: [{ name: 'a' }] };
const bad = { hostNetwork: true, containers: [{ name: 'a' }] };
const baseline = { level: 'baseline', source: 'pods.yaml' };
const template = (apiVersion: string, kind: string, inner: object = bad) => ({
  apiVersion,
  kind,
  metadata: { name: 'n' },
  spec: { template: { spec: inner } },
});

describe('an object with a pod in it', () => {
  it.each([
    ['Pod', '', { apiVersion: 'v1', kind: 'Pod', spec: bad }],
    ['PodTemplate', 'template', { apiVersion: 'v1', kind: 'PodTemplate', template: { spec: bad } }],
    ['ReplicationController', 'spec.template', template('v1', 'ReplicationController')],
    ['ReplicaSet', 'spec.template', template('apps/v1', 'ReplicaSet')],
    ['Deployment', 'spec.template', template('apps/v1', 'Deployment')],
    ['Deployment', 'spec.template', template('extensions/v1beta1', 'Deployment')],
    ['DaemonSet', 'spec.template', template('apps/v1', 'DaemonSet')],
    ['StatefulSet', 'spec.template', template('apps/v1', 'StatefulSet')],
    ['Job', 'spec.template', template('batch/v1', 'Job')],
    [
      'CronJob',
      'spec.jobTemplate.spec.template',
      {
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        spec: { jobTemplate: { spec: { template: { spec: bad } } } },
      },
    ],
  ])('%s, at %j', (kind, podPath, object) => {
    const { allowed, objects } = judgeManifest([object], baseline);
    expect(allowed).toBe(false);
    const words = podPath === '' ? 'violates' : 'would violate';
    expect(objects).toMatchObject([
      {
        kind,
        podPath,
        message: `${words} PodSecurity "baseline:latest": host namespaces (hostNetwork=true)`,
      },
    ]);
  });

  it('is told by its group as well as by its kind', () => {
    expect(() => judgeManifest([template('example.com/v1', 'Deployment')], baseline)).toThrow(
      'there is no pod in it, only: Deployment',
    );
    expect(() => judgeManifest([{ apiVersion: 'v2', kind: 'Pod', spec }], baseline)).toThrow('only: Pod');
  });
});

test('lists are gone through, also one in another, and typed ones whose items say no kind', () => {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'one' }, spec };
  const typed = {
    apiVersion: 'v1',
    kind: 'PodList',
    items: [{ metadata: { generateName: 'two-' }, spec: bad }],
  };
  const list = { apiVersion: 'v1', kind: 'List', items: [pod, typed] };
  const { objects } = judgeManifest([list, null, undefined], baseline);
  expect(objects.map(({ name, allowed }) => [name, allowed])).toEqual([
    ['one', true],
    ['two-', false],
  ]);
  const nested = (depth: number): object =>
    depth === 0 ? pod : { apiVersion: 'v1', kind: 'List', items: [nested(depth - 1)] };
  expect(judgeManifest([nested(4)], baseline).allowed).toBe(true);
  expect(() => judgeManifest([nested(6)], baseline)).toThrow('lists are nested more than 4 deep');
});

test('what has no pod is named and passed over, but not if there is nothing else', () => {
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 's' } };
  const manifest = [service, { apiVersion: 'v1', kind: 'Pod', spec }];
  expect(judgeManifest(manifest, baseline)).toMatchObject({
    allowed: true,
    skipped: [{ kind: 'Service', name: 's' }],
  });
  expect(() => judgeManifest([service], baseline)).toThrow(
    'pods.yaml cannot be judged:\n  there is no pod in it, only: Service',
  );
  expect(() => judgeManifest([null], baseline)).toThrow('there is no object in it');
});

describe('what no cluster would take is no pod', () => {
  it.each([
    ['no object', 'pod', 'expected object, received string'],
    ['nothing in it', {}, 'apiVersion: expected string, received undefined'],
    ['no containers', { apiVersion: 'v1', kind: 'Pod', spec: {} }, 'spec.containers: expected array'],
    ['none of them', { apiVersion: 'v1', kind: 'Pod', spec: { containers: [] } }, 'Pod : spec.containers: '],
    [
      'no template',
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' } },
      'Deployment d: spec.template.',
    ],
    [
      'text for a flag',
      template('apps/v1', 'Job', spec) && {
        apiVersion: 'v1',
        kind: 'Pod',
        spec: { ...spec, hostPID: 'true' },
      },
      'spec.hostPID: expected boolean, received string',
    ],
    [
      'a broken number',
      { apiVersion: 'v1', kind: 'Pod', spec: { ...spec, securityContext: { runAsUser: 0.5 } } },
      'spec.securityContext.runAsUser: expected int',
    ],
    ['items that are no list', { apiVersion: 'v1', kind: 'List', items: {} }, 'List: items is no list'],
    [
      'a volume of two types',
      {
        apiVersion: 'v1',
        kind: 'Pod',
        spec: { ...spec, volumes: [{ name: 'v', emptyDir: {}, hostPath: {} }] },
      },
      'spec.volumes[0]: has several types: emptyDir, hostPath',
    ],
  ])('%s', (_, object, problem) => {
    expect(() => judgeManifest([object], baseline)).toThrow(
      expect.objectContaining({ code: 'DEPUTY_E_POD_INVALID', message: expect.stringContaining(problem) }),
    );
  });

  it('null is the same as not said', () => {
    const nothing = { securityContext: null, volumes: null, hostNetwork: null, initContainers: null };
    expect(evaluatePodSecurity({ metadata: null, spec: { ...spec, ...nothing } }, baseline).allowed).toBe(
      true,
    );
  });
});

it.each([
  ['level', { level: 'Baseline' }, "there is no Pod Security level 'Baseline'"],
  ['version', { level: 'baseline', version: '1.30' }, "there is no Pod Security version '1.30'"],
  ['version', { level: 'baseline', version: 'v1.030' }, "version 'v1.030'"],
  ['version', { level: 'privileged', version: 'v2.0' }, "version 'v2.0'"],
])('an unknown %s is an error, whatever the pod: %j', (_, options, message) => {
  expect(() => evaluatePodSecurity({ spec }, options)).toThrow(
    expect.objectContaining({
      code: 'DEPUTY_E_POD_SECURITY_UNKNOWN',
      message: expect.stringContaining(message),
    }),
  );
});

test('privileged allows all that is a pod', () => {
  expect(evaluatePodSecurity({ spec: bad }, { level: 'privileged' })).toEqual({
    allowed: true,
    level: 'privileged',
    version: 'latest',
    evaluatedVersion: 'v1.37',
    violations: [],
  });
  expect(() => evaluatePodSecurity({}, { level: 'privileged' })).toThrow('spec: ');
});
