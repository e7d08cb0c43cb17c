import { deputyError } from '../../core/errors/deputy-error.js';
import { escapeText } from '../../core/events/escape-text.js';
import type { Counts } from '../../core/events/vocabulary.js';
import type { ResolvedPolicy } from '../../core/policy/match.js';
import type { RequestService, ServedListener } from '../../core/ports/request-service.js';
import type {
  EstablishContext,
  Establishment,
  ShareAssessment,
  Strategy,
  Target,
} from '../../core/ports/strategy.js';

/** One delegation's listeners: the container's own, and one for each `exec` into it. */
class Listeners implements Establishment {
  private readonly served = new Map<number, ServedListener>();
  private released = false;
  private serving = false;

  constructor(
    private readonly service: RequestService,
    private readonly context: EstablishContext,
    private policy: ResolvedPolicy,
  ) {}

  get entries(): number {
    return this.served.size;
  }

  async join(target: Target): Promise<void> {
    if (target.listener === undefined)
      throw deputyError('DEPUTY_E_LISTENER_INVALID', { detail: 'none given' });
    const { delegationId, hooks } = this.context;
    const served: ServedListener = await this.service.attach({
      delegationId,
      ...(target.listenerKey === undefined ? {} : { key: target.listenerKey }),
      descriptor: target.listener,
      policy: this.policy,
      ...(target.cgroup === undefined ? {} : { cgroup: target.cgroup }),
      onServing: () => {
        if (!this.serving) hooks.serving();
        this.serving = true;
      },
      onHangup: () => this.hangUp(served),
      onQuarantine: hooks.quarantined,
    });
    this.served.set(served.key, served);
  }

  setPolicy(policy: ResolvedPolicy): void {
    this.policy = policy;
    for (const served of this.served.values()) served.setPolicy(policy);
  }

  counts(): Counts {
    return this.service.counts(this.context.delegationId);
  }

  async release(): Promise<void> {
    this.released = true;
    await Promise.all([...this.served.values()].map((served) => served.detach()));
    this.served.clear();
    // Its last requests are counted only then.
    await this.service.settled();
  }

  private hangUp(served: ServedListener): void {
    this.served.delete(served.key);
    if (this.served.size === 0 && !this.released) this.context.hooks.ended('the target is gone');
  }
}

/** Longest text of one reason in an event. */
const reasonLimit = 1024;

export interface SeccompNotifyOptions {
  readonly service: RequestService;
  /** Looks whether the target's shares can be served under its policy; without it that shows call by call. */
  readonly assessShares?: (
    target: Target,
    policy: ResolvedPolicy,
  ) => ShareAssessment | Promise<ShareAssessment>;
}

/**
 * The seccomp-notify strategy: the target's calls are answered by deputy, one at a time, while the target
 * holds no privilege (seccomp_unotify(2)).
 */
export function seccompNotify(options: SeccompNotifyOptions): Strategy {
  const { service, assessShares } = options;
  return {
    name: 'seccomp-notify',
    needs: {
      capabilities: ['CAP_DAC_READ_SEARCH', 'CAP_SYS_PTRACE', 'CAP_SETUID', 'CAP_SETGID'],
      syscalls: ['open_by_handle_at', 'name_to_handle_at'],
      ports: ['RequestService', 'RequestKernel', 'SealKeys'],
    },
    enforces: [
      'syscalls',
      'shares',
      'filesystems',
      'confinement',
      'dac',
      'opath',
      'placement',
      'record',
      'limits',
    ],
    answerer: service,
    async assess(target, policy) {
      const reasons: string[] = [];
      if (target.listener === undefined) reasons.push('the target came without a seccomp listener');
      const obstacle = await service.obstacle();
      if (obstacle !== undefined) reasons.push(obstacle);
      const shares = (await assessShares?.(target, policy)) ?? { servable: true, reasons: [] };
      const possible = reasons.length === 0 && shares.servable;
      return {
        possible,
        reasons: [...reasons, ...shares.reasons.map((one) => escapeText(one, reasonLimit))],
      };
    },
    async establish(context) {
      const listeners = new Listeners(service, context, context.policy);
      await listeners.join(context.target);
      return listeners;
    },
  };
}
