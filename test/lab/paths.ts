import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const overlayMagic = 0x794c7630;

function isCheckout(directory: string): boolean {
  const manifest = join(directory, 'package.json');
  return (
    existsSync(manifest) &&
    (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string }).name === 'deputy'
  );
}

/** The checkout, found upwards because this file runs from test/lab and from dist/test/lab. */
export function checkoutDirectory(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!isCheckout(directory)) {
    const parent = dirname(directory);
    if (parent === directory) throw new Error('no package.json of deputy above the lab module');
    directory = parent;
  }
  return directory;
}

/** Where prepare.mjs puts the lab's parts; `test/setup/paths.mjs` computes the same. */
export function labDirectory(): string {
  const override = process.env['DEPUTY_LAB_CACHE'];
  return override ? resolve(override) : join(checkoutDirectory(), '.cache', 'lab');
}

/** The container's root file system as prepare.mjs made it. */
export function labRootfs(): string {
  return join(labDirectory(), 'rootfs');
}

/** The folder for temporary shares: not on overlayfs, whose files mostly have no handles. */
export function labTemporaryRoot(): string | undefined {
  const candidates = [process.env['DEPUTY_LAB_TMP'] ?? tmpdir(), '/var/tmp', '/dev/shm'];
  return candidates.find((directory) => existsSync(directory) && statfsSync(directory).type !== overlayMagic);
}

/** Looks in sbin too, because root's PATH lacks it on some machines. */
export function findCommand(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}
