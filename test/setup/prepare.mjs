#!/usr/bin/env node
// Brings in what the checkout needs: node prepare.mjs [--npm] [--packages] [--lab] [--browser] [--quiet]
// Exit codes: 0 all there, 1 a bug, 2 wrong usage, 3 something can't be had here (run a smaller form).
import { labIsMissing, prepareLab } from './lab.mjs';
import { withLock } from './lock.mjs';
import { npmIsMissing, prepareNpm } from './npm.mjs';
import { missingBrowser, missingPackages, prepareBrowser, preparePackages } from './packages.mjs';
import { labDirectory } from './paths.mjs';
import { progress, SetupError } from './run.mjs';

const parts = {
  '--npm': { isMissing: npmIsMissing, prepare: prepareNpm },
  '--packages': { isMissing: () => missingPackages().length > 0, prepare: preparePackages },
  '--browser': { isMissing: () => missingBrowser().length > 0, prepare: prepareBrowser },
  '--lab': { isMissing: labIsMissing, prepare: prepareLab },
};

/** Every part is tried, even when one before it failed: what is there can be used. */
async function prepareMissing(names, options) {
  let failed = 0;
  for (const name of names) {
    const part = parts[name];
    // Looked at again under the lock: another prepare may have done the work while this one waited.
    if (!part.isMissing()) continue;
    const startedMs = Date.now();
    try {
      await part.prepare(options);
      progress(options, `${name.slice(2)} ready after ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      failed += 1;
      process.stderr.write(`setup: ${name.slice(2)}: ${error.message}\n`);
      if (error.remedy) process.stderr.write(`setup: remedy: ${error.remedy}\n`);
    }
  }
  return failed;
}

async function main(commandLine) {
  const options = { quiet: commandLine.includes('--quiet') };
  const wrong = commandLine.filter((word) => word !== '--quiet' && !(word in parts));
  const asked = Object.keys(parts).filter((name) => commandLine.includes(name));
  if (wrong.length > 0 || asked.length === 0) {
    process.stderr.write('usage: prepare.mjs [--npm] [--packages] [--lab] [--browser] [--quiet]\n');
    return 2;
  }
  const missing = asked.filter((name) => parts[name].isMissing());
  if (missing.length === 0) return 0;
  const onWait = () => progress(options, 'waiting for another prepare to finish');
  const failed = await withLock(`${labDirectory()}.lock`, onWait, () => prepareMissing(missing, options));
  return failed === 0 ? 0 : 3;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`setup: ${error.message}; ${error.remedy ?? ''}\n`);
  process.exitCode = 3;
}
