import { defaultPolicy } from '../../core/policy/defaults.js';
import type { Policy } from '../../core/policy/schema.js';
import { policyWarnings } from '../../core/policy/warnings.js';
import type { Logger } from '../../core/ports/logger.js';
import { readPolicy } from '../policy/index.js';

/** The policy of a file, or the defaults; what is odd about it goes to the log. */
export function loadPolicy(path: string | undefined, logger: Logger): Policy {
  const policy = path === undefined ? defaultPolicy() : readPolicy(path);
  for (const warning of policyWarnings(policy)) logger.warn({ policy: path ?? '(defaults)' }, warning);
  return policy;
}
