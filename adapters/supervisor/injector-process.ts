import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Logger } from '../../core/ports/logger.js';
import { beginPacket, helloField, packetBytes, packetField, packetType } from '../injector/protocol.js';
import {
  createReceivedMessage,
  createSocketPair,
  receiveWithDescriptors,
  SOCK_SEQPACKET,
  sendWithDescriptors,
} from '../linux/descriptor-passing.js';
import { allocate } from '../linux/memory.js';
import { systemCall } from '../linux/native.js';
import { entryUrl } from './entry-path.js';

/** A dead injector is started again, ever more slowly, and given up after this many deaths in a row. */
const restartLimit = 10;
const steadyMs = 30_000;
const helloTimeoutMs = 5_000;
/** How long the end of deputy waits for the injector to finish what it began. */
const stopWaitMs = 3_000;

/** What the injector said of itself when it was ready. */
export interface InjectorHello {
  readonly processId: number;
  readonly maySuspendFilters: boolean;
  readonly oomErrno: number;
}

/** Keeps the injector running, and connects loops with it. */
export class InjectorProcess {
  private child: ChildProcess | undefined;
  private control = -1;
  private deaths = 0;
  private startedAtMs = 0;
  private stopping = false;
  private readonly memory = allocate(4096);
  private readonly received = createReceivedMessage();
  hello: InjectorHello | undefined;

  constructor(
    private readonly logger: Logger,
    /** Called with each new injector: loops need fresh channels. */
    private readonly onReady: () => void,
  ) {}

  get processId(): number | undefined {
    return this.child?.pid;
  }

  /** Starts it and waits for its word. */
  async start(): Promise<void> {
    const ends = new Int32Array(2);
    const made = createSocketPair(SOCK_SEQPACKET, ends);
    if (made < 0) throw new Error(`socketpair: errno ${-made}`);
    const [ours, theirs] = [ends[0] as number, ends[1] as number];
    const entry = fileURLToPath(entryUrl(new URL('../injector/main.js', import.meta.url)));
    const child = spawn(process.execPath, [entry], { stdio: ['ignore', 'ignore', 'inherit', theirs] });
    systemCall('close', theirs);
    this.child = child;
    this.control = ours;
    this.startedAtMs = Date.now();
    child.once('exit', (code, signal) => this.died(code, signal));
    await this.waitForHello();
    this.onReady();
  }

  /** A channel for a loop: its end, or undefined when there is no injector now. */
  openChannel(): number | undefined {
    if (this.control < 0) return undefined;
    const ends = new Int32Array(2);
    if (createSocketPair(SOCK_SEQPACKET, ends) < 0) return undefined;
    const [ours, theirs] = [ends[0] as number, ends[1] as number];
    beginPacket(this.memory.u32, 0, packetBytes.control, packetType.newLoop, 0);
    const sent = sendWithDescriptors(this.control, this.memory.address, packetBytes.control, [theirs]);
    systemCall('close', theirs);
    if (sent >= 0) return ours;
    systemCall('close', ours);
    return undefined;
  }

  /** Lets it finish what it began and ends it. */
  async stop(): Promise<void> {
    this.stopping = true;
    const { child } = this;
    if (this.control >= 0) systemCall('close', this.control);
    this.control = -1;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    // Never killed: inside its window that would take the target with it. It ends when it has finished.
    const late = new Promise<void>((resolve) => setTimeout(resolve, stopWaitMs).unref());
    await Promise.race([exited, late]);
    child.unref();
  }

  private async waitForHello(): Promise<void> {
    const deadline = Date.now() + helloTimeoutMs;
    while (Date.now() < deadline && !this.stopping) {
      const address = this.memory.address + 2048;
      const bytes = receiveWithDescriptors(this.control, address, packetBytes.control, this.received);
      if (bytes > 0 && this.memory.u32[(2048 + packetField.type) >> 2] === packetType.hello) {
        const word = (offset: number): number => this.memory.i32[(2048 + offset) >> 2] as number;
        this.hello = {
          processId: word(helloField.processId),
          maySuspendFilters: word(helloField.maySuspendFilters) !== 0,
          oomErrno: word(helloField.oomErrno),
        };
        if (this.hello.oomErrno !== 0) {
          this.logger.info(
            { errno: this.hello.oomErrno },
            'the injector stays within reach of the OOM killer',
          );
        }
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error('the injector did not report');
  }

  private died(code: number | null, signal: string | null): void {
    if (this.control >= 0) systemCall('close', this.control);
    this.control = -1;
    if (this.stopping) return;
    this.deaths = Date.now() - this.startedAtMs > steadyMs ? 1 : this.deaths + 1;
    this.logger.error({ code, signal, deaths: this.deaths }, 'the injector died');
    if (this.deaths > restartLimit) {
      this.logger.error({}, 'the injector is given up; exact O_PATH opens wait until deputy is restarted');
      return;
    }
    const delayMs = this.deaths === 1 ? 0 : Math.min(5_000, 50 * 2 ** this.deaths);
    setTimeout(() => {
      this.start().catch((error: unknown) =>
        this.logger.error({ err: error }, 'the injector does not start'),
      );
    }, delayMs);
  }
}
