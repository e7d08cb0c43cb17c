import type { DeputyEvent } from '../../core/events/event.js';
import { makeEvent } from '../../core/events/make-event.js';
import type { EventData, EventType } from '../../core/events/registry.js';

const counts = { answered: 1, refused: 0, cancelled: 0, lost: 0 };
const error = { code: 'DEPUTY_E_HANDLER_FAILED', message: 'it failed', remedy: 'report it' };
const request = {
  requestId: 'blue-1/7',
  syscall: 'open_by_handle_at',
  threadId: 4711,
  notificationId: '18446744073709551615',
  recovery: 'none' as const,
  latencyUs: 12.5,
};

/** Valid data for each event type. */
export const sampleData: { readonly [Type in EventType]: EventData<Type> } = {
  'delegation.requested': { strategy: 'auto', target: { containerId: 'vm-1', metadata: 'tenant=blue' } },
  'delegation.assessed': {
    chosen: 'seccomp-notify',
    candidates: [{ strategy: 'seccomp-notify', possible: true, reasons: [] }],
  },
  'delegation.admitted': {
    strategy: 'seccomp-notify',
    tenantSource: 'policy',
    policy: { dac: 'enforce' },
    policyDigest: '00112233445566ff',
    enforced: ['shares'],
  },
  'delegation.refused': error,
  'delegation.establishing': { strategy: 'seccomp-notify' },
  'delegation.active': { strategy: 'seccomp-notify', counts, durationUs: 10 },
  'delegation.recovering': { reason: 'the supervisor ended' },
  'delegation.releasing': { reason: 'the target ended' },
  'delegation.released': { counts },
  'delegation.failed': error,
  'delegation.fellback': { ...error, from: 'seccomp-notify', to: 'sidecar-caps' },
  'delegation.snapshot': {
    state: 'active',
    strategy: 'seccomp-notify',
    policyDigest: '00112233445566ff',
    counts,
    containerId: 'vm',
  },
  'delegation.quarantined': { operation: 'process_vm_readv' },
  'delegation.degraded': {
    ...error,
    strategy: 'seccomp-notify',
    reason: 'never-opened',
    named: 1,
    opened: 0,
    quietMs: 10_000,
    errno: 'EPERM',
  },
  'request.answered': { ...request, result: { value: 5 }, way: 'addfd', flags: ['O_RDONLY'] },
  'request.refused': {
    ...request,
    result: { errno: 'EPERM', number: 1 },
    reason: 'DEPUTY_E_REFUSED_FILESYSTEM',
  },
  'request.cancelled': request,
  'request.lost': { ...request, recovery: 'reissued' },
  'request.summary': {
    startedAt: '2026-01-01T00:00:00.000Z',
    durationMs: 1_000,
    requests: { answered: 2, refused: 1, cancelled: 0, lost: 0 },
    latencyUs: { bounds: [100], counts: [2, 1] },
  },
};

/** A valid event of any type. */
export function sampleEvent(type: EventType, delegationId = 'blue-1', version = 1): DeputyEvent {
  const context = {
    version,
    delegationId,
    timeMs: 1_700_000_000_000 + version,
    node: 'node-1',
    tenant: 'blue',
    correlationId: delegationId,
    causationId: `${delegationId}/${Math.max(1, version - 1)}`,
    epoch: 1,
  };
  return makeEvent(type, context, sampleData[type]) as DeputyEvent;
}

/** `count` answered requests that follow each other, the first with this version. */
export function sampleRequests(delegationId: string, firstVersion: number, count: number): DeputyEvent[] {
  return Array.from({ length: count }, (_, index) =>
    sampleEvent('request.answered', delegationId, firstVersion + index),
  );
}
