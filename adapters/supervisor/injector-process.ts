import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  beginPacket,
  helloField,
  packetBytes,
  packetField,
  packetType,
} from '../../core/injector/protocol.js';
import type { Logger } from '../../core/ports/logger.js';
import { confinedCommand } from '../host/confined-command.js';
import { createScoreboard } from '../injector/scoreboard.js';
import { neededCapabilities } from '../linux/credentials.js';
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

/**
 * A dead injector is started again: at once the first few times, then ever more slowly. It is never given up,
 * since calls wait for it; the slowest pace is what bounds the work.
 */
const promptRestarts = 3;
const firstDelayMs = 50;
const longestDelayMs = 5_000;
/** One that lived this long was well, and its death begins a new row. */
const steadyMs = 1_000;
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
  /** What injectors write down for their successors; undefined where there is no memfd. */
  private scoreboard: number | undefined;
  private prepared: Promise<void> | undefined;
  hello: InjectorHello | undefined;

  constructor(
    private readonly logger: Logger,
    /** Called with each new injector: loops need fresh channels. */
    private readonly onReady: () => void,
  ) {
    const scoreboard = createScoreboard();
    this.scoreboard = scoreboard < 0 ? undefined : scoreboard;
  }

  /** Goes on with what an earlier keeper's injectors wrote down; before the first start. */
  useScoreboard(descriptor: number): void {
    if (this.scoreboard !== undefined) systemCall('close', this.scoreboard);
    this.scoreboard = descriptor;
  }

  /** What injectors write down: to be kept beyond this process. */
  get scoreboardDescriptor(): number | undefined {
    return this.scoreboard;
  }

  get processId(): number | undefined {
    return this.child?.pid;
  }

  /** Starts it and waits for its word. */
  async start(): Promise<void> {
    await this.launch(true);
    this.onReady();
  }

  /** Starts it before it is known what it goes on with: begin() then finds it ready. */
  async prepare(): Promise<void> {
    this.prepared = this.launch(false).catch(() => undefined);
    await this.prepared;
  }

  /** What it goes on with is known: the prepared one begins, or another is started. */
  async begin(): Promise<void> {
    await this.prepared;
    const isReady = this.prepared !== undefined && this.hello !== undefined && this.control >= 0;
    this.prepared = undefined;
    if (!isReady) return this.start();
    const descriptors = this.scoreboard === undefined ? [] : [this.scoreboard];
    beginPacket(this.memory.u32, 0, packetBytes.control, packetType.scoreboard, 0);
    sendWithDescriptors(this.control, this.memory.address, packetBytes.control, descriptors);
    this.onReady();
  }

  private async launch(withScoreboard: boolean): Promise<void> {
    const ends = new Int32Array(2);
    const made = createSocketPair(SOCK_SEQPACKET, ends);
    if (made < 0) throw new Error(`socketpair: errno ${-made}`);
    const [ours, theirs] = [ends[0] as number, ends[1] as number];
    const entry = fileURLToPath(entryUrl(new URL('../injector/main.js', import.meta.url)));
    const inherited = this.scoreboard === undefined ? '0' : '1';
    const [program = '', ...words] = confinedCommand(neededCapabilities.injector, [process.execPath, entry]);
    const child = spawn(program, words, {
      stdio: ['ignore', 'ignore', 'inherit', theirs, (withScoreboard && this.scoreboard) || 'ignore'],
      env: { ...process.env, DEPUTY_SCOREBOARD: withScoreboard ? inherited : 'later' },
    });
    systemCall('close', theirs);
    this.child = child;
    this.hello = undefined;
    this.control = ours;
    this.startedAtMs = Date.now();
    child.once('exit', (code, signal) => this.died(code, signal));
    if (await this.hearHello(child)) return;
    // Its death, which the kill makes sure of, brings the next one.
    child.kill('SIGKILL');
    if (!this.stopping) throw new Error('the injector did not report');
  }

  /** A channel for a loop: its end, or undefined when there is no injector now. */
  async openChannel(): Promise<number | undefined> {
    if (this.control < 0 || this.prepared !== undefined) return undefined;
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

  /** Waits for this injector's word: did it come? Not when it died, or when another took its place. */
  private async hearHello(child: ChildProcess): Promise<boolean> {
    const deadline = Date.now() + helloTimeoutMs;
    const address = this.memory.address + 2048;
    while (this.child === child && this.control >= 0 && Date.now() < deadline && !this.stopping) {
      const bytes = receiveWithDescriptors(this.control, address, packetBytes.control, this.received);
      if (bytes > 0 && this.memory.u32[(2048 + packetField.type) >> 2] === packetType.hello) {
        this.takeHello();
        return true;
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return false;
  }

  private takeHello(): void {
    const word = (offset: number): number => this.memory.i32[(2048 + offset) >> 2] as number;
    this.hello = {
      processId: word(helloField.processId),
      maySuspendFilters: word(helloField.maySuspendFilters) !== 0,
      oomErrno: word(helloField.oomErrno),
    };
    const { oomErrno } = this.hello;
    if (oomErrno === 0) return;
    this.logger.info({ errno: oomErrno }, 'the injector stays within reach of the OOM killer');
  }

  private died(code: number | null, signal: string | null): void {
    if (this.control >= 0) systemCall('close', this.control);
    this.control = -1;
    // One that had not begun is missed by nobody; begin() starts another.
    if (this.stopping || this.prepared !== undefined) return;
    this.deaths = Date.now() - this.startedAtMs > steadyMs ? 1 : this.deaths + 1;
    this.logger.error({ code, signal, deaths: this.deaths }, 'the injector died');
    const late = this.deaths - promptRestarts;
    const delayMs = late <= 0 ? 0 : Math.min(longestDelayMs, firstDelayMs * 2 ** late);
    setTimeout(() => void this.startAgain(), delayMs);
  }

  private async startAgain(): Promise<void> {
    if (this.stopping) return;
    try {
      await this.start();
    } catch (error) {
      this.logger.error({ err: error }, 'the injector does not start');
    }
  }
}
