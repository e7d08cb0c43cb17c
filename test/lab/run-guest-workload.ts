import { chmodSync, chownSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { targetGid, targetUid } from './bundle.js';
import { bootGuest, type GuestResult } from './guest.js';
import { guestCheckNames, guestFile, guestWorkload, hostFile } from './guest-workload.js';
import { type LabHost, openLabHost } from './lab-host.js';
import { startVirtiofsd, type Virtiofsd, type VirtiofsdOptions } from './virtiofsd.js';

export interface GuestWorkloadOptions
  extends Omit<VirtiofsdOptions, 'host' | 'shareDirectory' | 'socketDirectory'> {
  readonly deadlineMs?: number;
  readonly workload?: string;
  readonly onGuestLine?: (line: string) => void;
  /** Who starts the daemon; else it is a container's own process. */
  readonly start?: (
    options: Omit<VirtiofsdOptions, 'host'> & { readonly host: LabHost },
  ) => Promise<Virtiofsd>;
  /** Who owns what the guest's root makes; the target's user where virtiofsd runs as that. */
  readonly ownerUid?: number;
  /** Called with the running daemon before the guest boots, such as to watch it or to disturb it. */
  readonly onVirtiofsd?: (virtiofsd: Virtiofsd) => void | Promise<void>;
}

export interface GuestWorkloadResult {
  /** 'ok', or 'FAIL' with the detail, by the check's name; a check that never ran is a FAIL. */
  readonly checks: Map<string, string>;
  readonly ok: number;
  readonly failed: number;
  readonly virtiofsdLog: readonly string[];
  readonly seconds: number;
  readonly guest: GuestResult;
}

/** Puts a file with known properties into the share, as the share's owner would. */
export function writeHostFile(shareDirectory: string): void {
  const path = join(shareDirectory, hostFile.name);
  writeFileSync(path, hostFile.contents);
  chownSync(path, targetUid, targetGid);
  chmodSync(path, hostFile.mode);
  utimesSync(path, hostFile.modifiedSeconds, hostFile.modifiedSeconds);
}

/** Looks from the host's side at what the guest wrote. */
export function checkGuestFile(shareDirectory: string, ownerUid = targetUid): string {
  const path = join(shareDirectory, guestFile.name);
  try {
    const { mode, uid } = statSync(path);
    const contents = readFileSync(path, 'utf8');
    if (contents !== guestFile.contents) return `FAIL contents are ${JSON.stringify(contents.slice(0, 100))}`;
    if ((mode & 0o7777) !== guestFile.mode) return `FAIL mode is ${(mode & 0o7777).toString(8)}`;
    return uid === ownerUid ? 'ok' : `FAIL owner is ${uid}`;
  } catch (error) {
    return `FAIL ${String(error)}`;
  }
}

function gatherChecks(guest: GuestResult, shareDirectory: string, ownerUid?: number): Map<string, string> {
  const checks = new Map(guest.checks);
  checks.set('host-sees-guest-file', checkGuestFile(shareDirectory, ownerUid));
  for (const name of guestCheckNames) if (!checks.has(name)) checks.set(name, 'FAIL it did not run');
  if (!guest.complete || guest.timedOut || guest.status === undefined) {
    const last = guest.lines.at(-1) ?? guest.qemuErrors.at(-1) ?? 'no output';
    checks.set(
      'guest-finished',
      `FAIL ${guest.timedOut ? 'killed at the deadline' : 'ended early'} after: ${last}`,
    );
  } else checks.set('guest-finished', 'ok');
  return checks;
}

/** Container, virtiofsd and guest in a temporary folder: runs the checks, and leaves nothing behind. */
export async function runGuestWorkload(options: GuestWorkloadOptions): Promise<GuestWorkloadResult> {
  const startedMs = Date.now();
  const host = await openLabHost();
  try {
    const virtiofsd = await (options.start ?? startVirtiofsd)({ ...options, host });
    writeHostFile(virtiofsd.shareDirectory);
    await options.onVirtiofsd?.(virtiofsd);
    const guest = await bootGuest({
      socketPath: virtiofsd.socketPath,
      workload: options.workload ?? guestWorkload,
      directory: host.directory,
      ...(options.deadlineMs === undefined ? {} : { deadlineMs: options.deadlineMs }),
      ...(options.onGuestLine === undefined ? {} : { onLine: options.onGuestLine }),
    });
    const checks = gatherChecks(guest, virtiofsd.shareDirectory, options.ownerUid);
    await virtiofsd.delete();
    const ok = [...checks.values()].filter((verdict) => verdict === 'ok').length;
    const seconds = (Date.now() - startedMs) / 1000;
    return { checks, ok, failed: checks.size - ok, virtiofsdLog: virtiofsd.log, seconds, guest };
  } finally {
    await host.close();
  }
}
