import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { TrialResult } from '../../../core/preflight/entry.js';
import { systemCall } from '../../linux/native.js';
import { openProcess, takeDescriptor } from '../../linux/pidfd.js';
import { becomeNobody, failed, nobody } from './become-nobody.js';

/** What is looked into ends by itself, should nobody end it; a trial takes milliseconds. */
const script = 'sleep 20 </dev/null >/dev/null 2>&1 & echo $!';

/**
 * What a sidecar's notifier does: as its target's user, with CAP_DAC_READ_SEARCH alone, it reads the memory
 * and copies the descriptors of a process that is no descendant of its own, since Yama lets a process into
 * its descendants (its documentation). The shell has ended by then: what it left is an orphan.
 */
export function sameUserAccess(): TrialResult {
  const notBecome = becomeNobody();
  if (notBecome !== undefined) return notBecome;
  const { stdout, error } = spawnSync('/bin/sh', ['-c', script], { encoding: 'utf8' });
  const processId = Number(stdout);
  if (error !== undefined || !(processId > 1)) return { ok: false, detail: 'no process could be started' };
  const pidfd = openProcess(processId);
  try {
    if (pidfd < 0) return failed('pidfd_open', pidfd);
    const copy = takeDescriptor(pidfd, 0);
    if (copy < 0) return failed('pidfd_getfd', copy);
    systemCall('close', copy);
    return readMemory(processId);
  } finally {
    process.kill(processId, 'SIGKILL');
  }
}

function readMemory(processId: number): TrialResult {
  try {
    closeSync(openSync(`/proc/${processId}/mem`, 'r'));
  } catch (error) {
    return { ok: false, detail: `its memory: ${(error as NodeJS.ErrnoException).code ?? String(error)}` };
  }
  return {
    ok: true,
    detail: `as uid ${nobody}, memory and descriptors of another process of it were reached`,
  };
}
