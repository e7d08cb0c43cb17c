import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { deputyError } from '../../core/errors/deputy-error.js';
import type { Logger } from '../../core/ports/logger.js';

const folders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
/** A dead server is started again: at once, then ever more slowly, and never given up. */
const firstDelayMs = 50;
const longestDelayMs = 5_000;
const steadyMs = 1_000;
const stopWaitMs = 5_000;
const strayWaitMs = 2_000;

/** Where the server of a state directory listens; readable by its owner alone. */
interface Address {
  readonly port: number;
  readonly token: string;
  readonly pid?: number;
}

/** The URL of the server that an agent with `--nats embedded` runs. Throws DEPUTY_E_SETUP_MISSING. */
function embeddedUrl(stateDirectory: string): string {
  const address = readAddress(stateDirectory);
  if (address === undefined) {
    const detail = `no agent with --nats embedded has run on ${stateDirectory}`;
    throw deputyError('DEPUTY_E_SETUP_MISSING', { what: 'the embedded nats-server', detail });
  }
  return urlOf(address);
}

/** The URL that is meant: `embedded` stands for that of the state directory's own server. */
export function serverUrl(url: string, stateDirectory: string): string {
  return url === 'embedded' ? embeddedUrl(stateDirectory) : url;
}

/** A nats-server beside an agent: on loopback, with a token, its data in the state directory. */
export class EmbeddedServer {
  private child: ChildProcess | undefined;
  private exited: Promise<void> = Promise.resolve();
  private startedAtMs = 0;
  private deaths = 0;
  private stopping = false;
  private address: Address = { port: 0, token: '' };

  constructor(
    private readonly stateDirectory: string,
    private readonly logger: Logger,
  ) {}

  get processId(): number | undefined {
    return this.child?.pid;
  }

  /** Throws DEPUTY_E_SETUP_MISSING. */
  assertInstalled(): void {
    findProgram();
  }

  /** Starts it; who uses it waits for it by trying. Throws DEPUTY_E_SETUP_MISSING. */
  async start(): Promise<string> {
    findProgram();
    mkdirSync(directoryOf(this.stateDirectory), { recursive: true, mode: 0o700 });
    const former = readAddress(this.stateDirectory);
    if (former?.pid !== undefined) await this.endStray(former.pid);
    const port = former !== undefined && (await isFree(former.port)) ? former.port : await freePort();
    this.address = { port, token: former?.token ?? randomBytes(24).toString('hex') };
    writeFileSync(this.configurationPath, configurationText(this.stateDirectory, this.address), {
      mode: 0o600,
    });
    this.launch();
    return urlOf(this.address);
  }

  /** Ends it: in order, or `atOnce`, which costs nothing that was acknowledged. */
  async stop(atOnce = false): Promise<void> {
    this.stopping = true;
    this.child?.kill(atOnce ? 'SIGKILL' : 'SIGTERM');
    const late = setTimeout(() => this.child?.kill('SIGKILL'), stopWaitMs);
    await this.exited;
    clearTimeout(late);
  }

  private get configurationPath(): string {
    return join(directoryOf(this.stateDirectory), 'server.conf');
  }

  private launch(): void {
    const words = [findProgram(), '-c', this.configurationPath];
    // It must not outlive this process: its successor would start another one on the same files.
    const setpriv = findIn('setpriv');
    const [program = '', ...rest] =
      setpriv === undefined ? words : [setpriv, '--pdeathsig', 'KILL', ...words];
    const child = spawn(program, rest, { stdio: 'ignore' });
    this.child = child;
    this.startedAtMs = performance.now();
    writeAddress(this.stateDirectory, { ...this.address, ...(child.pid ? { pid: child.pid } : {}) });
    this.exited = new Promise((resolve) => {
      child.once('error', () => resolve());
      child.once('exit', (code, signal) => {
        resolve();
        this.died(code, signal);
      });
    });
  }

  private died(code: number | null, signal: string | null): void {
    if (this.stopping) return;
    this.deaths = performance.now() - this.startedAtMs > steadyMs ? 0 : this.deaths + 1;
    this.logger.error({ code, signal }, 'the nats-server ended; starting it again');
    const delayMs = Math.min(longestDelayMs, firstDelayMs * 2 ** this.deaths);
    setTimeout(() => {
      if (!this.stopping) this.launch();
    }, delayMs);
  }

  /** One that an agent left behind when it was killed; two on the same files would spoil them. */
  private async endStray(pid: number): Promise<void> {
    const end = performance.now() + strayWaitMs;
    while (commandOf(pid).includes(this.configurationPath) && performance.now() < end) {
      process.kill(pid, 'SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

function configurationText(stateDirectory: string, { port, token }: Address): string {
  return [
    `listen: "127.0.0.1:${port}"`,
    `jetstream { store_dir: ${JSON.stringify(directoryOf(stateDirectory))} }`,
    `authorization { token: "${token}" }`,
    '',
  ].join('\n');
}

function directoryOf(stateDirectory: string): string {
  return join(stateDirectory, 'nats');
}

function urlOf({ port, token }: Address): string {
  return `nats://${token}@127.0.0.1:${port}`;
}

function addressPath(stateDirectory: string): string {
  return join(directoryOf(stateDirectory), 'address.json');
}

function readAddress(stateDirectory: string): Address | undefined {
  try {
    const { port, token, pid } = JSON.parse(readFileSync(addressPath(stateDirectory), 'utf8')) as Address;
    if (typeof port !== 'number' || typeof token !== 'string') return undefined;
    return { port, token, ...(typeof pid === 'number' ? { pid } : {}) };
  } catch {
    return undefined;
  }
}

function writeAddress(stateDirectory: string, address: Address): void {
  writeFileSync(addressPath(stateDirectory), JSON.stringify(address), { mode: 0o600 });
}

function findIn(name: string): string | undefined {
  const all = [...(process.env['PATH'] ?? '').split(':').filter((folder) => folder !== ''), ...folders];
  return all.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

function findProgram(): string {
  const program = findIn('nats-server');
  if (program !== undefined) return program;
  const detail = 'not found in PATH or the usual folders; Debian has it as a package of that name';
  throw deputyError('DEPUTY_E_SETUP_MISSING', { what: 'nats-server', detail });
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
