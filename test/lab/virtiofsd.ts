import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sleep } from './child.js';
import { type Container, type ContainerOptions, startContainer } from './container.js';

export interface VirtiofsdOptions extends Omit<ContainerOptions, 'args'> {
  /** virtiofsd's own filter, which its seccomp profile applies after the runtime's. */
  readonly seccomp?: 'none' | 'kill';
  readonly logLevel?: 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'off';
}

export interface Virtiofsd extends Container {
  /** The vhost-user socket, as a path of the host. */
  readonly socketPath: string;
  /** What virtiofsd wrote, in the order in which it was read. */
  readonly log: readonly string[];
}

const socketMsMax = 20_000;

/** Is there a socket? */
export function isSocket(path: string): boolean {
  return existsSync(path) && statSync(path).isSocket();
}

/** Starts virtiofsd in a container; resolves once its socket exists, else rejects with its log. */
export async function startVirtiofsd(options: VirtiofsdOptions): Promise<Virtiofsd> {
  const log: string[] = [];
  const container = await startContainer({
    ...options,
    args: [
      '/usr/libexec/virtiofsd',
      '--sandbox=none',
      '--inode-file-handles=mandatory',
      `--seccomp=${options.seccomp ?? 'none'}`,
      `--log-level=${options.logLevel ?? 'info'}`,
      '--shared-dir=/share',
      '--socket-path=/sock/vfs.sock',
    ],
    onLine: (line, stream) => {
      log.push(line);
      options.onLine?.(line, stream);
    },
  });
  const socketPath = join(container.socketDirectory, 'vfs.sock');
  let ended = false;
  void container.exited.then(() => {
    ended = true;
  });
  const deadline = Date.now() + socketMsMax;
  while (!ended && !isSocket(socketPath) && Date.now() < deadline) await sleep(10);
  // A virtiofsd that refuses may have made its socket first, so a moment later it must still live.
  await sleep(50);
  if (!ended && isSocket(socketPath)) return { ...container, socketPath, log };
  await container.delete();
  throw new Error(`virtiofsd ${ended ? 'ended' : 'made no socket'}: ${log.join('\n')}`);
}
