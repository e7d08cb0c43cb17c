/**
 * What the engines of the contract suite have in common: each is a process of its own, so that it can be
 * killed, and is told what to do by lines.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { built } from './built.mjs';

const { parsePolicy } = await built('core/index.js');

export const [stateDirectory, policyPath, strategy, ...words] = process.argv.slice(2);
export const policy = parsePolicy(JSON.parse(readFileSync(policyPath, 'utf8')));

/** Delegates to the target or, where a predecessor of this process did, goes on with that. */
export async function begin(engine, host, target, name) {
  const [open] = await host.stateDirectory.sequencer.caughtUp();
  if (open === undefined) return (await engine.delegate({ target, strategy, origin: 'suite' })).id;
  await engine.adopt({
    delegationId: open.delegationId,
    strategy: name,
    targets: [target],
    reason: 'the engine before this one is gone',
    inFlight: host.inFlight ?? 0,
    previousEpoch: host.stateDirectory.epoch - 1,
  });
  return open.delegationId;
}

/** Says that it serves, and does what `on` has for each line; 'end' is the last one. */
export async function obey(on) {
  console.log('ready');
  for await (const line of createInterface({ input: process.stdin })) {
    const said = await on[line]?.();
    console.log(said ?? line);
    if (line === 'end') break;
  }
  process.exit(0);
}
