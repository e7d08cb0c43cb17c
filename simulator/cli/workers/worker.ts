import type { Scenario } from '../../scenario/scenario-schema.js';
import { type Profile, profileOf } from '../../search/profile.js';
import { randomFaults } from '../../search/random-faults.js';
import { emptyTally, type Tally, tallyRun } from '../../search/tally.js';
import type { Batch, FromWorker, ToWorker } from './messages.js';

let scenarios: readonly Scenario[] = [];
const profiles = new Map<string, Profile>();

async function runBatch({ scenario: index, setup, work }: Batch): Promise<Tally> {
  const tally = emptyTally();
  const scenario = scenarios[index];
  if (scenario === undefined) return tally;
  if (work.kind === 'plans') {
    for (const faults of work.plans) await tallyRun(tally, { scenario, setup, seed: work.seed, faults });
    return tally;
  }
  const key = `${index} ${JSON.stringify(setup)}`;
  const profile = profiles.get(key) ?? (await profileOf(scenario, setup));
  profiles.set(key, profile);
  for (const seed of work.seeds) {
    const faults = [...work.faults, ...randomFaults(profile, seed)];
    await tallyRun(tally, { scenario, setup, seed, faults });
  }
  return tally;
}

async function answer(message: ToWorker): Promise<void> {
  if (message.kind === 'scenarios') {
    scenarios = message.scenarios;
    return;
  }
  const before = process.cpuUsage();
  const tally = await runBatch(message.batch);
  const { user, system } = process.cpuUsage(before);
  const done: FromWorker = { tally, cpuUs: user + system };
  process.send?.(done);
}

// Ctrl-C reaches the whole group; when a worker ends is for its parent to say.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('disconnect', () => process.exit());
process.on('message', (message) => void answer(message as ToWorker));
