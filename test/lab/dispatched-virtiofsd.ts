import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { nativeProgram } from '../../adapters/native/native-programs.js';
import { deputyCommand } from './agent-process.js';
import { sleep, within } from './child.js';
import { type ContainerOptions, startContainer } from './container.js';
import { openLabHost } from './lab-host.js';
import type { Virtiofsd } from './virtiofsd.js';

export interface DispatchedOptions extends Omit<ContainerOptions, 'args'> {
  /** What virtiofsd may hold, as `deputy dispatch --capabilities` has it. */
  readonly dispatchCapabilities: string;
  readonly user: string;
}

/** A virtiofsd that deputy put into a container whose own process is the placeholder. */
export interface DispatchedVirtiofsd extends Virtiofsd {
  readonly dispatch: ChildProcess;
  /** The exit code of `deputy dispatch`. */
  readonly dispatched: Promise<number | null>;
  /** The command line of Node that dispatched it, with further flags. */
  dispatchWords(flags: readonly string[]): string[];
  readonly stateDirectory: string;
}

const startMsMax = 20_000;

export async function startDispatchedVirtiofsd(options: DispatchedOptions): Promise<DispatchedVirtiofsd> {
  const host = options.host ?? (await openLabHost());
  const log: string[] = [];
  const { dispatchCapabilities, user, ...rest } = options;
  const container = await startContainer({
    ...rest,
    host,
    args: [
      '/bin/sh',
      '-c',
      'while [ ! -x /sock/placeholder ]; do :; done; exec /sock/placeholder --socket /sock/ph.sock',
    ],
  });
  const program = join(container.socketDirectory, 'placeholder');
  copyFileSync(nativeProgram('placeholder'), `${program}.new`);
  renameSync(`${program}.new`, program);
  const stateDirectory = join(host.directory, 'dispatch');
  for (
    let waitedMs = 0;
    waitedMs < startMsMax && !existsSync(join(container.socketDirectory, 'ph.sock'));
    waitedMs += 10
  ) {
    await sleep(10);
  }
  const dispatchWords = (flags: readonly string[]): string[] => {
    const words = ['dispatch', '--runtime-root', host.stateDirectory(options.runtime)];
    words.push('--target', container.containerId, '--state', stateDirectory, '--from', 'target');
    words.push('--placeholder-socket', '/sock/ph.sock', '--capabilities', dispatchCapabilities);
    words.push('--user', user, '--readiness', 'socket:/sock/vfs.sock', ...flags, '--');
    words.push('/usr/libexec/virtiofsd', '--sandbox=none', '--inode-file-handles=mandatory');
    words.push('--seccomp=none', '--shared-dir=/share', '--socket-path=/sock/vfs.sock');
    // As root it drops what it is not told to keep.
    return [deputyCommand(), ...words, ...(user.startsWith('0') ? ['--modcaps=+dac_read_search'] : [])];
  };
  const dispatch = spawn(process.execPath, dispatchWords([]), {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [dispatch.stdout, dispatch.stderr]) {
    stream.on('data', (bytes: Buffer) => void log.push(...bytes.toString().split('\n').filter(Boolean)));
  }
  const dispatched = new Promise<number | null>((resolve) => dispatch.once('exit', (code) => resolve(code)));
  const socketPath = join(container.socketDirectory, 'vfs.sock');
  let ended = false;
  void dispatched.then(() => {
    ended = true;
  });
  for (let waitedMs = 0; waitedMs < startMsMax && !ended && !existsSync(socketPath); waitedMs += 10)
    await sleep(10);
  // One that refuses may have made its socket first, so a moment later it must still live.
  await sleep(50);
  if (ended || !existsSync(socketPath)) {
    await container.delete();
    throw new Error(`virtiofsd was not dispatched: ${log.join('\n')}`);
  }
  return {
    ...container,
    socketPath,
    log,
    dispatch,
    dispatched,
    dispatchWords,
    stateDirectory,
    async delete() {
      await container.delete();
      if ((await within(startMsMax, dispatched)) === undefined) dispatch.kill('SIGKILL');
      if (options.host === undefined) await host.close();
    },
  };
}
