import { deputyError } from '../../core/errors/deputy-error.js';
import type { Counts } from '../../core/events/vocabulary.js';
import type { ResolvedPolicy } from '../../core/policy/match.js';
import type { RequestService, ServedListener } from '../../core/ports/request-service.js';
import type { EstablishContext, Establishment, Target } from '../../core/ports/strategy.js';
import type { HandleUse } from '../../core/request/handle-use.js';

/** A listener that is served, and the way in that it is. */
interface Entry {
  readonly served: ServedListener;
  readonly target: Target;
}

/** One delegation's listeners: the container's own, and one for each `exec` into it. */
export class Listeners implements Establishment {
  private readonly served = new Map<number, Entry>();
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
    this.served.set(served.key, { served, target });
  }

  setPolicy(policy: ResolvedPolicy): void {
    this.policy = policy;
    for (const { served } of this.served.values()) served.setPolicy(policy);
  }

  counts(): Counts {
    return this.service.counts(this.context.delegationId);
  }

  use(): HandleUse | undefined {
    return this.service.useOf?.(this.context.delegationId);
  }

  async letGo(): Promise<readonly Target[]> {
    this.released = true;
    return [...this.served.values()].map(({ served, target }) => {
      served.offer();
      return { ...target, listenerKey: served.key };
    });
  }

  async release(): Promise<void> {
    this.released = true;
    await Promise.all([...this.served.values()].map(({ served }) => served.detach()));
    this.served.clear();
    // Its last requests are counted only then.
    await this.service.settled();
  }

  private hangUp(served: ServedListener): void {
    this.served.delete(served.key);
    if (this.served.size === 0 && !this.released) this.context.hooks.ended('the target is gone');
  }
}
