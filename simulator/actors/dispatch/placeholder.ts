import { deputyError } from '../../../core/errors/deputy-error.js';
import type { PacketSocket } from '../../kernel/open-description.js';
import { exitedWith } from '../../processes/process-tree.js';
import type { TreeProcess } from '../../processes/tree-process.js';
import { Acting } from './acting.js';
import type { DispatchParts } from './dispatch-parts.js';
import { packetPair, receiveText, sendText } from './text-socket.js';

const wakeUs = [2, 40] as const;

/**
 * Who listens on the placeholder's socket must be the container's first process. What somebody else's answer
 * is taken for; undefined where there is nobody else. Throws a coded error.
 */
export function answerOfImpostor({ world, scenario, oldWays }: DispatchParts): boolean | undefined {
  if (world.nowUs >= scenario.dispatch.impostorUntilUs) return undefined;
  // As the one did that took whoever was there for the one that it had started.
  if (oldWays.has('socket-of-the-target')) return true;
  const detail = 'who listens is not the first process of the target';
  throw deputyError('DEPUTY_E_PLACEHOLDER_INVALID', { path: '/placeholder.sock', detail });
}

/** The first process of a container: it reaps everything, and ends with the payload and as that did. */
export class ModelPlaceholder {
  private readonly acting: Acting;
  private payload: number | undefined;
  private readonly reaped = new Map<number, number>();
  private readonly peers: PacketSocket[] = [];
  /** The user in the one SIGCHLD that is pending: a second one leaves no trace. */
  private pendingUser: number | undefined;

  constructor(
    private readonly parts: DispatchParts,
    readonly self: TreeProcess,
  ) {
    this.acting = new Acting(parts.world, self, 'placeholder');
    self.whenChildEnded = (user) => this.signal(user);
  }

  /** Somebody connects: its end of the connection, or undefined when nobody listens. */
  connect(caller: TreeProcess): PacketSocket | undefined {
    if (!this.acting.isAlive) return undefined;
    const [near, far] = packetPair();
    caller.process.table.add(near);
    this.self.process.table.add(far);
    this.peers.push(far);
    far.whenReadable = () => void this.acting.call('hear-peer', () => this.hear(far), wakeUs);
    return near;
  }

  private hear(peer: PacketSocket): void {
    for (let packet = receiveText(peer); packet !== undefined; packet = receiveText(peer)) {
      const number = Number(/^payload (\d+)$/.exec(packet.text)?.[1]);
      this.payload ??= number;
      sendText(peer, 'named');
      const status = this.reaped.get(this.payload);
      if (status !== undefined) this.end(status);
    }
  }

  private signal(user: number): void {
    if (this.pendingUser !== undefined) return;
    this.pendingUser = user;
    void this.acting.call('take-signal', () => this.takeSignal(), wakeUs);
  }

  private takeSignal(): void {
    const user = this.pendingUser;
    this.pendingUser = undefined;
    const { oldWays } = this.parts;
    // As the one did that looked at who sent the signal, and not at who had ended.
    const believes = oldWays.has('one-signal-one-child') || oldWays.has('placeholder-never-reaps');
    if (!oldWays.has('placeholder-never-reaps')) this.reap(!believes);
    if (believes && user === 0) this.end(exitedWith(0));
  }

  private reap(ends: boolean): void {
    const { tree } = this.parts;
    for (let child = tree.wait(this.self); child !== undefined; child = tree.wait(this.self)) {
      const number = child.numberIn(this.self.space);
      this.reaped.set(number, child.status ?? 0);
      if (ends && number === this.payload) return this.end(child.status ?? 0);
    }
  }

  private end(status: number): void {
    for (const peer of this.peers) sendText(peer, `ended ${status}`);
    const signal = status & 0x7f;
    const code = signal === 0 ? status >> 8 : 128 + signal;
    this.parts.tree.exit(this.self, this.parts.oldWays.has('placeholder-exits-zero') ? 0 : code);
  }
}
