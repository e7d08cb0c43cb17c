import { renameSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nativeProgram } from '../../adapters/native/native-programs.js';
import { type Child, runChild, sleep, startChild } from './child.js';
import { type ContainerOptions, startContainer } from './container.js';
import type { LabHost } from './lab-host.js';
import { crunCommand, writeSidecarBundle } from './sidecar-bundle.js';
import { isSocket, type Virtiofsd } from './virtiofsd.js';

const startMsMax = 30_000;
const commandMsMax = 20_000;
const name = 'notifier';
const socketPath = '/sock/notifier.sock';

/** A sidecar as `deputy sidecar render --form notifier` has it, run by crun beside a container. */
export class LabNotifier {
  private child: Child | undefined;

  constructor(
    private readonly host: LabHost,
    private readonly bundle: string,
  ) {}

  /** Starts it, again if it was removed; resolves when it serves. */
  async start(): Promise<void> {
    const words = crunCommand(this.host)('run', '--bundle', this.bundle, name);
    const child = startChild(...words);
    this.child = child;
    const end = Date.now() + startMsMax;
    while (!child.stdout.includes(`ready ${socketPath}`)) {
      if (Date.now() > end) throw new Error(`the sidecar does not serve: ${child.stderr.join('\n')}`);
      await sleep(10);
    }
  }

  /** Kills all of its container at once, and takes it away. */
  async remove(): Promise<void> {
    await runChild(...crunCommand(this.host)('delete', '--force', name), commandMsMax);
    await this.child?.exited;
  }
}

/** virtiofsd in a container, behind deputy-wrap, with its sidecar. */
export async function startWrappedVirtiofsd(
  options: Omit<ContainerOptions, 'args' | 'host'> & { readonly host: LabHost },
): Promise<{ readonly virtiofsd: Virtiofsd; readonly sidecar: LabNotifier }> {
  const { host } = options;
  const log: string[] = [];
  const daemon = '/usr/libexec/virtiofsd --sandbox=none --inode-file-handles=mandatory --seccomp=none';
  const run = `exec /sock/deputy-wrap ${socketPath} -- ${daemon} --shared-dir=/share --socket-path=/sock/vfs.sock`;
  const container = await startContainer({
    ...options,
    args: ['/bin/sh', '-c', `while [ ! -x /sock/deputy-wrap ]; do :; done; ${run}`],
    onLine: (line) => void log.push(line),
  });
  const wrap = join(container.socketDirectory, 'deputy-wrap');
  await copyFile(nativeProgram('deputy-wrap'), `${wrap}.new`);
  renameSync(`${wrap}.new`, wrap);
  const words = ['--form', 'notifier', '--socket', socketPath];
  const sidecar = new LabNotifier(host, writeSidecarBundle(host, container, name, words));
  await sidecar.start();
  const path = join(container.socketDirectory, 'vfs.sock');
  const end = Date.now() + startMsMax;
  while (!isSocket(path)) {
    if (Date.now() > end) throw new Error(`virtiofsd made no socket: ${log.join('\n')}`);
    await sleep(10);
  }
  return { virtiofsd: { ...container, socketPath: path, log }, sidecar };
}
