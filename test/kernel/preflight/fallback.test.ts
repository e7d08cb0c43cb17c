import { closeSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Host, openHost } from '../../../adapters/host/index.js';
import { type LaunchedTarget, launchTarget } from '../../../adapters/launcher/launch-target.js';
import { type LinuxPayloadSession, linuxPayloads } from '../../../adapters/payload/index.js';
import {
  createEngine,
  type DeputyEvent,
  type Engine,
  parsePolicy,
  resolvePolicy,
  type Strategy,
} from '../../../core/index.js';
import type { PayloadSession, PayloadSpec } from '../../../core/ports/payload.js';
import { dispatcher } from '../../../strategies/dispatcher/index.js';
import { handlersModule, seccompNotify } from '../../../strategies/seccomp-notify/index.js';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { DispatchTarget } from '../payload/dispatch-target.js';
import { compileTarget } from '../support/compile.js';
import { until } from '../takeover/support/agent-tree.js';

const CAP_DAC_READ_SEARCH = 2;
const wide = { confinement: 'none', dac: 'capability' };

describeWhen(missingForKernel(), 'an engine with two real strategies', () => {
  const directory = mkdtempSync(join(tmpdir(), 'deputy-fallback-'));
  let host: Host;
  let target: DispatchTarget;
  let program: string;
  let engine: Engine;
  let launched: LaunchedTarget;
  beforeAll(async () => {
    program = compileTarget('payload', ['-static']);
    target = await new DispatchTarget().start();
    host = await openHost({ stateDirectory: join(directory, 'state'), handlersModule });
  });
  afterEach(async () => {
    await engine.close();
    launched.kill('SIGKILL');
    await launched.exited;
  });
  afterAll(async () => {
    await host.close();
    await target.end();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Starts a payload in the target, or fails to. */
  function dispatching(argv: readonly string[]): Strategy {
    const spec: PayloadSpec = {
      argv,
      capabilities: [CAP_DAC_READ_SEARCH],
      user: 0,
      group: 0,
      groups: [],
      from: 'host',
      environment: {},
      directory: '/',
      readiness: { kind: 'none' },
      deadlineMs: 10_000,
      terminal: false,
      output: 'caller',
      lossy: true,
      bufferBytes: 4096,
      filter: 'default',
    };
    const payloads = linuxPayloads({ name: 'fallback', stateDirectory: join(directory, 'payloads') });
    const onSession = (session: PayloadSession): void => {
      const opened = session as LinuxPayloadSession;
      opened.drainTo({ write: (_stream, _bytes, done) => done() });
      void opened.ended.then(() => opened.collect());
    };
    return dispatcher({ payloads, payload: () => spec, onSession });
  }

  async function delegate(strategies: readonly Strategy[], names: readonly string[]) {
    const policy = parsePolicy({ version: 1, defaults: { ...wide, strategies: names } });
    engine = createEngine({ ...host, strategies, policy });
    launched = await launchTarget({ argv: ['sleep', '60'], uid: 65534, gid: 65534 });
    const { listener } = launched;
    let closed = 0;
    const onListenerUnused = (): void => {
      closed++;
      closeSync(listener);
    };
    const given = { containerId: `process-${target.processId}`, processId: target.processId, listener };
    const status = await engine.delegate({ target: given, onListenerUnused });
    return { status, closed };
  }

  async function story(id: string): Promise<DeputyEvent[]> {
    const events: DeputyEvent[] = [];
    for await (const { event } of host.store.readStream(id)) events.push(event);
    return events;
  }

  const typesOf = (events: readonly DeputyEvent[]): string[] =>
    events.filter(({ data }) => !('step' in data)).map(({ type }) => type.replace('delegation.', ''));

  test('a payload that can’t be started: the notifier serves instead, with the reason', async () => {
    const dynamic = dispatching(['/bin/cat']);
    const notify = seccompNotify({ service: host.service });
    const { status, closed } = await delegate([dynamic, notify], ['dispatcher', 'seccomp-notify']);
    expect(status).toMatchObject({ state: 'active', strategy: 'seccomp-notify', entries: 1 });
    expect(closed).toBe(0);
    expect(target.processes()).toEqual([]);
    const events = await story(status.id);
    expect(typesOf(events)).toEqual([
      ...[
        'requested',
        'assessed',
        'admitted',
        'establishing',
        'fellback',
        'admitted',
        'establishing',
        'active',
      ],
    ]);
    expect(events.find(({ type }) => type === 'delegation.fellback')?.data).toMatchObject({
      from: 'dispatcher',
      to: 'seccomp-notify',
      code: 'DEPUTY_E_PAYLOAD_NOT_STATIC',
    });
    expect(host.listenerCount).toBe(1);
  });

  test('a listener that hangs up while it changes hands: whoever comes for it hears so', async () => {
    const policy = parsePolicy({ version: 1 });
    engine = createEngine({ ...host, strategies: [], policy });
    launched = await launchTarget({ argv: ['sleep', '60'], uid: 65534, gid: 65534 });
    const before = host.listenerCount;
    let hangups = 0;
    const options = {
      delegationId: 'offered',
      descriptor: launched.listener,
      policy: resolvePolicy(policy, { containerId: 'offered', metadata: '' }),
      onServing: () => undefined,
      onHangup: () => hangups++,
      onQuarantine: () => undefined,
    };
    const served = await host.service.attach(options);
    served.offer();
    launched.kill('SIGKILL');
    await until(() => hangups === 1, 'the hang-up');
    const next = { ...options, key: served.key, onHangup: () => expect.unreachable() };
    await expect(host.service.attach(next)).rejects.toMatchObject({ code: 'DEPUTY_E_TARGET_GONE' });
    // Its number may be another's by now.
    await served.detach();
    expect(host.listenerCount).toBe(before);
  });

  test('a notifier that fails: a payload runs in the target, and nobody’s listener is left open', async () => {
    const service = Object.create(host.service, {
      attach: { value: () => Promise.reject(new Error('no room in the journal')) },
    });
    const strategies = [seccompNotify({ service }), dispatching([program, 'sleep', '60'])];
    const { status, closed } = await delegate(strategies, ['seccomp-notify', 'dispatcher']);
    expect(status).toMatchObject({ state: 'active', strategy: 'dispatcher' });
    expect(closed).toBe(1);
    expect(target.processes()).toHaveLength(1);
    const admitted = (await story(status.id)).findLast(({ type }) => type === 'delegation.admitted');
    expect(admitted?.data).toMatchObject({
      enforced: ['opath'],
      notEnforced: expect.arrayContaining(['shares', 'confinement', 'dac']),
    });
    await engine.close();
    expect(target.processes()).toEqual([]);
  });
});
