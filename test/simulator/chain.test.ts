import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { chainOldWays } from '../../simulator/actors/chain/old-ways.js';
import { crashAt, enumerateCrashPoints, runScenario } from '../../simulator/index.js';
import { isLong } from '../support/describe-when.js';
import { brokenBy, readScenario, scenarioDirectory } from './read-scenario.js';

/** The strategies that were admitted, in their order, as the events have it. */
async function admittedIn(name: string): Promise<unknown[]> {
  const admitted: unknown[] = [];
  await runScenario(readScenario(name), {
    seed: '1',
    trace: (entry) => {
      if (entry.name === 'delegation.admitted') admitted.push(entry.detail['strategy']);
    },
  });
  return admitted;
}

test.each([
  ['chain-sidecar-stripped', ['sidecar-caps', 'seccomp-notify']],
  ['chain-sidecar-loses-by-setuid', ['sidecar-caps', 'file-handle']],
  ['chain-admission-leaves-none', []],
  ['chain-each-fails-in-turn', ['sidecar-caps', 'file-handle', 'seccomp-notify']],
  ['chain-no-notifier', ['dispatcher']],
  ['chain-nothing-permitted', ['sidecar-caps']],
  ['chain-policy-narrowed', ['seccomp-notify', 'seccomp-notify']],
  ['chain-policy-changes-in-place', ['file-handle', 'seccomp-notify', 'file-handle']],
  ['chain-breaks-in-place', ['file-handle', 'seccomp-notify', 'file-handle']],
  ['chain-breaks-until-next-start', ['sidecar-caps', 'seccomp-notify']],
])('%s: who was tried', async (name, strategies) => {
  expect(await admittedIn(name)).toEqual(strategies);
});

describe('whoever dies at whichever point of a choice, all invariants hold', () => {
  const all = readdirSync(scenarioDirectory).flatMap((file) => /^(chain-.*)\.yaml$/.exec(file)?.[1] ?? []);
  // One where a broker fails, two with a policy that changes, and one in which two strategies began something.
  const short = [
    'chain-sidecar-stripped',
    'chain-policy-narrowed',
    'chain-policy-changes-in-place',
    'chain-payload-after-notifier',
  ];
  const seeds = isLong ? ['1', '2', '3', '4', '5'] : ['1'];

  test.each(isLong ? all : short)('%s', { timeout: 600_000 }, async (name) => {
    const scenario = readScenario(name);
    for (const seed of seeds) {
      for (const point of await enumerateCrashPoints(scenario, { seed })) {
        const { violations, outcome } = await runScenario(scenario, { seed, faults: [crashAt(point)] });
        expect({ seed, point, violations, outcome }).toEqual({
          seed,
          point,
          violations: [],
          outcome: 'held',
        });
      }
    }
  });
});

describe('a way to get a chain of fallbacks wrong', () => {
  test.each(chainOldWays)('%s: an invariant catches it, and without it all hold', async (way) => {
    const scenario = readScenario(`old-${way}`);
    expect(scenario.chain.oldWays).toEqual([way]);
    expect(scenario.expect.broken.length).toBeGreaterThan(0);
    const repaired = { ...scenario, chain: { ...scenario.chain, oldWays: [] } };
    for (const seed of ['1', '2', '3']) {
      expect(await brokenBy(scenario, seed), seed).toEqual([...scenario.expect.broken].sort());
      expect(await brokenBy(repaired, seed), seed).toEqual([]);
    }
  });
});
