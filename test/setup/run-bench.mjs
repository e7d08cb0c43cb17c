#!/usr/bin/env node
// npm run bench: brings in what is missing, builds, and measures.
import { spawnSync } from 'node:child_process';
import { checkoutDirectory } from './paths.mjs';

function must(command, commandArguments) {
  const { status } = spawnSync(command, commandArguments, { cwd: checkoutDirectory, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

must(process.execPath, ['test/setup/prepare.mjs', '--npm', '--packages']);
must('npm', ['run', '--silent', 'build']);
must(process.execPath, ['dist/test/bench/bench.js', ...process.argv.slice(2)]);
