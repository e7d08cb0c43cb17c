import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { deputyError } from '../../core/errors/deputy-error.js';

export type NativeProgram = 'joiner' | 'shim' | 'placeholder';

/**
 * Where a program of `native/` is once it was compiled, which `npm run build` does. Throws
 * DEPUTY_E_SETUP_MISSING.
 */
export function nativeProgram(name: NativeProgram): string {
  const own = fileURLToPath(new URL('./native/', import.meta.url));
  const isSource = import.meta.url.endsWith('.ts');
  const folder = isSource
    ? fileURLToPath(new URL('../../dist/adapters/payload/native/', import.meta.url))
    : own;
  const path = `${folder}${name}`;
  if (!existsSync(path)) throw deputyError('DEPUTY_E_SETUP_MISSING', { what: path, detail: 'npm run build' });
  return path;
}
