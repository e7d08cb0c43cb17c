import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What boots: systemd's own units, but only those without an effect on the machine. The host's services,
 * timers and the step that empties /tmp are not among them.
 */
const stockUnits = [
  'sysinit.target',
  'basic.target',
  'multi-user.target',
  'shutdown.target',
  'umount.target',
  'final.target',
  'sockets.target',
  'timers.target',
  'paths.target',
  'slices.target',
  'local-fs.target',
  'local-fs-pre.target',
  'swap.target',
  'network.target',
  'systemd-journald.service',
  'systemd-journald.socket',
];

const stockDirectory = '/lib/systemd/system';

/** The journal is kept in memory and takes nothing from the kernel's log or audit, which are the host's. */
const journalSettings = `[Service]
Environment=SYSTEMD_LOG_LEVEL=notice
ExecStart=
ExecStart=/lib/systemd/systemd-journald
BindReadOnlyPaths=%E/systemd/system/journald.conf:/etc/systemd/journald.conf
`;
const journalConfiguration = '[Journal]\nStorage=volatile\nRuntimeMaxUse=32M\nReadKMsg=no\nAudit=\nSeal=no\n';

/** Fills a folder that becomes /etc/systemd/system. */
export function writeStockUnits(directory: string): void {
  for (const name of stockUnits) cpSync(join(stockDirectory, name), join(directory, name));
  mkdirSync(join(directory, 'sysinit.target.wants'));
  symlinkSync(
    '../systemd-journald.service',
    join(directory, 'sysinit.target.wants/systemd-journald.service'),
  );
  mkdirSync(join(directory, 'systemd-journald.service.d'));
  writeFileSync(join(directory, 'systemd-journald.service.d/lab.conf'), journalSettings);
  writeFileSync(join(directory, 'journald.conf'), journalConfiguration);
}
