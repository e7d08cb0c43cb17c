import { existsSync } from 'node:fs';
import { hasCommand } from './paths.mjs';
import { progress, run, runWithRetries, SetupError } from './run.mjs';

/** What shows that a package is there, so that a hand-made install counts as well. */
const proofs = {
  crun: () => hasCommand('crun'),
  runc: () => hasCommand('runc'),
  'qemu-system-x86': () => hasCommand('qemu-system-x86_64'),
  'qemu-system-common': () =>
    existsSync('/usr/share/doc/qemu-system-common') || hasCommand('qemu-system-x86_64'),
  'busybox-static': () => hasCommand('busybox'),
  gcc: () => hasCommand('gcc'),
  'libc6-dev': () => existsSync('/usr/include/stdio.h'),
  'util-linux': () => ['unshare', 'nsenter', 'setpriv'].every(hasCommand),
  systemd: () => existsSync('/lib/systemd/systemd') && ['systemctl', 'journalctl'].every(hasCommand),
  // kill(1), which ExecReload= of units calls.
  procps: () => existsSync('/bin/kill'),
  'xz-utils': () => hasCommand('xz'),
  // Shows the order of the joiner's calls.
  strace: () => hasCommand('strace'),
  // The file systems of the default policy, made and mounted in tests.
  xfsprogs: () => hasCommand('mkfs.xfs'),
  'btrfs-progs': () => hasCommand('mkfs.btrfs'),
  'nats-server': () => hasCommand('nats-server'),
};

/** Only tests of pictures need a browser, so that the demo does without its 400 MB. */
const browserProofs = { chromium: () => hasCommand('chromium') };

function missingOf(wanted) {
  return Object.keys(wanted).filter((name) => !wanted[name]());
}

export function missingPackages() {
  return missingOf(proofs);
}

export function missingBrowser() {
  return missingOf(browserProofs);
}

/** Installs what is missing of the tools that the real runs need. */
export async function preparePackages(options) {
  await install(proofs, options);
}

/** Installs the browser that pictures are tested in. */
export async function prepareBrowser(options) {
  await install(browserProofs, options);
}

async function install(wanted, options) {
  const missing = missingOf(wanted);
  const remedy = `install by hand: ${missing.join(' ')}`;
  if (!hasCommand('apt-get')) throw new SetupError(`missing (no apt-get here): ${missing.join(' ')}`, remedy);
  if (process.getuid?.() !== 0) throw new SetupError(`missing (not root): ${missing.join(' ')}`, remedy);
  progress(options, `apt-get install ${missing.join(' ')}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const lock = ['-o', 'DPkg::Lock::Timeout=120'];
  // A failed update of one foreign source must not stop the install, which says itself what it can't find.
  const update = run('apt-get', ['-qq', ...lock, 'update'], { env, timeoutSeconds: 180 });
  if (!update.ok) progress(options, `apt-get update: ${update.output.split('\n').at(-1)}`);
  const command = ['-qq', ...lock, 'install', '-y', '--no-install-recommends', ...missing];
  await runWithRetries('apt-get', command, { env, timeoutSeconds: 600, remedy });
  const still = missingOf(wanted);
  if (still.length > 0) throw new SetupError(`still missing after apt-get: ${still.join(' ')}`, remedy);
}
