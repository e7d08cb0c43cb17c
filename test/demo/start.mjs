#!/usr/bin/env node
// npm run demo: brings in what is missing, builds, and shows the main job. No dependencies: it runs before npm.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { checkoutDirectory } from '../setup/paths.mjs';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 15)) {
  process.stderr.write(`deputy needs Node 20.15 or newer; this is ${process.versions.node}\n`);
  process.exit(1);
}

function node(...words) {
  return spawnSync(process.execPath, words, { cwd: checkoutDirectory, stdio: 'inherit' }).status ?? 1;
}

if (
  node('test/setup/prepare.mjs', '--npm') !== 0 &&
  !existsSync(`${checkoutDirectory}/node_modules/typescript`)
) {
  process.stderr.write('the npm packages could not be installed; nothing can run without them\n');
  process.exit(1);
}
// What can't be had is said here, and the demo then runs its smaller form.
if (process.getuid?.() === 0) node('test/setup/prepare.mjs', '--packages', '--lab');
const built = spawnSync('npm', ['run', '--silent', 'build'], { cwd: checkoutDirectory, stdio: 'inherit' });
if (built.status !== 0) process.exit(1);
process.exitCode = node('dist/test/demo/demo.js', ...process.argv.slice(2));
