import { readFileSync, writeFileSync } from 'node:fs';
import type { Logger } from '../../core/ports/logger.js';

/** Is the process runnable (proc_pid_stat(5), field 3)? One that is stopped or waits is not. */
export function wantsToRun(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.charAt(stat.lastIndexOf(')') + 2) === 'R';
  } catch {
    return false;
  }
}

/** The keeper is the last that the OOM killer should take; its children put themselves back. */
export function stayOutOfReach(logger: Logger): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '-900');
  } catch (error) {
    logger.info({ err: error }, 'the keeper stays within reach of the OOM killer');
  }
}
