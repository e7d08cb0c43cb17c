import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { createEngine } from '../../../core/engine/engine.js';
import type { Policy, Share } from '../../../core/policy/schema.js';
import type { Logger } from '../../../core/ports/logger.js';
import { brokerHandlerOf, sidecarCaps } from '../../../strategies/sidecar-caps/index.js';
import { type OpenedBrokerHost, openBrokerHost } from '../../broker/broker-host.js';
import type { PeerRules } from '../../broker/peer.js';
import { becomeTarget } from '../../broker/privileges.js';
import type { NamedShare } from '../../broker/shares.js';
import { watchHandleUse } from '../../host/watch-handle-use.js';
import { exitAtOnce } from '../../linux/index.js';
import { commandLineLogger, type LogLevel } from '../../logging/index.js';
import { parseUser } from '../dispatch/payload-spec.js';
import { loadPolicy } from '../load-policy.js';
import { exitCode, print } from '../output.js';
import { parseCgroup, parseGroups } from '../peer-options.js';

/** Shutdown publishes what is left; a disk that hangs must not keep the process for ever. */
const closeTimeoutMs = 25_000;

interface BrokerFlags {
  readonly socket: string;
  readonly share: readonly NamedShare[];
  readonly user: { readonly user: number; readonly group: number };
  readonly groups: readonly number[];
  readonly cgroup: PeerRules['cgroup'];
  readonly state: string;
  readonly policy?: string;
  readonly container: string;
  readonly node?: string;
}

/** Adds `deputy broker` to the program. */
export function addBrokerCommand(program: Command): void {
  program
    .command('broker')
    .description('the process of a sidecar: names and opens files for the container beside it, by descriptor')
    .requiredOption('--socket <path>', 'unix socket (SOCK_SEQPACKET, 0600) that the target connects to')
    .requiredOption(
      '--share <name=path[:target path]>',
      'a volume, where it is mounted here and, if elsewhere, there; repeatable',
      parseShare,
      [],
    )
    .requiredOption('--user <uid[:gid]>', "the target's user, which the broker becomes", parseUser)
    .option('--groups <list>', "the target's supplementary groups", parseGroups, [])
    .option(
      '--cgroup <which>',
      "other: not the broker's own, one at a time; any; or a line of /proc/PID/cgroup",
      parseCgroup,
      'other' as const,
    )
    .option('--policy <file>', 'what the target may have done for it; without it the defaults hold')
    .option('--state <directory>', 'journal, events, keys and lock (0700)', '/state/deputy')
    .option('--container <id>', "the target's name in events; its tenant, where no policy says it", 'target')
    .option('--node <name>', "the node's name in events; default is the host name")
    .action(async (flags: BrokerFlags) => {
      const { logLevel } = program.opts<{ logLevel: LogLevel }>();
      await runBroker({ ...flags, state: resolve(flags.state) }, commandLineLogger(logLevel));
    });
}

async function runBroker(flags: BrokerFlags, logger: Logger): Promise<void> {
  const policyOf = (): Policy => narrowed(loadPolicy(flags.policy, logger), flags.share);
  const policy = policyOf();
  const { user, group } = flags.user;
  // First of all: whatever comes behind it is done as the target, with the one capability.
  await becomeTarget({ user, group, groups: flags.groups });
  const host = await openBrokerHost({
    socketPath: flags.socket,
    shares: flags.share,
    rules: { user, groups: [group, ...flags.groups], cgroup: flags.cgroup },
    handlerOf: brokerHandlerOf,
    stateDirectory: flags.state,
    logger,
    ...(flags.node === undefined ? {} : { node: flags.node }),
  });
  const engine = createEngine({ ...host, strategies: [sidecarCaps(host)], policy });
  const end = ended();
  let isOver = false;
  process.on('SIGHUP', () => {
    try {
      host.reloadKeys();
      engine.setPolicy(policyOf());
    } catch (error) {
      logger.error({ err: error }, 'the new policy or keys are refused; the old ones stay');
    }
  });
  try {
    await begin(engine, host, flags);
    watchHandleUse(engine, () => isOver);
    print(`ready ${flags.socket}`);
    const signal = await end;
    isOver = true;
    logger.info({ signal }, 'ending');
    setTimeout(() => exitAtOnce(exitCode.failed), closeTimeoutMs).unref();
    await engine.close();
  } finally {
    await host.close();
  }
  process.exit(exitCode.ok);
}

/** A broker that was started again goes on with the delegation that its predecessor had. */
async function begin(
  engine: ReturnType<typeof createEngine>,
  { stateDirectory, inFlight }: OpenedBrokerHost,
  { container }: BrokerFlags,
): Promise<void> {
  const target = { containerId: container };
  const [open] = await stateDirectory.sequencer.caughtUp();
  if (open === undefined) {
    await engine.delegate({ target, strategy: 'sidecar-caps', origin: 'broker' });
    return;
  }
  await engine.adopt({
    delegationId: open.delegationId,
    strategy: 'sidecar-caps',
    targets: [target],
    reason: 'the broker before this one is gone',
    inFlight,
    previousEpoch: stateDirectory.epoch - 1,
  });
}

/** 'all' means the volumes that are named: the broker has no others. */
function narrowed(policy: Policy, named: readonly NamedShare[]): Policy {
  const shares: Share[] = named.map(({ name, targetPath }) => ({ name, path: targetPath }));
  const { defaults, targets } = policy;
  return {
    ...policy,
    defaults: defaults.shares === 'all' ? { ...defaults, shares } : defaults,
    targets: targets.map((rule) => (rule.shares === 'all' ? { ...rule, shares } : rule)),
  };
}

function ended(): Promise<string> {
  return new Promise((resolveSignal) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolveSignal(signal));
  });
}

/** `NAME=PATH` or `NAME=PATH:TARGETPATH`. */
export function parseShare(text: string, before: readonly NamedShare[] = []): NamedShare[] {
  const match = /^([^=/:]+)=(\/[^:]*)(?::(\/[^:]*))?$/.exec(text);
  const [, name, path, targetPath = path] = match ?? [];
  if (name === undefined || path === undefined || targetPath === undefined) {
    throw new InvalidArgumentError('NAME=/PATH or NAME=/PATH:/TARGETPATH is wanted');
  }
  if (before.some((share) => share.name === name)) {
    throw new InvalidArgumentError(`there is a share ${name} already`);
  }
  return [...before, { name, path, targetPath }];
}
