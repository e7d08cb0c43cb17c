import { chmodSync, copyFileSync, renameSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { deputyError, isDeputyError } from '../../../core/errors/deputy-error.js';
import type { NamedShare } from '../../broker/shares.js';
import { nativeProgram } from '../../native/native-programs.js';
import { kubernetesSnippet, ociBundle, type SidecarForm } from '../../sidecar/index.js';
import { parsePair, parseUser } from '../dispatch/payload-spec.js';
import { print, printJson } from '../output.js';
import { parseGroups } from '../peer-options.js';
import { positiveInteger } from './agent.js';
import { parseShare } from './broker.js';

interface RenderFlags {
  readonly form: SidecarForm;
  readonly format: 'oci' | 'kubernetes';
  readonly share: readonly NamedShare[];
  readonly source: readonly string[];
  readonly user: { readonly user: number; readonly group: number };
  readonly groups: readonly number[];
  readonly socket?: string;
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
    .addOption(
      new Option('--form <form>', 'what runs in it').choices(['broker', 'notifier']).default('broker'),
    )
    .addOption(
      new Option('--format <format>', 'for which runtime')
        .choices(['oci', 'kubernetes'])
        .makeOptionMandatory(),
    )
    .option(
      '--share <name=path[:target path]>',
      'broker: as of `deputy broker`; repeatable',
      parseShare,
      [] as readonly NamedShare[],
    )
    .option('--source <name=source>', "a share's directory of the host, or volume of the pod", parsePair, [])
    .requiredOption('--user <uid[:gid]>', "the target's user", parseUser)
    .option('--groups <list>', "the target's supplementary groups", parseGroups, [])
    .option('--socket <path>', 'the socket, in both containers; default /run/deputy/FORM.sock')
    .option('--socket-source <source>', "where the socket's directory comes from")
    .option('--state <directory>', 'in the sidecar alone', '/state/deputy')
    .option('--state-source <source>', "where the state's volume comes from")
    .option('--policy <file>', 'a policy, where the sidecar will have it')
    .option('--container <name>', "the target's name in events", 'target')
    .option('--command <words...>', 'the program, up to where the form stands', ['deputy'])
    .option('--image <image>', 'kubernetes: an image with deputy in it', 'deputy:latest')
    .option('--root <directory>', 'oci: the root file system', 'rootfs')
    .option('--target-pid <pid>', 'oci: a process of the target', positiveInteger)
    .option('--cgroups-path <path>', 'oci: the cgroup of the sidecar')
    .action((flags: RenderFlags) => render(flags));
  sidecar
    .command('wrap')
    .description('copies deputy-wrap, which runs a program for a notifier, to where a container will have it')
    .argument('<path>', 'the file to make; one that is there is replaced')
    .action((path: string) => copyWrapper(path));
}

/** Whole or not at all: a container may be about to execute it. */
function copyWrapper(path: string): void {
  const half = `${path}.new`;
  try {
    copyFileSync(nativeProgram('deputy-wrap'), half);
    chmodSync(half, 0o755);
    renameSync(half, path);
  } catch (error) {
    if (isDeputyError(error)) throw error;
    throw deputyError('DEPUTY_E_USAGE', { detail: `${path}: ${String(error)}` });
  }
}

function render(flags: RenderFlags): void {
  const { form, share: shares, state: stateDirectory, container, command, groups } = flags;
  if (form === 'broker' && shares.length === 0) {
    throw deputyError('DEPUTY_E_USAGE', { detail: 'a broker wants --share' });
  }
  if (form === 'notifier' && shares.length > 0) {
    const detail = 'a notifier has no shares: it opens through the mounts of its target; a policy names them';
    throw deputyError('DEPUTY_E_USAGE', { detail });
  }
  const socketPath = flags.socket ?? `/run/deputy/${form}.sock`;
  const sources = Object.fromEntries(flags.source.map((pair) => splitSource(pair, shares)));
  const policy = flags.policy === undefined ? {} : { policyPath: flags.policy };
  const place = { form, shares, sources, socketPath, stateDirectory, container, command };
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
