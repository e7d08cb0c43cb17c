import type { DeputyError } from '../errors/deputy-error.js';
import { escapeText, eventTenant } from '../events/escape-text.js';
import type { EventData, EventType } from '../events/registry.js';
import type { EventError } from '../events/vocabulary.js';
import type { ResolvedPolicy } from '../policy/match.js';
import type { Logger } from '../ports/logger.js';
import type { Sequencer } from '../ports/sequencer.js';
import type { Strategy, Target } from '../ports/strategy.js';
import type { HandleUse } from '../request/handle-use.js';
import type { Degradation } from './degradations.js';

/** What of a policy a strategy can be held to: the fields that say what a target may do. */
const enforceable = [
  'syscalls',
  'shares',
  'filesystems',
  'confinement',
  'dac',
  'opath',
  'placement',
  'limits',
];

const textLimit = 1024;

/** An error as an event carries it; texts are cut, since a target may have had a hand in them. */
export function errorData(error: DeputyError): EventError {
  return {
    code: error.code,
    message: escapeText(error.message, textLimit),
    remedy: escapeText(error.remedy, textLimit),
  };
}

/** Writes the lifecycle events of delegations into the sequence. */
export class DelegationEvents {
  constructor(
    private readonly sequencer: Sequencer,
    private readonly logger: Logger,
  ) {}

  /** For what nobody waits for, such as the end of a target: no reason for the process to end. */
  readonly notTold = (err: unknown): void =>
    this.logger.error({ err }, 'what became of a delegation was not written down');

  /** Appends an event: its ticket. */
  emit<Type extends EventType>(id: string, tenant: string, type: Type, data: EventData<Type>): number {
    return this.sequencer.append({
      type,
      delegationId: id,
      tenant: eventTenant(tenant),
      correlationId: id,
      causationId: id,
      data,
    });
  }

  requested(id: string, tenant: string, target: Target, strategy: string, origin: string): number {
    const { containerId, processId, restartCount, metadata, cgroup } = target;
    return this.emit(id, tenant, 'delegation.requested', {
      strategy,
      target: {
        containerId: escapeText(containerId, textLimit),
        ...(processId === undefined ? {} : { processId }),
        ...(restartCount === undefined ? {} : { restartCount }),
        ...(cgroup === undefined ? {} : { cgroup: escapeText(cgroup, textLimit) }),
        ...(metadata === undefined || metadata === '' ? {} : { metadata: escapeText(metadata, textLimit) }),
      },
      origin,
    });
  }

  quarantined(id: string, tenant: string, operation: string, waitedUs: number): void {
    this.emit(id, tenant, 'delegation.quarantined', { operation, waitedUs });
  }

  degraded(id: string, tenant: string, strategy: string, spell: Degradation, use: HandleUse): void {
    const { reason, error, quietMs, errno } = spell;
    const { named, opened } = use;
    const failed = errno === undefined ? {} : { errno };
    const data = { ...errorData(error), strategy, reason, named, opened, quietMs, ...failed };
    this.emit(id, tenant, 'delegation.degraded', data);
  }

  stepped(
    id: string,
    tenant: string,
    strategy: string,
    step: string,
    evidence: Readonly<Record<string, string>>,
  ): void {
    const safe = Object.entries(evidence).map(([name, text]) => [name, escapeText(text, textLimit)]);
    this.emit(id, tenant, 'delegation.establishing', { strategy, step, evidence: Object.fromEntries(safe) });
  }

  admitted(id: string, strategy: Strategy, policy: ResolvedPolicy, target: Target): number {
    if (policy.confinement === 'sealed' && policy.tenantSource === 'container') {
      const message = 'its sealed handles end with this container: name its tenant to have them outlive it';
      this.logger.info({ delegation: id, container: policy.tenant }, message);
    }
    const enforces = strategy.enforcesFor?.(target) ?? strategy.enforces;
    const notEnforced = enforceable.filter((field) => !enforces.includes(field));
    const { tenant, tenantSource, digest, rule: _rule, ...fields } = policy;
    return this.emit(id, tenant, 'delegation.admitted', {
      strategy: strategy.name,
      tenantSource,
      policy: fields as unknown as Record<string, unknown>,
      policyDigest: digest,
      enforced: enforceable.filter((field) => enforces.includes(field)),
      ...(notEnforced.length === 0 ? {} : { notEnforced }),
    });
  }
}
