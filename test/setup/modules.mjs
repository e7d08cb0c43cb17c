import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { run, SetupError } from './run.mjs';

/** What the guest needs to mount virtiofs; all else follows from what these depend on. */
const wanted = ['virtio_pci', 'virtiofs'];
const unpackers = { '.xz': ['xz', '-dk'], '.zst': ['zstd', '-dkq'], '.gz': ['gzip', '-dk'] };

/** File names use dashes where module names use underscores. */
function moduleName(path) {
  return basename(path)
    .replace(/\.ko(\.\w+)?$/, '')
    .replaceAll('-', '_');
}

function readModule(path) {
  const suffix = /\.ko(\.\w+)$/.exec(path)?.[1];
  if (!suffix) return readFileSync(path);
  const [command, ...flags] = unpackers[suffix] ?? ['false'];
  const unpacked = run(command, [...flags, path]);
  if (!unpacked.ok)
    throw new SetupError(`can't unpack ${basename(path)}: ${unpacked.output}`, `install ${command}`);
  return readFileSync(path.slice(0, -suffix.length));
}

/** The module itself says what it depends on: modules.dep is only made when the package is installed. */
function dependenciesOf(contents) {
  const found = /\0depends=([^\0]*)\0/.exec(contents.toString('latin1'))?.[1] ?? '';
  return found
    .split(',')
    .filter((name) => name !== '')
    .map((name) => name.replaceAll('-', '_'));
}

/** Debian 13's cloud kernel has all of them built in, Debian 12's has none. */
function builtInModules(modulesDirectory) {
  const lists = readdirSync(modulesDirectory, { recursive: true }).filter(
    (file) => basename(file) === 'modules.builtin',
  );
  const lines = lists.flatMap((file) => readFileSync(join(modulesDirectory, file), 'utf8').split('\n'));
  return new Set(lines.filter((line) => line !== '').map(moduleName));
}

/** Copies the needed modules to `target` and writes `modules.list`, in the order in which to insert them. */
export function collectModules(modulesDirectory, target) {
  const files = readdirSync(modulesDirectory, { recursive: true }).filter((file) =>
    /\.ko(\.\w+)?$/.test(file),
  );
  const paths = new Map(files.map((file) => [moduleName(file), join(modulesDirectory, file)]));
  const builtIn = builtInModules(modulesDirectory);
  const order = [];
  const visit = (name) => {
    const path = paths.get(name);
    if (order.includes(name) || builtIn.has(name)) return;
    if (!path) throw new SetupError(`the guest's kernel has no ${name}`);
    const contents = readModule(path);
    for (const dependency of dependenciesOf(contents)) visit(dependency);
    writeFileSync(join(target, `${name}.ko`), contents);
    order.push(name);
  };
  for (const name of wanted) visit(name);
  writeFileSync(join(target, 'modules.list'), `${order.join('\n')}\n`);
}
