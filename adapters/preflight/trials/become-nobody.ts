import { errnoText } from '../../../core/errors/errno.js';
import type { TrialResult } from '../../../core/preflight/entry.js';
import {
  capability,
  capabilityWords,
  setCapabilities,
  setGroupIds,
  setGroups,
  setUserIds,
} from '../../linux/credentials.js';
import { systemCall } from '../../linux/native.js';

const PR_SET_KEEPCAPS = 8;
export const nobody = 65534;

/** A trial that did not come further than this call. */
export function failed(step: string, result: number): TrialResult {
  return { ok: false, detail: `${step}: ${errnoText(-result)}` };
}

/**
 * This thread, which was started as root with three capabilities, becomes another user and keeps
 * CAP_DAC_READ_SEARCH alone, as a sidecar does: what failed of that, or undefined.
 */
export function becomeNobody(): TrialResult | undefined {
  const words = capabilityWords([capability.DAC_READ_SEARCH]);
  const steps: readonly (readonly [string, () => number])[] = [
    ['prctl', () => systemCall('prctl', PR_SET_KEEPCAPS, 1, 0, 0, 0)],
    ['setgroups', () => setGroups([])],
    ['setresgid', () => setGroupIds(nobody, nobody, nobody)],
    ['setresuid', () => setUserIds(nobody, nobody, nobody)],
    ['capset', () => setCapabilities(words, words)],
  ];
  for (const [step, act] of steps) {
    const result = act();
    if (result < 0) return failed(step, result);
  }
  return undefined;
}
