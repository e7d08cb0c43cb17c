import type { PacketSocket } from '../../kernel/open-description.js';
import { Pidfd } from '../../processes/pidfd.js';
import type { TreeProcess } from '../../processes/tree-process.js';
import { Acting } from './acting.js';
import type { DispatchParts } from './dispatch-parts.js';
import { type JoinerOrder, ModelJoiner } from './joiner.js';
import type { PayloadFolder } from './payload-folder.js';
import { packetPair, receiveText, sendText } from './text-socket.js';

const wakeUs = [2, 40] as const;
/** How long a payload's end may stay unreaped, and how long a failed start waits to be heard. */
const reapUs = 5_000_000;
const reapLookUs = 5_000;
const failedLingerUs = 30_000_000;
const unheardUs = 5_000_000;
const joinerControl = 10;

interface Client {
  readonly socket: PacketSocket;
  readonly process: TreeProcess;
  readonly number: number;
  isOwner: boolean;
  sent: number;
}

export interface ShimOrder {
  readonly folder: PayloadFolder;
  readonly target: Pidfd;
  readonly join?: Omit<JoinerOrder, 'control' | 'controlNumber' | 'target'>;
}

/**
 * The shim: what outlives deputy, as shim.c does it. It starts the joiner, keeps the lock, and learns how the
 * payload ended; whoever connects is told all from the beginning.
 */
export class ModelShim {
  private readonly acting: Acting;
  private readonly clients: Client[] = [];
  private readonly reports: string[] = [];
  private control: PacketSocket | undefined;
  private joiner: TreeProcess | undefined;
  private payload: Pidfd | undefined;
  private isExecuted = false;
  private hasGone = false;
  private hasFailed = false;
  private hasEnded = false;
  /** How the payload ended, where it could learn that. */
  knownEnd: string | undefined;
  private wasOwned = false;
  /** Who is to tell the end by its own exit. */
  private teller: TreeProcess | undefined;

  constructor(
    private readonly parts: DispatchParts,
    readonly self: TreeProcess,
    private readonly order: ShimOrder,
  ) {
    this.acting = new Acting(parts.world, self, 'shim');
    self.whenChildEnded = () => this.wake('reap-joiner', () => void parts.tree.wait(self));
  }

  async run(): Promise<void> {
    const { folder, target, join } = this.order;
    await this.acting.call('shim-listen', () => {
      folder.listener = this;
      if (join === undefined) this.adopt();
    });
    if (join === undefined) return;
    await this.acting.call('start-joiner', () => this.startJoiner(join));
    this.whenEnded(target, () => {
      // What came together is heard in this order.
      this.hearJoiner();
      if (!this.isExecuted && !this.hasEnded) this.failStart('target 3');
    });
    this.acting.later(this.parts.spec.deadlineMs * 1000, () =>
      this.wake('deadline', () => {
        if (!this.isExecuted && !this.hasEnded) this.failStart('deadline 110');
      }),
    );
  }

  /** Somebody connects: its end of the connection, or undefined when nobody listens any more. */
  connect(caller: TreeProcess): PacketSocket | undefined {
    if (!this.acting.isAlive) return undefined;
    const [near, far] = packetPair();
    caller.process.table.add(near);
    const number = this.self.process.table.add(far);
    const client = { socket: far, process: caller, number, isOwner: false, sent: 0 };
    this.clients.push(client);
    far.whenReadable = () => this.wake('hear-client', () => this.hear(client));
    return near;
  }

  private adopt(): void {
    this.isExecuted = true;
    this.arrived(this.order.target);
    this.keep(this.joinedText());
    this.keep('X');
  }

  private startJoiner(join: NonNullable<ShimOrder['join']>): void {
    const { tree, started, nextNumber } = this.parts;
    const [near, far] = packetPair();
    const joiner = tree.fork(this.self, `joiner-${nextNumber('joiner')}`, { keeps: [] });
    if (typeof joiner === 'number') return this.failStart('fork 11');
    joiner.program = 'joiner';
    started.add(joiner);
    this.joiner = joiner;
    this.control = near;
    this.self.process.table.add(near);
    joiner.process.table.put(joinerControl, far);
    near.whenReadable = () => this.wake('hear-joiner', () => this.hearJoiner());
    const order = { ...join, control: far, controlNumber: joinerControl, target: this.order.target };
    void new ModelJoiner(this.parts, order).run(joiner);
  }

  private hearJoiner(): void {
    const { control } = this;
    if (control === undefined) return;
    for (let packet = receiveText(control); packet !== undefined; packet = receiveText(control)) {
      const [pidfd] = packet.passed;
      if (pidfd instanceof Pidfd) {
        this.arrived(pidfd);
        pidfd.release();
      } else if (packet.text.startsWith('fail ')) this.failStart(packet.text.slice(5));
      else this.keep(`R ${packet.text}`);
      if (this.payload !== undefined && packet.text === 'done descriptors') this.keep(this.joinedText());
    }
    if (!control.isPeerClosed) return;
    this.control = undefined;
    if (this.hasFailed) return;
    if (this.payload === undefined || !this.hasGone) return this.failStart('joiner 3');
    this.isExecuted = true;
    this.keep('X');
    this.learnEnd(0);
  }

