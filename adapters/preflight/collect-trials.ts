import type { TrialResult } from '../../core/preflight/entry.js';
import { findCommand } from '../doctor/machine-checks.js';
import { proveNotifier } from '../launcher/self-test.js';
import { linuxPayloads } from '../payload/payload-host.js';
import { runTrial } from './run-trial.js';
import { childTrials } from './trial-names.js';

/**
 * Makes every trial that strategies name, each in children of its own: their results by the trials' ids. None
 * of them knows of a target. Takes some hundred milliseconds.
 */
export async function collectTrials(): Promise<Record<string, TrialResult>> {
  const children = Promise.all(childTrials.map(async (trial) => [trial, await runTrial(trial)] as const));
  const [results, notifier, programs] = await Promise.all([children, tryNotifier(), tryPrograms()]);
  return { ...Object.fromEntries(results), notifier, 'payload-programs': programs, runtime: findRuntimes() };
}

/** A probe child gets a filter, calls, and is answered with an errno and with a descriptor. */
async function tryNotifier(): Promise<TrialResult> {
  const { obstacle } = await proveNotifier();
  return { ok: obstacle === undefined, detail: obstacle ?? 'a probe child called and was answered' };
}

async function tryPrograms(): Promise<TrialResult> {
  const obstacle = await linuxPayloads({ name: 'preflight', stateDirectory: '/nonexistent' }).obstacle();
  return { ok: obstacle === undefined, detail: obstacle ?? 'joiner and shim are there, capabilities held' };
}

function findRuntimes(): TrialResult {
  const found = ['crun', 'runc'].flatMap((name) => findCommand(name) ?? []);
  return found.length === 0
    ? { ok: false, detail: 'neither crun nor runc was found' }
    : { ok: true, detail: found.join(', ') };
}
