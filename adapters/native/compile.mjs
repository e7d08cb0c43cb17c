// Compiles the static programs that stand in the `native/` of other folders into dist/. Without a C compiler the
// rest of deputy still works.
import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const programs = [
  'payload/native/joiner',
  'payload/native/shim',
  'payload/native/placeholder',
  'file-handle/native/handle-probe',
  'notifier/native/deputy-wrap',
];
const sources = fileURLToPath(new URL('../', import.meta.url));
const target = fileURLToPath(new URL('../../dist/adapters/', import.meta.url));
const flags = ['-O2', '-Wall', '-Wextra', '-static', '-fstack-protector-strong', '-D_FORTIFY_SOURCE=2'];

function changedAt(path) {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

for (const name of programs) {
  const source = `${sources}${name}.c`;
  const program = `${target}${name}`;
  mkdirSync(dirname(program), { recursive: true });
  if (changedAt(program) > changedAt(source)) continue;
  const compiler = process.env.CC ?? 'cc';
  // Under another name first: what runs already is not overwritten.
  const { status, error } = spawnSync(compiler, [...flags, '-o', `${program}.new`, source, '-s'], {
    stdio: 'inherit',
  });
  if (status !== 0) {
    // No compiler, or no static C library (libc6-dev, glibc-static): all but these works without.
    const why = error?.code === 'ENOENT' ? `${compiler} is missing` : `${compiler} could not make ${name}`;
    process.stderr.write(
      `${why}: \`deputy dispatch\`, \`deputy placeholder\`, deputy-wrap and the probe of file handles will not work\n`,
    );
    break;
  }
  renameSync(`${program}.new`, program);
}
