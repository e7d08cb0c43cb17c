import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'nats';

const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/local/bin', '/usr/bin'];

/** Where the server's program is, if it is installed. */
export function natsProgram(): string | undefined {
  return folders.map((folder) => join(folder, 'nats-server')).find((path) => existsSync(path));
}

/** For describeWhen: what is missing for tests against a real server. */
export function missingForNats(): readonly string[] {
  return natsProgram() === undefined ? ['nats-server'] : [];
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export interface LabServerOptions {
  /** Lines of configuration besides port and storage. */
  readonly configuration?: string;
  readonly name?: string;
  readonly clusterPort?: number;
  readonly routes?: readonly number[];
}

/** A nats-server of this test's, on loopback, with a store of its own. */
export class LabNatsServer {
  private child: ChildProcess | undefined;
  private exited: Promise<void> = Promise.resolve();

  private constructor(
    readonly directory: string,
    readonly port: number,
  ) {}

  static async start(options: LabServerOptions = {}): Promise<LabNatsServer> {
    const directory = await mkdtemp(join(tmpdir(), 'deputy-nats-'));
    const server = new LabNatsServer(directory, await freePort());
    await mkdir(server.storeDirectory);
    await writeFile(server.configurationPath, server.configurationText(options));
    await server.restart();
    return server;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  get storeDirectory(): string {
    return join(this.directory, 'store');
  }

  private get configurationPath(): string {
    return join(this.directory, 'server.conf');
  }

  /** Starts the process; resolves when it takes connections (without credentials: when it refuses them). */
  async restart(): Promise<void> {
    const program = natsProgram() as string;
    const child = spawn(program, ['-c', this.configurationPath], { stdio: 'ignore' });
    this.child = child;
    const killOnExit = (): void => void child.kill('SIGKILL');
    process.once('exit', killOnExit);
    this.exited = new Promise((resolve) => {
      child.once('exit', () => {
        process.off('exit', killOnExit);
        resolve();
      });
    });
    await this.answering();
  }

  /** Ends it at once, as a crash does. */
  async kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGUSR2' = 'SIGKILL'): Promise<void> {
    this.child?.kill(signal);
    await this.exited;
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.directory, { recursive: true, force: true });
  }

  private async answering(): Promise<void> {
    for (let attempt = 0; attempt < 200; attempt++) {
      try {
        const connection = await connect({ servers: this.url, reconnect: false, timeout: 1_000 });
        await connection.close();
        return;
      } catch (error) {
        const { code } = error as { code?: string };
        if (code !== 'CONNECTION_REFUSED' && code !== 'CONNECTION_TIMEOUT') return;
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error('nats-server does not answer');
  }

  private configurationText({
    configuration = '',
    name,
    clusterPort,
    routes = [],
  }: LabServerOptions): string {
    const lines = [
      `listen: "127.0.0.1:${this.port}"`,
      `jetstream { store_dir: "${this.storeDirectory}", max_file_store: 100GB }`,
      configuration,
    ];
    if (name !== undefined) lines.push(`server_name: ${name}`);
    if (clusterPort !== undefined) {
      const urls = routes.map((port) => `"nats://127.0.0.1:${port}"`).join(', ');
      lines.push(`cluster { name: lab, listen: "127.0.0.1:${clusterPort}", routes: [${urls}] }`);
    }
    return `${lines.join('\n')}\n`;
  }
}
