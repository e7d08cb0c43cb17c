import { readFileSync, writeFileSync } from 'node:fs';
import type { HostState } from '../../core/keeper/supervision.js';
import type { Logger } from '../../core/ports/logger.js';
import { mayConfineChildren } from '../host/confined-command.js';
import { mayTakeOnIds } from '../linux/credentials.js';

/** The state of a process's first thread (proc_pid_stat(5), field 3). */
export function hostStateOf(pid: number): HostState {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const state = stat.charAt(stat.lastIndexOf(')') + 2);
    if (state === 'Z') return 'ending';
    return state === 'R' ? 'runnable' : 'waiting';
  } catch {
    return 'waiting';
  }
}

/** Says so when children can't be started with less than root has; their loops still drop all of it. */
function sayUnconfined(logger: Logger): void {
  // A sidecar has nothing to give away but what he keeps himself: a sidecar's one capability.
  if (!mayTakeOnIds() || mayConfineChildren()) return;
  const why = 'setpriv(1) of util-linux or CAP_SETPCAP is missing';
  logger.warn({ why }, 'supervisors start with all capabilities that deputy has; their loops drop them');
}

/** The keeper is the last that the OOM killer should take; its children put themselves back. */
export function stayOutOfReach(logger: Logger): void {
  sayUnconfined(logger);
  try {
    writeFileSync('/proc/self/oom_score_adj', '-900');
  } catch (error) {
    logger.info({ err: error }, 'the keeper stays within reach of the OOM killer');
  }
}
