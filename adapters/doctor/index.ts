import type { Diagnosis } from './diagnosis.js';
import { checkFileHandles } from './file-handle-checks.js';
import { checkNotifier, checkOtherStrategies } from './kernel-checks.js';
import { checkMachine } from './machine-checks.js';
import { checkSealing } from './seal-checks.js';

export type { Diagnosis } from './diagnosis.js';

/**
 * Tries what each strategy needs on this kernel, as this user; opens by handle on these directories, too.
 * Never throws for a 'no'.
 */
export async function diagnose(directories: readonly string[] = []): Promise<Diagnosis[]> {
  return [
    ...checkMachine(),
    ...(await checkNotifier()),
    ...checkSealing(),
    ...checkOtherStrategies(),
    ...(await checkFileHandles(directories)),
  ];
}

/**
 * Can the seccomp-notify strategy work here? Only its lines and root's count, and only what is not optional.
 */
export function canServe(lines: readonly Diagnosis[]): boolean {
  return lines
    .filter(({ strategy, check }) => strategy === 'seccomp-notify' || check === 'root' || check === 'node')
    .every(({ ok, optional }) => ok || optional === true);
}
