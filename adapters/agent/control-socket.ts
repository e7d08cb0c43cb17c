import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { Logger } from '../../core/ports/logger.js';

/** Clients at a time: status is asked for by people and probes. */
const clientLimit = 16;
const idleTimeoutMs = 2_000;

/** Answers `deputy status`: whoever connects gets one JSON document. */
export class ControlSocket {
  private constructor(
    private readonly server: Server,
    private readonly path: string,
  ) {}

  static async open(stateDirectory: string, status: () => unknown, logger: Logger): Promise<ControlSocket> {
    const path = join(stateDirectory, 'control.sock');
    rmSync(path, { force: true });
    const server = createServer((socket) => {
      socket.setTimeout(idleTimeoutMs, () => socket.destroy());
      socket.on('error', () => socket.destroy());
      socket.end(`${JSON.stringify(status())}\n`);
    });
    server.maxConnections = clientLimit;
    server.on('error', (error) => logger.warn({ err: error }, 'the control socket failed'));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, () => resolve());
    });
    chmodSync(path, 0o600);
    return new ControlSocket(server, path);
  }

  close(): void {
    this.server.close();
    rmSync(this.path, { force: true });
  }
}
