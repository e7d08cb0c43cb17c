import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { isDeputyError } from '../../core/errors/deputy-error.js';
import type { Logger } from '../../core/ports/logger.js';

/** Clients at a time: status is asked for by people and probes. */
const clientLimit = 16;
const idleTimeoutMs = 2_000;
const questionLimitBytes = 64;
const silenceMs = 200;

/** What can be asked; each answer is one JSON document. */
export interface ControlAnswers {
  readonly status: () => unknown;
  /** Takes up the keys as they are in the state directory now. */
  readonly keys: () => Promise<unknown>;
}

/** Answers `deputy status` and `deputy keys`: one line asks, one JSON document answers. */
export class ControlSocket {
  private constructor(
    private readonly server: Server,
    private readonly path: string,
  ) {}

  static async open(stateDirectory: string, answers: ControlAnswers, logger: Logger): Promise<ControlSocket> {
    const path = join(stateDirectory, 'control.sock');
    rmSync(path, { force: true });
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.setTimeout(idleTimeoutMs, () => socket.destroy());
      socket.on('error', () => socket.destroy());
      void question(socket).then((name) => answer(socket, name, answers));
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

/** The first line; whoever says nothing for a moment, or that nothing more comes, asks for the status. */
function question(socket: Socket): Promise<string> {
  let text = '';
  return new Promise((resolve) => {
    const done = (): void => resolve(text.split('\n', 1)[0] ?? '');
    socket.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString('latin1')).slice(0, questionLimitBytes);
      if (text.includes('\n')) done();
    });
    socket.on('end', done);
    setTimeout(done, silenceMs).unref();
    socket.on('close', done);
  });
}

async function answer(socket: Socket, name: string, answers: ControlAnswers): Promise<void> {
  let document: unknown;
  try {
    if (name === 'keys') document = await answers.keys();
    else if (name === 'status' || name === '') document = answers.status();
    else document = { error: { message: 'there is no such question' } };
  } catch (error) {
    document = { error: isDeputyError(error) ? error : { message: String(error) } };
  }
  if (!socket.destroyed) socket.end(`${JSON.stringify(document)}\n`);
}
