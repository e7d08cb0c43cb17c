import { type ChildProcess, spawn } from 'node:child_process';
import { getPriority } from 'node:os';
import { deputyError } from '../../core/errors/deputy-error.js';
import { errnoText } from '../../core/errors/errno.js';
import { confinedCommand } from '../host/confined-command.js';
import { neededCapabilities } from '../linux/credentials.js';
import { systemCall } from '../linux/native.js';
import { allowNiceness } from '../linux/resource-limits.js';
import { type DescriptorSender, openDescriptorChannel } from './descriptor-channel.js';
import type { KeptListener } from './listener-book.js';
import { descriptorKind, type KeeperMessage, type SupervisorMessage } from './protocol.js';

export interface SupervisorChildOptions {
  /** The compiled entry of supervisors. */
  readonly entry: string;
  readonly onMessage: (message: SupervisorMessage) => void;
  readonly onExit: (how: string, livedMs: number, wasKilled: boolean) => void;
}

/** A supervisor's process as the keeper holds it. Nothing here waits for it. */
export class SupervisorChild {
  readonly process: ChildProcess;
  /** Signs of life so far. */
  beats = 0;
  private readonly descriptors: DescriptorSender;
  private readonly startedAtMs = performance.now();
  private ended = false;

  constructor(options: SupervisorChildOptions) {
    const channel = openDescriptorChannel();
    if (typeof channel === 'number') {
      throw deputyError('DEPUTY_E_SUPERVISOR_FAILED', { detail: `socketpair: ${errnoText(-channel)}` });
    }
    this.descriptors = channel.sender;
    const [program = '', ...words] = confinedCommand(neededCapabilities.supervisor, [
      process.execPath,
      options.entry,
    ]);
    this.process = spawn(program, words, {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc', channel.theirs],
    });
    systemCall('close', channel.theirs);
    allowNiceness(this.pid, getPriority());
    this.process.on('message', (message: SupervisorMessage) => {
      if (message.kind === 'beat') this.beats++;
      else options.onMessage(message);
    });
    // A message to one that is dying is lost with it.
    this.process.on('error', () => undefined);
    this.process.once('exit', (code, signal) => {
      this.ended = true;
      this.descriptors.close();
      const how = signal === null ? `it ended with code ${code}` : `it was killed by ${signal}`;
      options.onExit(how, performance.now() - this.startedAtMs, signal === 'SIGKILL');
    });
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  send(message: KeeperMessage): void {
    if (this.ended || !this.process.connected) return;
    this.process.send(message, () => undefined);
  }

  giveListeners(listeners: readonly KeptListener[]): void {
    for (const listener of listeners) this.giveListener(listener);
  }

  giveListener({ key, descriptor, state, origin, note }: KeptListener): void {
    this.send({ kind: 'listener', key, state, origin, ...(note === undefined ? {} : { note }) });
    this.descriptors.send(descriptorKind.listener, key, descriptor);
  }

  giveChannel(token: number, descriptor: number): void {
    this.descriptors.send(descriptorKind.injectorChannel, token, descriptor, true);
  }

  /** It never runs again from here on. */
  kill(): void {
    this.process.kill('SIGKILL');
  }
}
