import { lookEveryMs } from '../../core/keeper/limits.js';
import { receiveDescriptors } from '../keeper/descriptor-channel.js';
import type { SupervisorMessage } from '../keeper/protocol.js';
import { descriptorKind, inherited, type KeeperMessage, type ListenerNote } from '../keeper/protocol.js';
import { systemCall } from '../linux/native.js';
import type { ContainerProcessState } from '../oci/container-state.js';
import type { InjectorChannels } from '../supervisor/injector-channels.js';

/** A listener of the keeper's, with a descriptor of this process's own. */
export interface OfferedListener {
  readonly key: number;
  readonly state: ContainerProcessState;
  readonly origin: string;
  readonly descriptor: number;
  readonly note?: ListenerNote;
}

/** A supervisor's side of its channels to the keeper: messages, and the descriptors that go with them. */
export class KeeperLink implements InjectorChannels {
  private readonly states = new Map<
    number,
    { state: ContainerProcessState; origin: string; note?: ListenerNote }
  >();
  private readonly descriptors = new Map<number, number>();
  /** Listeners that were gone before their descriptors came. */
  private readonly goneEarly = new Set<number>();
  private readonly channels = new Map<number, (descriptor: number | undefined) => void>();
  private substitute: InjectorChannels | undefined;
  private nextToken = 1;

  constructor(
    private readonly onListener: (listener: OfferedListener) => void,
    private readonly onMessage: (message: KeeperMessage) => void,
  ) {
    process.on('message', (message: KeeperMessage) => this.hear(message));
    receiveDescriptors(inherited.channel, (kind, number, descriptor) => {
      if (kind === descriptorKind.listener) this.takeListener(number, descriptor);
      else this.takeChannel(number, descriptor);
    });
  }

  send(message: SupervisorMessage): void {
    if (process.connected) process.send?.(message, () => undefined);
  }

  /** Gives signs of life from now on. */
  beat(): void {
    const timer = setInterval(() => this.send({ kind: 'beat' }), lookEveryMs / 2);
    timer.unref();
  }

  /** Asks somebody else for channels from now on: the keeper is gone. */
  useInstead(injector: InjectorChannels): void {
    this.substitute = injector;
  }

  openChannel(): Promise<number | undefined> {
    if (this.substitute !== undefined) return this.substitute.openChannel();
    const token = this.nextToken++;
    return new Promise((resolve) => {
      this.channels.set(token, resolve);
      this.send({ kind: 'channel', token });
    });
  }

  /** A fresh injector: what was asked of the old one is not answered any more. */
  forgetChannels(): void {
    for (const resolve of this.channels.values()) resolve(undefined);
    this.channels.clear();
  }

  private hear(message: KeeperMessage): void {
    if (message.kind === 'listener') {
      const { key, state, origin, note } = message;
      this.states.set(key, { state, origin, ...(note === undefined ? {} : { note }) });
      return this.match(key);
    }
    if (message.kind === 'note') {
      const known = this.states.get(message.key);
      if (known !== undefined) known.note = message.note;
    }
    if (message.kind === 'gone') this.drop(message.key);
    this.onMessage(message);
  }

  private takeListener(key: number, descriptor: number): void {
    if (this.goneEarly.delete(key)) return void systemCall('close', descriptor);
    this.descriptors.set(key, descriptor);
    this.match(key);
  }

  /** Message and descriptor come by two ways, in any order. */
  private match(key: number): void {
    const known = this.states.get(key);
    const descriptor = this.descriptors.get(key);
    if (known === undefined || descriptor === undefined) return;
    this.states.delete(key);
    this.descriptors.delete(key);
    this.onListener({ key, descriptor, ...known });
  }

  /** Gone before both halves were here. */
  private drop(key: number): void {
    const isHalf = this.states.delete(key);
    const descriptor = this.descriptors.get(key);
    if (descriptor === undefined) {
      // It is on its way: kept, it would have its target wait for ever, since nobody serves it.
      if (isHalf) this.goneEarly.add(key);
      return;
    }
    this.descriptors.delete(key);
    systemCall('close', descriptor);
  }

  private takeChannel(token: number, descriptor: number): void {
    const resolve = this.channels.get(token);
    this.channels.delete(token);
    if (resolve === undefined) systemCall('close', descriptor);
    else resolve(descriptor);
  }
}
