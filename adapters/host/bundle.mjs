import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

/**
 * After tsc: the files that processes and workers begin with, each in one piece. A process of deputy has 50 to
 * 450 modules, and to look for them takes Node longer than all else that it does before it serves: while a
 * supervisor is replaced, targets wait for just that. Packages stay what they are, in node_modules.
 */
const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const entries = [
  'adapters/cli/deputy.js',
  'adapters/cli/supervisor.js',
  'adapters/injector/main.js',
  'adapters/launcher/main.js',
  'adapters/preflight/trial-main.js',
  'adapters/rehearsal/rehearsal-target.js',
  'adapters/supervisor/hot-loop-worker.js',
  'simulator/cli.js',
  'simulator/cli/workers/hash-worker.js',
  'simulator/cli/workers/worker.js',
];
const isChunk = /\.chunk-.*\.js$/;

/** What a module finds beside itself, it finds from where the bundle is. */
function atItsPlace(directory) {
  return {
    name: 'at-its-place',
    transform(code, id) {
      if (!code.includes('import.meta.url')) return null;
      const path = JSON.stringify(relative(directory, id));
      return code.replaceAll('import.meta.url', `new URL(${path}, import.meta.url).href`);
    },
  };
}

/** Nothing is written before all are made, for one may contain what is another's beginning. */
async function bundle(entry) {
  const directory = join(dist, dirname(entry));
  const name = basename(entry, '.js');
  const { output } = await build({
    input: join(dist, entry),
    platform: 'node',
    external: (id) => !id.startsWith('.') && !id.startsWith('/'),
    plugins: [atItsPlace(directory)],
    write: false,
    output: {
      dir: directory,
      format: 'esm',
      entryFileNames: '[name].js',
      chunkFileNames: `${name}.chunk-[hash].js`,
    },
  });
  return output.map(({ fileName, code }) => ({ path: join(directory, fileName), code }));
}

const files = (await Promise.all(entries.map(bundle))).flat();
for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
  if (isChunk.test(name)) rmSync(join(dist, name));
}
for (const { path, code } of files) writeFileSync(path, code);
