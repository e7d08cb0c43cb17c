import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { deputyError, isDeputyError } from '../../../core/errors/deputy-error.js';
import { exitAtOnce } from '../../linux/index.js';
import { commandLineLogger, type LogLevel } from '../../logging/index.js';

import { announceReady } from '../../systemd/index.js';
import { type AgentFlags, defaultStateDirectory, startRunningAgent } from '../agent-parts.js';
import { addAdoptOption, addNatsOptions, addStreamOptions } from '../nats-options.js';

import { exitCode, print } from '../output.js';

/** Shutdown publishes what is left; a store that hangs must not keep the process for ever. */
const closeTimeoutMs = 25_000;

/** Adds `deputy agent` to the program. */
export function addAgentCommand(program: Command): void {
  const command = program
    .command('agent')
    .description('serve containers: an OCI seccomp agent for linux.seccomp.listenerPath (crun, runc)')
    .requiredOption('--socket <path>', 'unix socket that runtimes hand their listeners to (0600)')
    .option('--policy <file>', 'what targets may have done for them; without it the defaults hold')
    .option('--state <directory>', 'journal, events and lock (0700)', defaultStateDirectory)
    .option('--node <name>', "the node's name in events; default is the host name")
    .option(
      '--allow-user <uid>',
      'a user besides root that may hand over listeners; repeatable',
      collectUser,
      [],
    )
    .option('--journal-bytes <n>', 'journal on disk at most; at the bound requests wait', positiveInteger)
    .option('--journal-retention-ms <n>', 'how long published journal is kept; default 120000', wholeNumber)
    .option('--event-bytes <n>', 'events on disk at most; the eldest go first', positiveInteger)
    .option('--no-standby', 'no second supervisor that waits to take over: a take-over then takes longer')
    .option('--replace', 'take over from the agent that runs on this state directory, without losing a call')
    .addOption(
      new Option('--keeper <on|off>', 'off: one process does it all, and its end is the end of its targets')
        .choices(['on', 'off'])
        .default('on'),
    );
  addNatsOptions(
    command,
    "events go to a stream there, not to files; 'embedded': a server of the agent's own",
  );
  addAdoptOption(addStreamOptions(command, positiveInteger, wholeNumber));
  command.action(async (flags: AgentFlags & { socket: string }) => {
    const { logLevel } = program.opts<{ logLevel: LogLevel }>();
    await runAgent({ ...flags, socket: resolve(flags.socket), state: resolve(flags.state) }, logLevel);
  });
}

async function runAgent(flags: AgentFlags & { socket: string }, level: LogLevel): Promise<void> {
  requireRoot('deputy agent');
  const logger = commandLineLogger(level);
  const agent = await startRunningAgent(flags, level, logger, () => {
    logger.info({}, 'another agent has taken over; ending');
    exitAtOnce(exitCode.ok);
  });
  process.on('SIGHUP', () => {
    try {
      agent.reloadPolicy();
    } catch (error) {
      const code = isDeputyError(error) ? error.code : undefined;
      logger.error({ code, err: error }, 'the new policy is refused; the old one stays');
    }
  });
  const end = ended();
  // Whoever reads this may send signals at once, so it is said when they are listened to.
  print(`ready ${flags.socket}`);
  const notify = announceReady(`serving ${flags.socket}`);
  logger.info({ socket: flags.socket, state: flags.state }, 'serving');
  const signal = await end;
  notify?.stopping();
  logger.info({ signal }, 'ending: no more containers are taken, what is in flight is finished');
  const timer = setTimeout(() => {
    logger.error({ closeTimeoutMs }, 'ending takes too long; giving up');
    exitAtOnce(exitCode.failed);
  }, closeTimeoutMs);
  const { abandonedTargets, stuckLoops } = await agent.close();
  clearTimeout(timer);
  if (abandonedTargets > 0) {
    const message = 'live targets will get ENOSYS for their calls from now on';
    logger.warn({ targets: abandonedTargets }, `${abandonedTargets} ${message}`);
  }
  if (stuckLoops > 0) {
    const message = 'the kernel keeps this process until their calls end; its work is done';
    logger.warn({ stuckLoops }, `${stuckLoops} loops are stuck in a target's file system: ${message}`);
    exitAtOnce(exitCode.ok);
  }
  process.exit(exitCode.ok);
}

/** The agent acts with root's capabilities; without them nothing of it works. */
export function requireRoot(action: string): void {
  if (process.getuid?.() !== 0) throw deputyError('DEPUTY_E_NOT_ROOT', { action });
}

function ended(): Promise<string> {
  return new Promise((resolveSignal) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolveSignal(signal));
  });
}

/** For commander: a whole number, zero too. */
export function wholeNumber(text: string): number {
  return text.trim() === '0' ? 0 : positiveInteger(text);
}

/** For commander: a whole number above zero. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value <= 0)
    throw new InvalidArgumentError('a whole number above 0 is wanted');
  return value;
}

function collectUser(text: string, before: readonly number[]): readonly number[] {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError('a numeric user id is wanted');
  return [...before, value];
}
