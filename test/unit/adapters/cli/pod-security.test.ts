import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { deputyCommand } from '../../../lab/agent-process.js';

const pod = `
apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  hostNetwork: yes
  containers: [{ name: a, image: x }]
`;
const service = 'apiVersion: v1\nkind: Service\nmetadata: { name: s }\n';

function judge(words: readonly string[], input = pod) {
  const command = [deputyCommand(), 'pod-security', ...words];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { input, encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('deputy pod-security', () => {
  it('ends with 1 and the words of Kubernetes where a pod is refused, --version being the standards', () => {
    const result = judge(['--level', 'baseline', '--version', 'v1.30', '-'], `${pod}---\n${service}`);
    expect(result).toEqual({
      status: 1,
      stdout: 'Pod/web violates PodSecurity "baseline:v1.30": host namespaces (hostNetwork=true)\n',
      stderr: 'skipped Service/s: Pod Security admission looks for no pod in it\n',
    });
  });

  it('ends with 0 where it is allowed, and prints JSON', () => {
    const { status, stdout } = judge(['-', '--level=privileged', '--json']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      allowed: true,
      objects: [{ kind: 'Pod', name: 'web', allowed: true, version: 'latest', violations: [] }],
      skipped: [],
    });
  });

  it.each([
    ['a version', ['--level', 'baseline', '--version', '1.30', '-'], pod, 'DEPUTY_E_POD_SECURITY_UNKNOWN'],
    ['a file', ['--level', 'baseline', '/nonexistent'], pod, 'DEPUTY_E_POD_UNREADABLE'],
    ['a pod', ['--level', 'baseline', '-'], service, 'there is no pod in it, only: Service'],
    ['an option', ['-'], pod, "required option '--level"],
  ])('ends with 2 where %s is wrong or missing', (_, words, input, message) => {
    const { status, stdout, stderr } = judge(words, input);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
  });
});

it('elsewhere --version is still that of deputy', () => {
  const { stdout, status } = spawnSync(process.execPath, [deputyCommand(), '--version'], {
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
