import { expect } from 'vitest';
import { readStateDirectory } from '../../simulator/cli/history/read-state-directory.js';
import { parseInjection, replayHistory } from '../../simulator/index.js';

/**
 * What an agent left is replayed by the simulator: with the end that was recorded, and, once a supervisor is
 * killed where none was, with the same answers given by another way, which the replay tells of.
 */
export function replayInSimulator(stateDirectory: string): void {
  const history = readStateDirectory(stateDirectory);
  const replay = replayHistory(history, {});
  expect(replay).toMatchObject({ differences: [], strays: [] });
  const plain = history.events.filter(({ data }) => {
    const { way, recovery } = data as { way?: string; recovery?: string };
    return way === 'addfd' && recovery === 'none';
  });
  const event = plain[Math.floor(plain.length / 2)];
  const injection = parseInjection(`supervisor-restart@${event?.id}`);
  const { differences, explanation, strays } = replayHistory(history, { injection });
  expect(strays).toEqual([]);
  expect(differences).toContainEqual(expect.objectContaining({ field: 'recovery', recorded: 'none' }));
  expect(differences.filter(({ field }) => field !== 'recovery')).toEqual([]);
  expect(explanation.join('\n')).toMatch(/supervisor-\d+ is killed before answer-/);
  const { calls, steps, assumed } = replay;
  console.log(`replayed: ${calls} calls, ${steps} steps, ${assumed} assumed\n${explanation.join('\n')}`);
}
