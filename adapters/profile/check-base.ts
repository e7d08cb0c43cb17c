import { type DeputyError, deputyError } from '../../core/errors/deputy-error.js';
import { namesOf, type ProfileRule, type SeccompProfile } from './profile-format.js';

const NOTIFY = 'SCMP_ACT_NOTIFY';

/**
 * Takes a parsed base profile, or throws DEPUTY_E_USAGE: when it isn't one, and when it hands calls to an
 * agent already. There is one listener a container; another agent's calls would all go to deputy, which can't
 * answer them.
 */
export function checkBase(base: unknown, socketPath: string, ours: ReadonlySet<string>): SeccompProfile {
  if (!isProfile(base)) throw refusal("is no seccomp profile: it has no 'defaultAction' or no list of rules");
  const { listenerPath } = base;
  if (listenerPath !== undefined && listenerPath !== socketPath) {
    throw refusal(`has a listenerPath of its own, ${listenerPath}; a filter has one listener`);
  }
  if (base.defaultAction === NOTIFY) throw refusal('hands every call to an agent; a filter has one listener');
  const foreign = (base.syscalls ?? [])
    .filter((rule) => rule.action === NOTIFY)
    .flatMap((rule) => namesOf(rule))
    .filter((name) => !ours.has(name));
  if (foreign.length > 0 && listenerPath === undefined) {
    throw refusal(`already notifies of ${foreign.join(', ')}; a filter has one listener`);
  }
  return base;
}

function refusal(reason: string): DeputyError {
  return deputyError('DEPUTY_E_USAGE', { detail: `--base ${reason}` });
}

function isProfile(base: unknown): base is SeccompProfile {
  if (typeof base !== 'object' || base === null) return false;
  const { defaultAction, syscalls = [], listenerPath } = base as Record<string, unknown>;
  if (typeof defaultAction !== 'string' || !Array.isArray(syscalls)) return false;
  if (listenerPath !== undefined && typeof listenerPath !== 'string') return false;
  return syscalls.every(isRule);
}

function isRule(rule: unknown): rule is ProfileRule {
  if (typeof rule !== 'object' || rule === null) return false;
  const { names, name, action } = rule as Record<string, unknown>;
  const namesAreText = Array.isArray(names) && names.every((one) => typeof one === 'string');
  return typeof action === 'string' && (namesAreText || typeof name === 'string');
}
