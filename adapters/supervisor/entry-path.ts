import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { deputyError } from '../../core/errors/deputy-error.js';

/**
 * The compiled file of a worker or process entry. Node 20 can't run TypeScript in a worker, so when this code
 * itself runs from sources (in tests) the entry is taken from dist/, which a build has to have made.
 */
export function entryUrl(url: URL): URL {
  const path = fileURLToPath(url);
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const fromSources = import.meta.url.endsWith('.ts');
  const file = fromSources ? `${root}dist/${path.slice(root.length).replace(/\.ts$/, '.js')}` : path;
  if (!existsSync(file)) throw deputyError('DEPUTY_E_SETUP_MISSING', { what: file, detail: 'npm run build' });
  return pathToFileURL(file);
}
