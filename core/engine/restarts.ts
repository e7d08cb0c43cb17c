import type { Target } from '../ports/strategy.js';
import type { DelegateOptions } from './engine-options.js';

/** Delegations of which it is remembered: the eldest with a successor is forgotten, or else the eldest. */
const rememberedDelegations = 4096;

/**
 * Containers that are to be delegated to again when they have started again. A delegation is one life of a
 * container, which its id and its restart count name.
 */
export class Restarts {
  private readonly requests = new Map<string, DelegateOptions>();
  private readonly successors = new Map<string, string>();

  /** This delegation's target can be found again. */
  follow(id: string, request: DelegateOptions): void {
    if (request.findTarget === undefined) return;
    this.requests.set(id, request);
    if (this.requests.size <= rememberedDelegations) return;
    const [eldest] = this.requests.keys();
    const [followed = eldest] = this.successors.keys();
    if (followed !== undefined) this.forget(followed);
  }

  /** Its owner ended it: nothing is to come after it. */
  forget(id: string): void {
    this.requests.delete(id);
    this.successors.delete(id);
  }

  isFollowed(id: string): boolean {
    return this.requests.has(id);
  }

  successorOf(id: string): string | undefined {
    return this.successors.get(id);
  }

  succeeded(id: string, successor: string): void {
    this.successors.set(id, successor);
  }

  /** What to ask for now: the container as it runs, if that is another life than the delegation's. */
  async nextLife(id: string): Promise<DelegateOptions | undefined> {
    const request = this.requests.get(id);
    const target = await request?.findTarget?.();
    if (request === undefined || target === undefined || isSameLife(request.target, target)) return undefined;
    return { ...request, target };
  }
}

function isSameLife(one: Target, other: Target): boolean {
  return one.containerId === other.containerId && (one.restartCount ?? 0) === (other.restartCount ?? 0);
}
