import type { ResolvedPolicy } from '../policy/match.js';

/** Targets of which it is remembered; the eldest is forgotten, and then assessed as any other. */
const rememberedTargets = 1024;

/**
 * Which strategies failed while they served a target, until it starts next: they then come last. A tenant
 * that outlives its containers is known by its name, since the next container has another id.
 */
export class FailedStrategies {
  private readonly byTarget = new Map<string, Set<string>>();

  add(policy: ResolvedPolicy, containerId: string, strategy: string): void {
    const key = keyOf(policy, containerId);
    const failed = this.byTarget.get(key) ?? new Set();
    this.byTarget.delete(key);
    this.byTarget.set(key, failed.add(strategy));
    const [eldest] = this.byTarget.keys();
    if (this.byTarget.size > rememberedTargets && eldest !== undefined) this.byTarget.delete(eldest);
  }

  /** Those of a target that starts; they are forgotten with this. */
  take(policy: ResolvedPolicy, containerId: string): ReadonlySet<string> {
    const key = keyOf(policy, containerId);
    const failed = this.byTarget.get(key) ?? new Set();
    this.byTarget.delete(key);
    return failed;
  }
}

function keyOf({ tenant, tenantSource }: ResolvedPolicy, containerId: string): string {
  return tenantSource === 'container' ? `container ${containerId}` : `tenant ${tenant}`;
}
