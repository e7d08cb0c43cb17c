import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { MutateDispatch } from '../../simulator/actors/dispatch/dispatch-cast.js';
import { formerWays } from '../../simulator/actors/dispatch/former-ways.js';
import { oldWays } from '../../simulator/actors/dispatch/old-ways.js';
import type { Fault } from '../../simulator/faults/fault-schema.js';
import {
  crashAt,
  enumerateCrashPoints,
  parseScenario,
  runScenario,
  type Scenario,
} from '../../simulator/index.js';
import { commandSteps, dispatchSteps } from '../../strategies/dispatcher/index.js';
import { isLong } from '../support/describe-when.js';
import { brokenBy, readScenario, scenarioDirectory } from './read-scenario.js';

function oldScenarios(): Scenario[] {
  const names = readdirSync(scenarioDirectory);
  return names
    .filter((name) => name.startsWith('old-'))
    .map((name) => readScenario(name.slice(0, -'.yaml'.length)));
}

describe('whoever dies at whichever point of a dispatch, all invariants hold', () => {
  const all = [
    'dispatch',
    'dispatch-crash',
    'dispatch-target-death',
    'dispatch-target-death-at-start',
    'dispatch-twice',
    'dispatch-twice-shared',
    'dispatch-restart',
    'dispatch-restart-unseen',
    'dispatch-late',
    'dispatch-untold',
    'dispatch-untold-record',
    'dispatch-versions',
    'dispatch-follow',
  ];
  const seeds = isLong ? ['1', '2', '3', '4', '5'] : ['1'];

  test.each(isLong ? all : ['dispatch', 'dispatch-twice'])('%s', { timeout: 600_000 }, async (name) => {
    const scenario = readScenario(name);
    for (const seed of seeds) {
      const points = await enumerateCrashPoints(scenario, { seed });
      expect(points.length).toBeGreaterThan(100);
      for (const point of points) {
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

  test('the real steps run, each of them', async () => {
    const seen = new Set<string>();
    for (const name of ['dispatch', 'dispatch-crash']) {
      const scenario = readScenario(name);
      const trace = ({ detail }: { readonly detail: Record<string, unknown> }): void => {
        if (typeof detail['step'] === 'string') seen.add(detail['step']);
      };
      await runScenario(scenario, { seed: '1', trace });
    }
    expect([...seen].sort()).toEqual(dispatchSteps.map(({ name }) => name).sort());
  });

  test('and those of the command, each of them', async () => {
    const seen = new Set<string>();
    const mutateDispatch: MutateDispatch = ({ command, strategy }) => ({
      strategy,
      command: command.map(({ name, act }) => ({
        name,
        act: (given) => {
          seen.add(name);
          return act(given);
        },
      })),
    });
    const names = ['dispatch-restart-unseen', 'dispatch-late', 'dispatch-untold', 'dispatch-follow'];
    for (const name of names) {
      for (const seed of ['1', '2', '3', '4'])
        await runScenario(readScenario(name), { seed, mutateDispatch });
    }
    expect([...seen].sort()).toEqual(commandSteps.map(({ name }) => name).sort());
  });
});

describe('what would do nothing is refused', () => {
  const journal: Fault = { kind: 'journal', damage: 'gone', count: 1, when: { atUs: 1 }, moment: 'before' };
  const standby: Fault = { kind: 'crash', actor: 'standby', when: { atUs: 1 }, moment: 'before' };

  test.each([journal, standby])('$kind, in a scenario and beside it', async (fault) => {
    const scenario = readScenario('dispatch');
    const refused = { code: 'DEPUTY_E_SCENARIO_INVALID' };
    expect(() => parseScenario({ ...scenario, faults: [fault] })).toThrow(expect.objectContaining(refused));
    await expect(runScenario(scenario, { seed: '1', faults: [fault] })).rejects.toMatchObject(refused);
  });

  test('an actor of the dispatcher, where calls are answered', async () => {
    const fault: Fault = { kind: 'crash', actor: 'shim', when: { atUs: 1 }, moment: 'before' };
    const setup = { strategy: 'seccomp-notify' } as const;
    await expect(
      runScenario(readScenario('dispatch'), { seed: '1', setup, faults: [fault] }),
    ).rejects.toThrow("there is no 'shim'");
  });
});

describe('a fault that the dispatcher had itself', () => {
  test.each(formerWays)('%s: an invariant catches it, and without it all hold', async (way) => {
    const scenario = readScenario(`former-${way}`);
    expect(scenario.dispatch.formerWays).toEqual([way]);
    const repaired = { ...scenario, dispatch: { ...scenario.dispatch, formerWays: [] } };
    for (const seed of ['1', '2', '3']) {
      expect(await brokenBy(scenario, seed), seed).toEqual([...scenario.expect.broken].sort());
      expect(await brokenBy(repaired, seed), seed).toEqual([]);
    }
  });
});

describe('a fault of the code that the dispatcher was learnt from', () => {
  test.each(oldWays)('%s: an invariant catches it, and without it all hold', async (way) => {
    const ofWay = oldScenarios().filter(({ dispatch }) => dispatch.oldWays.includes(way));
    expect(ofWay.length).toBeGreaterThan(0);
    for (const scenario of ofWay) {
      expect(scenario.dispatch.oldWays).toEqual([way]);
      expect(scenario.expect.broken.length).toBeGreaterThan(0);
      const repaired = { ...scenario, dispatch: { ...scenario.dispatch, oldWays: [] } };
      for (const seed of ['1', '2', '3']) {
        const { name } = scenario;
        expect(await brokenBy(scenario, seed), `${name} ${seed}`).toEqual([...scenario.expect.broken].sort());
        expect(await brokenBy(repaired, seed), `${name} ${seed}`).toEqual([]);
      }
    }
  });
});
