import { type Command, InvalidArgumentError, Option } from 'commander';
import { deputyError } from '../../../core/errors/deputy-error.js';
import type { NamedShare } from '../../broker/shares.js';
import { kubernetesSnippet, ociBundle } from '../../sidecar/index.js';
import { parsePair, parseUser } from '../dispatch/payload-spec.js';
import { print, printJson } from '../output.js';
import { positiveInteger } from './agent.js';
import { parseGroups, parseShare } from './broker.js';

interface RenderFlags {
  readonly format: 'oci' | 'kubernetes';
  readonly share: readonly NamedShare[];
  readonly source: readonly string[];
  readonly user: { readonly user: number; readonly group: number };
  readonly groups: readonly number[];
  readonly socket: string;
  readonly state: string;
  readonly socketSource?: string;
  readonly stateSource?: string;
  readonly container: string;
  readonly command: readonly string[];
  readonly policy?: string;
  readonly image: string;
  readonly root: string;
  readonly targetPid?: number;
  readonly cgroupsPath?: string;
}

/** Adds `deputy sidecar` to the program. */
export function addSidecarCommand(program: Command): void {
  const sidecar = program.command('sidecar').description('the container beside a target that serves it');
  sidecar
    .command('render')
    .description("prints an OCI bundle's config.json, or what a Kubernetes pod is given")
    .addOption(new Option('--form <form>', 'what runs in it').choices(['broker']).default('broker'))
    .addOption(
      new Option('--format <format>', 'for which runtime')
        .choices(['oci', 'kubernetes'])
        .makeOptionMandatory(),
    )
    .requiredOption('--share <name=path[:target path]>', 'as of `deputy broker`; repeatable', parseShare, [])
    .option('--source <name=source>', "a share's directory of the host, or volume of the pod", parsePair, [])
    .requiredOption('--user <uid[:gid]>', "the target's user", parseUser)
    .option('--groups <list>', "the target's supplementary groups", parseGroups, [])
    .option('--socket <path>', 'the socket, in both containers', '/run/deputy/broker.sock')
    .option('--socket-source <source>', "where the socket's directory comes from")
    .option('--state <directory>', 'in the sidecar alone', '/state/deputy')
    .option('--state-source <source>', "where the state's volume comes from")
    .option('--policy <file>', 'a policy, where the sidecar will have it')
    .option('--container <name>', "the target's name in events", 'target')
    .option('--command <words...>', 'the program, up to where `broker` stands', ['deputy'])
    .option('--image <image>', 'kubernetes: an image with deputy in it', 'deputy:latest')
    .option('--root <directory>', 'oci: the root file system', 'rootfs')
    .option('--target-pid <pid>', 'oci: a process of the target', positiveInteger)
    .option('--cgroups-path <path>', 'oci: the cgroup of the sidecar')
    .action((flags: RenderFlags) => render(flags));
}

function render(flags: RenderFlags): void {
  const { share: shares, socket: socketPath, state: stateDirectory, container, command, groups } = flags;
  const sources = Object.fromEntries(flags.source.map((pair) => splitSource(pair, shares)));
  const policy = flags.policy === undefined ? {} : { policyPath: flags.policy };
  const place = { shares, sources, socketPath, stateDirectory, container, command };
  const common = { ...place, groups, ...flags.user, ...policy };
  if (flags.format === 'kubernetes') {
    const { image, socketSource = 'deputy-socket', stateSource = 'deputy-state' } = flags;
    return print(kubernetesSnippet({ ...common, socketSource, stateSource, image }).trimEnd());
  }
  const { root: rootPath, targetPid: targetProcess, cgroupsPath, socketSource, stateSource } = flags;
  if (targetProcess === undefined || socketSource === undefined || stateSource === undefined) {
    const detail = 'oci wants --target-pid, --socket-source and --state-source';
    throw deputyError('DEPUTY_E_USAGE', { detail });
  }
  const cgroup = cgroupsPath === undefined ? {} : { cgroupsPath };
  printJson(ociBundle({ ...common, rootPath, targetProcess, socketSource, stateSource, ...cgroup }));
}

function splitSource(pair: string, shares: readonly NamedShare[]): [string, string] {
  const at = pair.indexOf('=');
  const [name, source] = [pair.slice(0, at), pair.slice(at + 1)];
  if (shares.some((share) => share.name === name)) return [name, source];
  throw new InvalidArgumentError(`there is no share ${name}`);
}
