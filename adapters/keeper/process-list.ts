import type { Supervision } from '../../core/keeper/supervision.js';
import type { ProcessStatus } from './process-status.js';

/** Who there is, for status: the keeper itself, its supervisors, the injector. */
export function processesOf(
  children: ReadonlyMap<number, { readonly pid: number }>,
  supervision: Supervision,
  injectorId: number | undefined,
): readonly ProcessStatus[] {
  const supervisors = [...children].map(([id, { pid }]): ProcessStatus => {
    const phase = supervision.phaseOf(id);
    const state = phase === 'active' || phase === 'standby' ? phase : 'starting';
    return { pid, role: 'supervisor', state };
  });
  const injector: readonly ProcessStatus[] =
    injectorId === undefined ? [] : [{ pid: injectorId, role: 'injector', state: 'active' }];
  return [{ pid: process.pid, role: 'keeper', state: 'active' }, ...supervisors, ...injector];
}
