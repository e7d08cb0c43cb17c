import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findCommand, labDirectory, labTemporaryRoot } from './paths.js';

export interface LabPart {
  readonly name: string;
  readonly available: boolean;
  /** Why it is not available; empty when it is. */
  readonly reason: string;
  /** What to do about it; empty when it is available. */
  readonly remedy: string;
}

const packagesRemedy = 'node test/setup/prepare.mjs --packages';
const labRemedy = 'node test/setup/prepare.mjs --lab';

function part(name: string, available: boolean, reason: string, remedy: string): LabPart {
  return { name, available, reason: available ? '' : reason, remedy: available ? '' : remedy };
}

function commandPart(command: string): LabPart {
  return part(command, findCommand(command) !== undefined, `no ${command} in PATH`, packagesRemedy);
}

/** What of the lab is there. Quick, starts nothing. */
export function labStatus(): readonly LabPart[] {
  const isX64Linux = process.platform === 'linux' && process.arch === 'x64';
  const machine = `this is ${process.platform} on ${process.arch}`;
  if (!isX64Linux) return [part('machine', false, machine, 'run it on Linux on x86-64')];
  const lab = labDirectory();
  return [
    part('machine', true, '', ''),
    part('root', process.getuid?.() === 0, 'containers with a uid of their own need root', 'run it as root'),
    ...['crun', 'runc', 'qemu-system-x86_64', 'unshare', 'nsenter', 'setpriv'].map(commandPart),
    part(
      'temporary folder',
      labTemporaryRoot() !== undefined,
      'every temporary folder is on overlayfs, whose files have no handles',
      'set DEPUTY_LAB_TMP to a folder on ext4, xfs or tmpfs',
    ),
    part(
      'container root',
      existsSync(join(lab, 'rootfs', 'usr', 'libexec', 'virtiofsd')),
      `not in ${lab}`,
      labRemedy,
    ),
    part('guest kernel', existsSync(join(lab, 'guest', 'vmlinuz')), `not in ${lab}`, labRemedy),
  ];
}

/** The missing parts as sentences; empty when all that `needed` names is there (everything by default). */
export function missingLabParts(needed?: readonly string[]): readonly string[] {
  return labStatus()
    .filter(
      (entry) =>
        !entry.available && (needed === undefined || needed.includes(entry.name) || entry.name === 'machine'),
    )
    .map((entry) => `${entry.name}: ${entry.reason}; remedy: ${entry.remedy}`);
}
