import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CpioEntry, writeCpio } from './cpio.js';
import { labDirectory, labRootfs } from './paths.js';

const directoryMode = 0o040755;
const programMode = 0o100755;
const consoleMode = 0o020600;

/** Lines that begin with this are the guest's own messages, apart from the workload's. */
export const guestMarker = 'GUEST';

function initScript(modules: readonly string[], tag: string): string {
  return `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
dmesg -n 1
say() { echo "${guestMarker} $*"; }
finish() { say "finished $1"; sync; poweroff -f; }
say "booted $(uname -r)"
${modules.map((name) => `insmod /modules/${name}.ko || say "no module ${name}"`).join('\n')}
mount -t virtiofs ${tag} /mnt || finish mount-failed
say mounted
cd /mnt && sh /workload.sh
status=$?
cd /
umount /mnt && say unmounted || say umount-failed
finish "$status"
`;
}

/** Writes the guest's first root: busybox, the modules it needs, and a workload that runs in /mnt. */
export function writeInitramfs(path: string, workload: string, tag: string): void {
  const guest = join(labDirectory(), 'guest');
  const modules = readFileSync(join(guest, 'modules.list'), 'utf8')
    .split('\n')
    .filter((name) => name !== '');
  const folders = ['bin', 'dev', 'proc', 'sys', 'mnt', 'tmp', 'modules'];
  const program = (name: string, contents: Buffer): CpioEntry => ({
    path: name,
    mode: programMode,
    contents,
  });
  const entries: CpioEntry[] = [
    ...folders.map((name) => ({ path: name, mode: directoryMode })),
    { path: 'dev/console', mode: consoleMode, device: { major: 5, minor: 1 } },
    program('bin/busybox', readFileSync(join(labRootfs(), 'usr', 'bin', 'busybox'))),
    ...modules.map((name) => program(`modules/${name}.ko`, readFileSync(join(guest, `${name}.ko`)))),
    program('init', Buffer.from(initScript(modules, tag))),
    program('workload.sh', Buffer.from(workload)),
  ];
  writeFileSync(path, writeCpio(entries));
}
