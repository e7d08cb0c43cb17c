import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout that these scripts belong to, wherever they are called from. */
export const checkoutDirectory = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Where the lab's parts are kept; `test/lab/paths.ts` computes the same. */
export function labDirectory() {
  const override = process.env.DEPUTY_LAB_CACHE;
  return override ? resolve(override) : join(checkoutDirectory, '.cache', 'lab');
}

/** Looks in the usual folders too, because root's PATH lacks sbin on some machines. */
export function hasCommand(name) {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  return folders.some((folder) => folder !== '' && existsSync(join(folder, name)));
}
