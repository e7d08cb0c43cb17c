import {
  capability,
  capabilityWords,
  dropBoundingSet,
  setCapabilities,
  setNoNewPrivileges,
} from '../credentials.js';
import { Identities, type Identity } from './identities.js';

const EPERM = -1;
const none = capabilityWords([]);
const held = [capability.DAC_READ_SEARCH];
const only = capabilityWords(held);

/**
 * A sidecar is its target's user already: there is nobody else whose ids it could take on. What the handlers
 * ask for is compared instead, so that a request which is not the target's acts for nobody.
 */
export class OwnIdentity extends Identities {
  constructor(
    private readonly user: number,
    /** The groups that this process acts with: who lacks one of them would get rights by it that it lacks. */
    private readonly groups: readonly number[] = [],
  ) {
    super();
  }

  /** What this thread inherited goes, too; the bounding set where that can be cut. */
  override confine(): number {
    dropBoundingSet(held);
    return setNoNewPrivileges() || setCapabilities(only, only);
  }

  override assume(identity: Identity): number {
    const { user, group, groups } = identity;
    if (user !== this.user) return EPERM;
    return this.groups.every((one) => one === group || groups.includes(one)) ? 0 : EPERM;
  }

  override asRoot<T>(call: () => T): T {
    return call();
  }

  override asUser(user: number, call: () => number): number {
    return user === this.user ? call() : EPERM;
  }

  override withoutBypass<T>(call: () => T): T {
    setCapabilities(none, only);
    try {
      return call();
    } finally {
      setCapabilities(only, only);
    }
  }
}
