import { expect, test } from 'vitest';
import type {
  PayloadFacts,
  PayloadSession,
  PayloadSpec,
  TargetFacts,
} from '../../../../core/ports/payload.js';
import { type Dispatch, dispatchSteps, runDispatch } from '../../../../strategies/dispatcher/index.js';

const spec: PayloadSpec = {
  argv: ['/payload'],
  capabilities: [2],
  user: 107,
  group: 107,
  groups: [],
  from: 'host',
  environment: {},
  directory: '/',
  readiness: { kind: 'none' },
  deadlineMs: 1_000,
  terminal: false,
  output: 'caller',
  lossy: false,
  bufferBytes: 4_096,
  filter: 'default',
};
const target: TargetFacts = {
  processId: 10,
  startTime: '1',
  namespaces: { pid: 'pid:[1]' },
  userNamespaceIsOurs: true,
  isInit: true,
  cgroups: ['0::/container'],
  frozen: false,
  userIds: [107],
  permittedCapabilities: 0n,
  boundingCapabilities: 0n,
};
const payload: PayloadFacts = {
  processId: 11,
  startTime: '2',
  parentIsInit: true,
  sameNamespaces: true,
  sameCgroups: true,
  capabilities: [4n, 4n, 4n, 4n, 4n],
  userIds: [107, 107, 107, 107],
  noNewPrivileges: true,
};

/** A session that does nothing, and writes down what it was asked. */
function session(changes: Partial<PayloadSession> = {}): { session: PayloadSession; calls: string[] } {
  const calls: string[] = [];
  const base: PayloadSession = {
    identify: async () => target,
    lock: async () => 'taken',
    openProgram: async () => 'program',
    join: async () => ['done'],
    attach: async () => ({ reports: [], isOver: false }),
    inspect: async () => payload,
    name: async () => true,
    execute: async () => undefined,
    ready: async () => 'at once',
    ended: new Promise(() => undefined),
    signal: () => undefined,
    abandon: async () => undefined,
    ...changes,
  };
  const told = new Proxy(base, {
    get(object, name: keyof PayloadSession) {
      const value = object[name];
      if (typeof value !== 'function') return value;
      calls.push(name);
      return value;
    },
  });
  return { session: told, calls };
}

/** The names of the steps that ran, and the code of what ended them. */
async function run(changes: Partial<PayloadSession> = {}) {
  const { session: one, calls } = session(changes);
  const dispatch: Dispatch = { session: one, spec, isAdopted: false };
  const steps: string[] = [];
  let code: unknown;
  try {
    await runDispatch(dispatch, (step) => void steps.push(step));
  } catch (error) {
    code = (error as { code?: unknown }).code;
  }
  return { steps, calls, code, dispatch };
}

test('a payload that is started: each step is one call of the port at most', async () => {
  const { steps, calls, code } = await run();
  expect(code).toBeUndefined();
  expect(steps.slice(0, 5)).toEqual(['identify', 'judge', 'lock', 'open-program', 'join']);
  expect(steps.slice(5)).toEqual(['verify-joined', 'name', 'execute', 'await-ready', 'verify']);
  expect(calls).toHaveLength(steps.length - 1);
});

test('one that runs already is attached to, and nothing is started', async () => {
  const { steps, calls, dispatch } = await run({ lock: async () => 'running' });
  expect(dispatch.isAdopted).toBe(true);
  expect(steps.slice(3)).toEqual(['attach', 'name', 'execute', 'await-ready', 'verify']);
  expect(calls).not.toContain('join');
});

test('one that is over is told of, and nothing else', async () => {
  const attach = async () => ({ reports: [], isOver: true });
  const { steps } = await run({ lock: async () => 'running', attach });
  expect(steps).toEqual(['identify', 'judge', 'lock', 'attach']);
});

test.each([
  ['DEPUTY_E_TARGET_NOT_INIT', { isInit: false }, {}],
  ['DEPUTY_E_TARGET_COULD_TAKE_OVER', { boundingCapabilities: 1n << 19n }, {}],
  ['DEPUTY_E_TARGET_PAUSED', { frozen: true }, {}],
  ['DEPUTY_E_PAYLOAD_UNVERIFIED', {}, { parentIsInit: false }],
  ['DEPUTY_E_PAYLOAD_UNVERIFIED', {}, { capabilities: [4n, 4n, 4n, 5n, 4n] }],
  ['DEPUTY_E_PAYLOAD_UNVERIFIED', {}, { noNewPrivileges: false }],
])('%s: nothing is executed', async (wanted, targetChange, payloadChange) => {
  const { code, calls } = await run({
    identify: async () => ({ ...target, ...targetChange }),
    inspect: async () => ({ ...payload, ...payloadChange }),
  });
  expect(code).toBe(wanted);
  expect(calls).not.toContain('execute');
});

test('a paused target is attached to', async () => {
  const { code, steps } = await run({
    identify: async () => ({ ...target, frozen: true }),
    lock: async () => 'running',
  });
  expect(code).toBeUndefined();
  expect(steps).toContain('attach');
});

test('the table names each step once, and each leads to one that is there', async () => {
  const names = dispatchSteps.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  const { session: one } = session();
  for (const step of dispatchSteps) {
    const dispatch: Dispatch = { session: one, spec, target, isAdopted: false };
    const { next } = await step.act(dispatch);
    expect([...names, 'done']).toContain(next);
  }
});