  /** On record before it may run: whoever comes after a death finds it, and starts no second one. */
  private arrived(payload: Pidfd): void {
    this.payload = payload;
    const { process } = payload;
    const { hostSpace } = this.parts.tree;
    this.order.folder.record = { number: process.numberIn(hostSpace), startTime: process.startTime };
    this.whenEnded(payload, () => this.learnEnd(0));
  }

  private joinedText(): string {
    const process = this.payload?.process;
    return `J ${process?.numberIn(this.parts.tree.hostSpace) ?? 0}`;
  }

  private learnEnd(waitedUs: number): void {
    // An end before it was executed is the joiner's to explain.
    if (this.hasEnded || this.control !== undefined || this.payload?.hasEnded !== true) return;
    const status = this.payload.exitStatus;
    if (status !== undefined) {
      const signal = status & 0x7f;
      return this.end(signal === 0 ? `Q exited ${status >> 8}` : `Q signaled ${signal}`);
    }
    if (waitedUs >= reapUs) return this.end('Q unknown unreaped');
    this.acting.later(reapLookUs, () =>
      this.wake('look-for-end', () => this.learnEnd(waitedUs + reapLookUs)),
    );
  }

  /** From here on it may be the payload. */
  private note(process: TreeProcess): void {
    const { scenario, payloads, containers } = this.parts;
    const container = [...containers.values()].find((one) => one.lifeOf(process) !== undefined);
    const life = container?.lifeOf(process);
    if (container === undefined || life === undefined) return;
    const { version: flagsVersion, targetVersion } = scenario.dispatch;
    const version = this.order.join?.version ?? targetVersion;
    payloads.push({ process, isExecuted: false, life, containerId: container.id, version, flagsVersion });
  }

  private hear(client: Client): void {
    for (let packet = receiveText(client.socket); packet !== undefined; packet = receiveText(client.socket)) {
      this.handle(client, packet.text);
    }
    if (client.socket.isPeerClosed) this.drop(client);
  }

  private handle(client: Client, text: string): void {
    if (text === 'take') {
      if (this.hasOwner || this.teller !== undefined) return void sendText(client.socket, 'B');
      client.isOwner = this.wasOwned = true;
      return this.flush();
    }
    if (!client.isOwner) return;
    if (text === 'go' && this.payload !== undefined && this.control !== undefined && !this.hasGone) {
      this.hasGone = sendText(this.control, 'go');
      if (this.hasGone) this.note(this.payload.process);
    } else if (text === 'collect' && this.hasEnded) this.leave();
    else if (text === 'exit-tells' && this.hasEnded) this.waitForTeller(client.process);
    else if (text.startsWith('signal ')) this.signal(Number(text.slice(7)));
  }

  /** Killed, it has told nobody, and the end is kept. */
  private waitForTeller(teller: TreeProcess): void {
    const look = (): void => {
      this.teller = undefined;
      if (((teller.status ?? 0) & 0x7f) === 0) this.leave();
    };
    this.teller = teller;
    if (teller.state === 'reaped') this.wake('hear-teller', look);
    else teller.whenReaped.push(() => this.wake('hear-teller', look));
  }

  /** One that has hung up is none. */
  private get hasOwner(): boolean {
    return this.clients.some(({ isOwner, socket }) => isOwner && !socket.isPeerClosed);
  }

  private signal(number: number): void {
    const process = this.payload?.process;
    if (process === undefined && !this.hasEnded) this.failStart('stopped 125');
    else if (process !== undefined) this.parts.tree.kill(process, number);
  }

  private drop(client: Client): void {
    const at = this.clients.indexOf(client);
    if (at < 0) return;
    this.clients.splice(at, 1);
    this.self.process.table.close(client.number);
    if (this.hasFailed && this.wasOwned && !this.hasOwner) this.leave();
  }

  private failStart(text: string): void {
    const { tree } = this.parts;
    this.hasFailed = true;
    if (this.payload !== undefined) tree.kill(this.payload.process);
    if (this.joiner !== undefined) tree.kill(this.joiner);
    if (this.hasEnded) return;
    this.end(`F ${text}`);
    // Whoever began it is told, or gone.
    const lingerUs = this.wasOwned ? failedLingerUs : unheardUs;
    if (this.wasOwned && !this.hasOwner) return this.leave();
    this.acting.later(lingerUs, () => this.leave());
  }

  private end(text: string): void {
    this.hasEnded = true;
    if (/^Q (exited|signaled) /.test(text)) this.knownEnd = text.slice(2);
    if (text.startsWith('Q ')) this.order.folder.ended = text;
    this.keep(text);
  }

  private keep(report: string): void {
    this.reports.push(report);
    this.flush();
  }

  private flush(): void {
    for (const client of this.clients) {
      if (!client.isOwner) continue;
      for (const report of this.reports.slice(client.sent)) sendText(client.socket, report);
      client.sent = this.reports.length;
    }
  }

  private leave(): void {
    this.wake('shim-leave', () => {
      // What was not told stays on record.
      this.order.folder.ended = undefined;
      this.parts.tree.exit(this.self, 0);
    });
  }

  private whenEnded(pidfd: Pidfd, work: () => void): void {
    const wake = (): void => this.wake('hear-end', work);
    if (pidfd.hasEnded) wake();
    else pidfd.process.whenEnded.push(wake);
  }

  private wake(name: string, work: () => void): void {
    void this.acting.call(name, work, wakeUs);
  }
}
