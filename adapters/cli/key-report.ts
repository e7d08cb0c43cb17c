import { isValid, keyIdText, type SealKeySet } from '../keys/index.js';
import { askAgent, isNoAgent } from './ask-agent.js';
import { exitCode, print, printJson } from './output.js';

/** What became of telling the agent: none runs; all its loops have the keys; or one has them later. */
export type AgentTold = 'not-running' | 'taken' | 'partly' | 'failed';

/** A key as it is shown: no secret. */
export interface KeyObject {
  readonly id: string;
  readonly state: 'current' | 'verifies' | 'retired';
  readonly createdAt: string;
  readonly retireAt?: string;
  readonly origin: string;
}

/** Keys in the order in which they came. */
export function keyObjects({ current, keys }: SealKeySet, nowMs = Date.now()): KeyObject[] {
  return keys.map((key) => ({
    id: keyIdText(key.id),
    state: key.id === current ? 'current' : isValid(key, nowMs) ? 'verifies' : 'retired',
    createdAt: new Date(key.createdAtMs).toISOString(),
    ...(key.retireAtMs === undefined ? {} : { retireAt: new Date(key.retireAtMs).toISOString() }),
    origin: key.origin,
  }));
}

/** Prints them. When the agent could not take up what was changed, the exit code is 1. */
export function showKeys(set: SealKeySet, flags: { readonly json?: boolean }, agent?: AgentTold): void {
  const keys = keyObjects(set);
  if (agent === 'failed') process.exitCode = exitCode.failed;
  if (flags.json) return printJson({ keys, ...(agent === undefined ? {} : { agent }) });
  print('KEY       STATE     MADE                      UNTIL                     ORIGIN');
  for (const { id, state, createdAt, retireAt, origin } of keys) {
    print(`${id}  ${state.padEnd(10)}${createdAt.padEnd(26)}${(retireAt ?? '').padEnd(26)}${origin}`);
  }
  if (agent !== undefined) print(agentWords[agent]);
}

const agentWords: Readonly<Record<AgentTold, string>> = {
  'not-running': 'no agent runs; the next one uses them',
  taken: 'the agent uses them',
  partly: 'the agent uses them, but for a loop that a target keeps in a request: it does when that ends',
  failed: 'the agent could NOT take them up; its log says why',
};

/** Has the agent of a state directory, if one runs, take up the keys as they are now. */
export async function tellAgent(stateDirectory: string): Promise<AgentTold> {
  try {
    const answer = (await askAgent(stateDirectory, 'keys')) as { everywhere?: boolean; error?: unknown };
    if (answer.error !== undefined) return 'failed';
    return answer.everywhere === true ? 'taken' : 'partly';
  } catch (error) {
    return isNoAgent(error) ? 'not-running' : 'failed';
  }
}
