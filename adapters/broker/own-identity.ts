import { capability, capabilityWords, setCapabilities } from '../linux/credentials.js';
import { Identities, type Identity } from '../linux/request-kernel/identities.js';

const EPERM = -1;
const none = capabilityWords([]);
const only = capabilityWords([capability.DAC_READ_SEARCH]);

/**
 * A broker is its target already: there is nobody else whose ids it could take on. What the handlers ask for
 * is compared instead, so that a request which is not the target's acts for nobody.
 */
export class OwnIdentity extends Identities {
  constructor(private readonly user: number) {
    super();
  }

  override confine(): number {
    return 0;
  }

  override assume(identity: Identity): number {
    return identity.user === this.user ? 0 : EPERM;
  }

  override asRoot<T>(call: () => T): T {
    return call();
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
