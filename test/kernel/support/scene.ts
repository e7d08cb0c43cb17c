import { chmodSync, rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { type AgentProcess, type AgentProcessOptions, startAgentProcess } from '../../lab/agent-process.js';
import { replayStateDirectory } from '../../support/replay.js';
import { requestsOf, type SeenRequest } from './request-events.js';
import { makeShare } from './share.js';
import { type Confinement, TrapTarget } from './trap-target.js';

/** An agent for all tests of a suite, a share with files of every kind, and targets that end with their test. */
export interface Scene {
  readonly agent: AgentProcess;
  readonly share: string;
  /** A root process in the share, without a filter yet. */
  target(): TrapTarget;
  /** Gives a target to the agent. */
  confine(target: TrapTarget, options?: Confinement): Promise<void>;
  /** The target's requests as the event store has them; `count` is how many are waited for. */
  requests(target: TrapTarget, count: number): Promise<SeenRequest[]>;
}

/** To be called inside a suite: starts the agent before its tests. */
export function makeScene(
  defaults: Record<string, unknown> = {},
  options: Omit<AgentProcessOptions, 'policy'> & { readonly targets?: readonly object[] } = {},
): Scene {
  let agent: AgentProcess;
  let share: { directory: string; share: string };
  const targets: TrapTarget[] = [];
  beforeAll(async () => {
    share = makeShare();
    // Targets take handles before they get their filter, so nothing seals them.
    const { targets: rules = [], ...rest } = options;
    const policy = { version: 1, defaults: { confinement: 'none', ...defaults }, targets: rules };
    agent = await startAgentProcess({ ...rest, policy });
    chmodSync(agent.directory, 0o755);
  }, 60_000);
  afterEach(async () => {
    await Promise.all(targets.splice(0).map((target) => target.end()));
  });
  afterAll(async () => {
    // Whatever was done to it, the journal is one that the machines allow.
    replayStateDirectory(agent.stateDirectory);
    await agent.stop();
    rmSync(share.directory, { recursive: true, force: true });
  }, 60_000);
  return {
    get agent() {
      return agent;
    },
    get share() {
      return share.share;
    },
    target() {
      const target = TrapTarget.start(share.share);
      targets.push(target);
      return target;
    },
    confine: (target, options = {}) => target.confine({ socketPath: agent.socketPath, ...options }),
    requests: (target, count) => requestsOf(agent.stateDirectory, target.container, count),
  };
}
