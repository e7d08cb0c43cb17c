import { sendDatagram } from '../linux/datagram.js';
import { maximumSocketPathBytes } from '../linux/sockets.js';
import { requireStoredName } from './descriptor-name.js';
import { type Environment, invalidVariable } from './environment.js';
import { notifyMessage, statusText } from './notify-message.js';

/** 0, or minus an errno: -EAGAIN when the service manager's queue is full, and the call may be made again. */
export type NotifyResult = number;

type Assignment = readonly [name: string, value: string];

/**
 * The way to the service manager (sd_notify(3)). Each call is one datagram; none waits, and one that fails is
 * a value, since a service must not end because its manager doesn't listen.
 */
export class NotifySocket {
  constructor(
    /** A path, or an abstract name that begins with '@'. */
    readonly address: string,
  ) {}

  /** The service has started, or has read its configuration again. */
  ready(status?: string): NotifyResult {
    return this.send([['READY', '1'], ...(status === undefined ? [] : [statusOf(status)])]);
  }

  /** One line for `systemctl status`. */
  status(text: string): NotifyResult {
    return this.send([statusOf(text)]);
  }

  /** The service is ending. */
  stopping(): NotifyResult {
    return this.send([['STOPPING', '1']]);
  }

  /** The configuration is being read; ready() must follow. With the time, as Type=notify-reload wants it. */
  reloading(): NotifyResult {
    const monotonicUs = process.hrtime.bigint() / 1000n;
    return this.send([
      ['RELOADING', '1'],
      ['MONOTONIC_USEC', String(monotonicUs)],
    ]);
  }

  /** Still alive; due at least each watchdogIntervalMs(). */
  watchdog(): NotifyResult {
    return this.send([['WATCHDOG', '1']]);
  }

  /**
   * Has a copy of the descriptor kept until the service is stopped for good; after a restart it comes back
   * from receivedDescriptors() under the name. A descriptor that hangs up is dropped, unless `poll` is false.
   * One that is in the store already, under whatever name, is not stored again.
   * Throws DEPUTY_E_DESCRIPTOR_NAME_INVALID.
   */
  storeDescriptor(name: string, descriptor: number, options: { readonly poll?: boolean } = {}): NotifyResult {
    requireStoredName(name);
    const unpolled: readonly Assignment[] = options.poll === false ? [['FDPOLL', '0']] : [];
    return this.send([['FDSTORE', '1'], ['FDNAME', name], ...unpolled], [descriptor]);
  }

  /** Has all stored descriptors of this name closed. Throws DEPUTY_E_DESCRIPTOR_NAME_INVALID. */
  removeDescriptor(name: string): NotifyResult {
    requireStoredName(name);
    return this.send([
      ['FDSTOREREMOVE', '1'],
      ['FDNAME', name],
    ]);
  }

  /** The service's main process is this one from now on. */
  mainProcess(pid: number): NotifyResult {
    return this.send([['MAINPID', String(pid)]]);
  }

  private send(assignments: readonly Assignment[], descriptors: readonly number[] = []): NotifyResult {
    return Math.min(0, sendDatagram(this.address, notifyMessage(assignments), descriptors));
  }
}

/**
 * The socket that the service manager named in NOTIFY_SOCKET; undefined where nobody wants to be notified.
 * Throws DEPUTY_E_SERVICE_ENVIRONMENT_INVALID for what is neither a path nor an abstract name.
 */
export function openNotifySocket(environment: Environment = process.env): NotifySocket | undefined {
  const address = environment['NOTIFY_SOCKET'];
  if (address === undefined || address === '') return undefined;
  const isAddress = /^[/@]./s.test(address) && !address.includes('\0');
  if (!isAddress) throw invalidVariable('NOTIFY_SOCKET', address, "a path or a name after '@' is expected");
  if (Buffer.byteLength(address) >= maximumSocketPathBytes) {
    throw invalidVariable('NOTIFY_SOCKET', address, `more than ${maximumSocketPathBytes - 1} bytes`);
  }
  return new NotifySocket(address);
}

function statusOf(text: string): Assignment {
  return ['STATUS', statusText(text)];
}
