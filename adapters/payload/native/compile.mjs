// Compiles the static programs of the dispatcher into dist/. Without a C compiler the rest of deputy still works.
import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const sources = fileURLToPath(new URL('./', import.meta.url));
const target = fileURLToPath(new URL('../../../dist/adapters/payload/native/', import.meta.url));
const flags = ['-O2', '-Wall', '-Wextra', '-static', '-fstack-protector-strong', '-D_FORTIFY_SOURCE=2'];

function changedAt(path) {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

mkdirSync(target, { recursive: true });
for (const name of ['joiner', 'shim', 'placeholder']) {
  const source = `${sources}${name}.c`;
  const program = `${target}${name}`;
  if (changedAt(program) > changedAt(source)) continue;
  const compiler = process.env.CC ?? 'cc';
  // Under another name first: what runs already is not overwritten.
  const { status, error } = spawnSync(compiler, [...flags, '-o', `${program}.new`, source, '-s'], {
    stdio: 'inherit',
  });
  if (status !== 0) {
    // No compiler, or no static C library (libc6-dev, glibc-static): all but the dispatcher works without.
    const why = error?.code === 'ENOENT' ? `${compiler} is missing` : `${compiler} could not make ${name}`;
    process.stderr.write(`${why}: \`deputy dispatch\` and \`deputy placeholder\` will not work\n`);
    break;
  }
  renameSync(`${program}.new`, program);
}
