import { describe, expect, test } from 'vitest';
import { parseContainerState } from '../../../../adapters/oci/container-state.js';

/** As crun 1.8 and runc 1.1 send them; runc adds fields, and its status differs. */
const crun = {
  ociVersion: '1.0',
  fds: ['seccompFd'],
  pid: 4711,
  metadata: 'tenant=blue',
  state: { ociVersion: '1.0', id: 'vm-1', status: 'creating', pid: 4711, bundle: '/b' },
};
const runc = {
  ociVersion: '0.2.0',
  fds: ['seccompFd'],
  pid: 12,
  metadata: '',
  state: {
    ociVersion: '1.0.2-dev',
    id: 'vm-2',
    status: 'creating',
    bundle: '/run/b',
    annotations: { 'io.kubernetes.pod': 'p' },
    created: '2026-01-01T00:00:00Z',
  },
};

describe("a runtime's message", () => {
  test("crun's", () => {
    expect(parseContainerState(JSON.stringify(crun))).toEqual({
      containerId: 'vm-1',
      processId: 4711,
      metadata: 'tenant=blue',
      bundle: '/b',
      annotations: {},
      listenerIndex: 0,
    });
  });

  test("runc's, with fields that nobody asked for", () => {
    expect(parseContainerState(JSON.stringify(runc))).toMatchObject({
      containerId: 'vm-2',
      annotations: { 'io.kubernetes.pod': 'p' },
    });
  });

  test('the listener is found among other descriptors', () => {
    const message = { ...crun, fds: ['other', 'seccompFd'] };
    expect(parseContainerState(JSON.stringify(message)).listenerIndex).toBe(1);
  });

  test.each([
    ['no JSON', '{', 'DEPUTY_E_RUNTIME_MESSAGE_INVALID', 'JSON'],
    ['a list', '[]', 'DEPUTY_E_RUNTIME_MESSAGE_INVALID', 'message'],
    ['no id', JSON.stringify({ ...crun, state: {} }), 'DEPUTY_E_RUNTIME_MESSAGE_INVALID', 'state.id'],
    [
      'an id without end',
      JSON.stringify({ ...crun, state: { id: 'x'.repeat(2_000) } }),
      'DEPUTY_E_RUNTIME_MESSAGE_INVALID',
      'state.id',
    ],
    ['a pid as text', JSON.stringify({ ...crun, pid: '1' }), 'DEPUTY_E_RUNTIME_MESSAGE_INVALID', 'pid'],
    [
      'no listener',
      JSON.stringify({ ...crun, fds: ['x'] }),
      'DEPUTY_E_RUNTIME_MESSAGE_NO_LISTENER',
      'listener',
    ],
  ])('%s is a coded error that says where', (_, text, code, where) => {
    expect(() => parseContainerState(text)).toThrow(expect.objectContaining({ code }));
    expect(() => parseContainerState(text)).toThrow(where);
  });
});
