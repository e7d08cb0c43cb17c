import type { Diagnosis } from './diagnosis.js';
import { checkNotifier, checkOtherStrategies } from './kernel-checks.js';
import { checkMachine } from './machine-checks.js';
import { checkSealing } from './seal-checks.js';

export type { Diagnosis } from './diagnosis.js';

/** Tries what each strategy needs on this kernel, as this user. Never throws for a 'no'. */
export async function diagnose(): Promise<Diagnosis[]> {
  return [...checkMachine(), ...(await checkNotifier()), ...checkSealing(), ...checkOtherStrategies()];
}

/**
 * Can the seccomp-notify strategy work here? Only its lines and root's count, and only what is not optional.
 */
export function canServe(lines: readonly Diagnosis[]): boolean {
  return lines
    .filter(({ strategy, check }) => strategy === 'seccomp-notify' || check === 'root' || check === 'node')
    .every(({ ok, optional }) => ok || optional === true);
}
