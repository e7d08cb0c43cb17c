import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { deputyError } from '../../core/errors/deputy-error.js';

/** The small static programs, and the folder of adapters/ that has each in its `native/`. */
const folders = {
  joiner: 'payload',
  shim: 'payload',
  placeholder: 'payload',
  'handle-probe': 'file-handle',
  'deputy-wrap': 'notifier',
} as const;
export type NativeProgram = keyof typeof folders;

/**
 * Where a program of a `native/` folder is once it was compiled, which `npm run build` does. Throws
 * DEPUTY_E_SETUP_MISSING.
 */
export function nativeProgram(name: NativeProgram): string {
  const folder = folders[name];
  const own = fileURLToPath(new URL(`../${folder}/native/`, import.meta.url));
  const isSource = import.meta.url.endsWith('.ts');
  const built = isSource
    ? fileURLToPath(new URL(`../../dist/adapters/${folder}/native/`, import.meta.url))
    : own;
  const path = `${built}${name}`;
  if (!existsSync(path)) throw deputyError('DEPUTY_E_SETUP_MISSING', { what: path, detail: 'npm run build' });
  return path;
}
