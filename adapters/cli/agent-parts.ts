import { setFlagsFromString } from 'node:v8';
import { defaultPolicy } from '../../core/policy/parse.js';
import type { Policy } from '../../core/policy/schema.js';
import { policyWarnings } from '../../core/policy/warnings.js';
import type { Logger } from '../../core/ports/logger.js';
import { handlersModule, seccompNotify } from '../../strategies/seccomp-notify/index.js';
import { type Agent, startAgent } from '../agent/agent.js';
import { readPolicy } from '../policy/index.js';

/** Where state is kept when nothing is said. */
export const defaultStateDirectory = '/var/lib/deputy';

/** Strategies that this build knows by name; a policy may name others that come later. */
export interface AgentFlags {
  readonly socket?: string;
  readonly policy?: string;
  readonly state: string;
  readonly node?: string;
  readonly allowUser?: readonly number[];
  readonly journalBytes?: number;
  readonly eventBytes?: number;
  readonly journalRetentionMs?: number;
}

/** The policy of a file, or the defaults; what is odd about it goes to the log. */
export function loadPolicy(path: string | undefined, logger: Logger): Policy {
  const policy = path === undefined ? defaultPolicy() : readPolicy(path);
  for (const warning of policyWarnings(policy)) logger.warn({ policy: path ?? '(defaults)' }, warning);
  return policy;
}

/** Starts an agent with everything this build has: the one place where strategies and adapters meet. */
export function openAgent(flags: AgentFlags, policy: Policy, logger: Logger): Promise<Agent> {
  // Events are garbage a moment after they are made; a young generation that grows with their rate gains
  // nothing.
  setFlagsFromString('--semi-space-growth-factor=1');
  return startAgent({
    ...(flags.socket === undefined ? {} : { socketPath: flags.socket }),
    ...(flags.allowUser === undefined ? {} : { allowedUsers: flags.allowUser }),
    stateDirectory: flags.state,
    policy,
    logger,
    strategies: ({ service }) => [seccompNotify({ service })],
    host: {
      handlersModule,
      ...(flags.node === undefined ? {} : { node: flags.node }),
      ...(flags.journalBytes === undefined ? {} : { maximumJournalBytes: flags.journalBytes }),
      ...(flags.journalRetentionMs === undefined ? {} : { journalRetentionMs: flags.journalRetentionMs }),
      ...(flags.eventBytes === undefined ? {} : { maximumEventBytes: flags.eventBytes }),
    },
    onFatal: (message) => {
      logger.error({}, `${message}; ending`);
      process.exit(1);
    },
  });
}
