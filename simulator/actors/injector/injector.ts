import { InjectionEngine } from '../../../core/injector/engine.js';
import { type Injection, place, type ReplyChannel } from '../../../core/injector/injection.js';
import { packetField, packetType, requestField, requestFlag } from '../../../core/injector/protocol.js';
import { decodeReissue } from '../../../core/injector/reissue-protocol.js';
import { type Packet, PacketSocket } from '../../kernel/open-description.js';
import type { ModelProcess } from '../../kernel/process.js';
import { Vanished } from '../../ports/failing-kernel.js';
import type { World } from '../../world/world.js';
import { modelInjectorKernel } from './model-kernel.js';
import { takePacket } from './packets.js';
import { ModelRunner } from './runner.js';
import { ModelScoreboard, type ScoreboardMemory } from './scoreboard.js';

/** An injector's process: its one loop, over the real engine and tables of sub-steps. */
export class ModelInjector {
  private readonly engine: InjectionEngine;
  private readonly loops: ReplyChannel[] = [];
  private queries: Injection[] = [];
  private isAwake = false;
  private isStopping = false;
  /** Time that passes while it looks again and again. */
  private lookedMs = 0;

  constructor(
    private readonly world: World,
    readonly process: ModelProcess,
    scoreboard: ScoreboardMemory,
  ) {
    const runner = new ModelRunner(world, process, () => {
      this.lookedMs++;
    });
    const nowMs = (): number => world.nowUs / 1_000 + this.lookedMs;
    const environment = {
      kernel: modelInjectorKernel(world, process, (_, moment) => this.between(moment), nowMs),
      maySuspendFilters: true,
      supportsRegisters: true,
      scoreboard: new ModelScoreboard(world, process, scoreboard),
    };
    runner.environment = environment;
    this.engine = new InjectionEngine(environment, runner);
    process.whenStopped = () => this.wake();
  }

  /** A loop's channel. */
  addLoop(socket: PacketSocket): void {
    this.loops.push({ descriptor: this.process.table.add(socket, true) });
    socket.whenReadable = () => this.wake();
    if (socket.packets.length > 0) this.wake();
  }

  get isIdle(): boolean {
    return !this.isAwake && this.engine.parkedCount === 0;
  }

  /** Ends when it has finished what it began. */
  stop(): void {
    this.isStopping = true;
    this.wake();
  }

  private wake(): void {
    if (this.isAwake) return;
    this.isAwake = true;
    this.world.later(this.process, 2, 30, () => this.turn());
  }

  private turn(): void {
    this.isAwake = false;
    try {
      for (const loop of [...this.loops]) this.readLoop(loop);
      if (this.queries.length > 0) this.answerQueries();
      this.engine.pollParked();
    } catch (error) {
      if (!(error instanceof Vanished)) throw error;
      return;
    }
    if (this.isStopping && this.engine.countParked(false) === 0) this.world.kernel.kill(this.process);
    else if (this.queries.length > 0 || this.hasPackets) this.wake();
  }

  private get hasPackets(): boolean {
    return this.loops.some(({ descriptor }) => {
      const socket = this.process.table.at(descriptor);
      return socket instanceof PacketSocket && socket.packets.length > 0;
    });
  }

  /** So that 'unknown' is true, all that waits anywhere is done first. */
  private answerQueries(): void {
    const asked = this.queries;
    this.queries = [];
    for (const loop of [...this.loops]) while (this.readLoop(loop));
    for (const query of asked) this.engine.tell(query);
  }

  private readLoop(loop: ReplyChannel): boolean {
    const packet = takePacket(this.process, loop.descriptor);
    if (packet === 0) {
      this.process.table.close(loop.descriptor);
      loop.descriptor = -1;
      this.loops.splice(this.loops.indexOf(loop), 1);
    }
    if (typeof packet === 'number') return false;
    this.serve(loop, packet);
    return true;
  }

  private serve(loop: ReplyChannel, packet: Packet): void {
    const injection = this.engine.take();
    injection.memory.u8.set(packet.bytes, place.request);
    const descriptors = packet.passed.map((description) => {
      const number = this.process.table.add(description, true);
      description.release();
      return number;
    });
    const { u32 } = injection.memory;
    if (u32[packetField.type >> 2] === packetType.reissue) {
      return this.serveReissue(loop, injection, descriptors[0] ?? -1, packet.bytes.length);
    }
    if (((u32[requestField.flags >> 2] as number) & requestFlag.query) !== 0) {
      for (const descriptor of descriptors) this.process.table.close(descriptor);
      injection.begin(loop, -1, -1);
      this.queries.push(injection);
      return;
    }
    injection.begin(loop, descriptors[0] ?? -1, descriptors[1] ?? -1);
    this.engine.run(injection);
  }

  private serveReissue(loop: ReplyChannel, holder: Injection, listener: number, bytes: number): void {
    const { u32 } = holder.memory;
    const request = decodeReissue({ words: u32, at: place.request }, bytes);
    if (request === undefined) return this.engine.giveBack(holder);
    const token = u32[packetField.token >> 2] as number;
    holder.begin(loop, listener, -1);
    holder.askers.length = 0;
    holder.isRemembered = false;
    this.engine.reissue(holder, request, loop, token);
  }

  /** A moment in the middle of a sub-step. */
  private between(moment: string): void {
    if (moment !== 'between') return;
    const result = this.world.stepAtOnce(this.process, 'injector', 'window-closes', null, () => 0);
    if (result === undefined) throw new Vanished();
  }
}
