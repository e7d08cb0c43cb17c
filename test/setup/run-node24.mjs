#!/usr/bin/env node
// Runs unit, contract and kernel tests on Node 24, which an npm package brings into .cache/.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkoutDirectory } from './paths.mjs';
import { countTests, runVitest } from './vitest.mjs';

const version = '24.21.0';
const directory = join(checkoutDirectory, '.cache', `node-${version}`);
const packageName = `node-linux-${process.arch}`;
const node = join(directory, 'node_modules', packageName, 'bin', 'node');

if (!existsSync(node)) {
  mkdirSync(directory, { recursive: true });
  const wanted = [`${packageName}@${version}`];
  const options = [
    'install',
    '--prefix',
    directory,
    '--no-save',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
  ];
  const { status } = spawnSync('npm', [...options, ...wanted], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0 || !existsSync(node)) {
    process.stderr.write(`Node ${version} can't be had here\n`);
    process.exit(process.env.CI === 'true' ? 1 : 0);
  }
}
// The suites that depend on Node itself; all units, and the agent, where there is time (DEPUTY_LONG=1). The guest is no
// different on another version, nor is what a hostile target can make the kernel do; crashes at every step take as
// long as all else together.
const isLong = process.env.DEPUTY_LONG === '1';
const adapters = ['linux', 'launcher', 'injector', 'supervisor', 'keeper'].map(
  (name) => `test/unit/adapters/${name}/`,
);
const kernel = [
  'cases',
  'request-kernel',
  'privileges',
  'broker/privileges',
  ...(isLong ? ['agent'] : []),
].map((name) => `test/kernel/${name}.test.ts`);
const defaults = ['test/contract', ...(isLong ? ['test/unit'] : adapters), ...kernel];
const suites = process.argv.length > 2 ? process.argv.slice(2) : defaults;
const { status, report } = runVitest(node, suites, { DEPUTY_TEST_NODE: version });
process.stdout.write(`Node ${version}: ${countTests(report)}\n`);
process.exitCode = status;
