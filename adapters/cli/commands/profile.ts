import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { stringify } from 'yaml';
import { deputyError } from '../../../core/errors/deputy-error.js';
import { containerProfile, operatorProfile, podSecurityContext } from '../../profile/index.js';
import { print, printJson } from '../output.js';

interface ProfileFlags {
  readonly base?: string;
  readonly socket: string;
  readonly metadata?: string;
  readonly format: 'oci' | 'kubernetes' | 'operator';
  readonly runtime: 'crun' | 'runc';
  readonly name: string;
  readonly nativeDirectories: boolean;
}

/** Adds `deputy profile` to the program. */
export function addProfileCommand(program: Command): void {
  program
    .command('profile')
    .description('print the seccomp profile that a container needs to be served')
    .option('--base <file>', "a profile to extend, such as the engine's default (JSON)")
    .option('--socket <path>', "the agent's socket", '/run/deputy/agent.sock')
    .option('--metadata <text>', 'listenerMetadata for the agent, such as tenant=blue')
    .addOption(
      new Option(
        '--format <form>',
        'oci: linux.seccomp of config.json; kubernetes: a Localhost profile; operator: a CRD',
      )
        .choices(['oci', 'kubernetes', 'operator'])
        .default('oci'),
    )
    .addOption(
      new Option(
        '--runtime <name>',
        'runc before 1.5 refuses the WAIT_KILLABLE_RECV flag, so it is left out for runc',
      )
        .choices(['crun', 'runc'])
        .default('crun'),
    )
    .option(
      '--native-directories',
      'opens with O_DIRECTORY go to the kernel: file-handle strategy, in a user namespace of its own',
      false,
    )
    .option('--name <name>', 'name of the profile (kubernetes, operator)', 'deputy')
    .action((flags: ProfileFlags) => printProfile(flags));
}

function printProfile(flags: ProfileFlags): void {
  const profile = containerProfile({
    socketPath: flags.socket,
    waitKillable: flags.runtime === 'crun',
    nativeDirectories: flags.nativeDirectories,
    ...(flags.metadata === undefined ? {} : { metadata: flags.metadata }),
    ...(flags.base === undefined ? {} : { base: readBase(flags.base) }),
  });
  if (flags.format === 'operator') {
    print(stringify(operatorProfile(profile, flags.name)).trimEnd());
    return;
  }
  printJson(profile);
  if (flags.format === 'kubernetes') {
    const file = `${flags.name}.json`;
    process.stderr.write(`save as /var/lib/kubelet/seccomp/${file} on the node; in the container's spec:\n`);
    process.stderr.write(stringify(podSecurityContext(file)));
  }
}

function readBase(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw deputyError('DEPUTY_E_USAGE', { detail: `--base ${path} can't be read as JSON` }, error);
  }
}
