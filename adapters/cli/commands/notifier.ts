import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { PeerRules } from '../../broker/peer.js';
import { exitAtOnce } from '../../linux/index.js';
import { commandLineLogger, type LogLevel } from '../../logging/index.js';
import { openNotifier } from '../../notifier/index.js';
import { entryUrl } from '../../supervisor/entry-path.js';
import { parseUser } from '../dispatch/payload-spec.js';
import { loadPolicy } from '../load-policy.js';
import { exitCode, print } from '../output.js';
import { parseCgroup, parseGroups } from '../peer-options.js';

/** Shutdown publishes what is left; a disk that hangs must not keep the process for ever. */
const closeTimeoutMs = 25_000;

interface NotifierFlags {
  readonly socket: string;
  readonly user: { readonly user: number; readonly group: number };
  readonly groups: readonly number[];
  readonly cgroup: PeerRules['cgroup'];
  readonly policy?: string;
  readonly state: string;
  readonly container: string;
  readonly node?: string;
}

/** Adds `deputy notifier` to the program. */
export function addNotifierCommand(program: Command): void {
  program
    .command('notifier')
    .description('the process of a sidecar: answers the calls of programs beside it that deputy-wrap runs')
    .requiredOption('--socket <path>', 'unix socket that deputy-wrap brings listeners to (0600)')
    .requiredOption('--user <uid[:gid]>', "the target's user, which the sidecar becomes", parseUser)
    .option('--groups <list>', "the target's supplementary groups", parseGroups, [])
    .option(
      '--cgroup <which>',
      "other: not the sidecar's own; any; or a line of /proc/PID/cgroup",
      parseCgroup,
      'other' as const,
    )
    .option('--policy <file>', 'what the target may have done for it; without it the defaults hold')
    .option('--state <directory>', 'journal, events, keys and lock (0700)', '/state/deputy')
    .option(
      '--container <name>',
      "the target's name in events; its tenant, where no policy says it",
      'target',
    )
    .option('--node <name>', "the node's name in events; default is the host name")
    .action(async (flags: NotifierFlags) => {
      await runNotifier(flags, program.opts<{ logLevel: LogLevel }>().logLevel);
    });
}

async function runNotifier(flags: NotifierFlags, logLevel: LogLevel): Promise<void> {
  const logger = commandLineLogger(logLevel);
  const { user, group } = flags.user;
  const running = await openNotifier({
    socketPath: flags.socket,
    user,
    group,
    groups: flags.groups,
    cgroup: flags.cgroup,
    container: flags.container,
    stateDirectory: resolve(flags.state),
    policy: loadPolicy(flags.policy, logger),
    ...(flags.policy === undefined ? {} : { policyPath: resolve(flags.policy) }),
    ...(flags.node === undefined ? {} : { node: flags.node }),
    supervisorEntry: fileURLToPath(entryUrl(new URL('../supervisor.js', import.meta.url))),
    logLevel,
    logger,
  });
  process.on('SIGHUP', () => {
    try {
      running.setPolicy(loadPolicy(flags.policy, logger));
    } catch (error) {
      logger.error({ err: error }, 'the new policy is refused; the old one stays');
    }
  });
  const end = new Promise<string>((resolveSignal) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolveSignal(signal));
  });
  print(`ready ${flags.socket}`);
  const signal = await end;
  const forGood = signal === 'SIGINT';
  logger.info({ signal }, forGood ? 'ending for good' : 'ending: programs wait for the next sidecar');
  setTimeout(() => exitAtOnce(exitCode.failed), closeTimeoutMs).unref();
  const { stuckLoops } = await running.close(forGood);
  if (stuckLoops > 0) exitAtOnce(exitCode.ok);
  process.exit(exitCode.ok);
}
