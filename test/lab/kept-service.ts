import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createSocketPair, SOCK_SEQPACKET } from '../../adapters/linux/descriptor-passing.js';
import { allocate } from '../../adapters/linux/memory.js';
import { systemCall } from '../../adapters/linux/native.js';
import { listenUnix } from '../../adapters/linux/sockets.js';
import {
  type NamedDescriptor,
  openNotifySocket,
  receivedDescriptors,
  watchdogIntervalMs,
} from '../../adapters/systemd/index.js';

/** What the service writes down about itself once it is ready. */
export interface KeptServiceReport {
  readonly pid: number;
  /** Names of the descriptors that came back. */
  readonly received: readonly string[];
  /** Text of the memfd, written by the first process that the service ever had. */
  readonly memory: string;
  /** Variables that children would inherit. */
  readonly listenVariables: readonly string[];
  /** Names of received descriptors that executed programs would inherit. */
  readonly inheritable: readonly string[];
}

const MFD_CLOEXEC = 1;
const cloexecFlag = 0o2000000;

/**
 * A service that has systemd keep a memfd, a listening socket and two sockets that can hang up.
 * SIGUSR1: the memfd is taken out of the store. SIGUSR2: the peers of the two sockets are closed.
 * While there is a file 'fail' in its folder it ends at once. kept-service.js DIRECTORY
 */
function main(directory: string): void {
  if (existsSync(join(directory, 'fail'))) process.exit(1);
  const notify = openNotifySocket();
  if (notify === undefined) throw new Error('NOTIFY_SOCKET is not set');
  const received = receivedDescriptors();
  const find = (name: string): number => received.find((one) => one.name === name)?.descriptor ?? -1;
  const must = (result: number): number => {
    if (result < 0) throw new Error(`errno ${-result}`);
    return result;
  };

  let memory = find('memory');
  let socket = find('socket');
  const peers: number[] = [];
  if (received.length === 0) {
    memory = must(makeMemory(`written by ${process.pid}`));
    must(notify.storeDescriptor('memory', memory));
    must(notify.storeDescriptor('memory-again', memory));
    socket = must(listenUnix(join(directory, 'socket'), 8));
    must(notify.storeDescriptor('socket', socket));
    for (const [name, poll] of [['polled', true] as const, ['unpolled', false] as const]) {
      const ends = new Int32Array(2);
      must(createSocketPair(SOCK_SEQPACKET, ends));
      must(notify.storeDescriptor(name, ends[0] as number, { poll }));
      peers.push(ends[1] as number);
    }
  }
  createServer((connection) => connection.end(String(process.pid))).listen({ fd: socket });

  const intervalMs = watchdogIntervalMs();
  if (intervalMs !== undefined) setInterval(() => notify.watchdog(), intervalMs);
  process.on('SIGUSR1', () => must(notify.removeDescriptor('memory')));
  process.on('SIGUSR2', () => {
    for (const peer of peers) systemCall('close', peer);
  });
  process.on('SIGHUP', () => {
    must(notify.reloading());
    must(notify.ready('read again'));
  });
  process.on('SIGTERM', () => {
    must(notify.stopping());
    process.exit(0);
  });
  writeReport(directory, {
    pid: process.pid,
    received: received.map(({ name }) => name),
    memory: memory < 0 ? '' : readFileSync(`/proc/self/fd/${memory}`, 'utf8'),
    listenVariables: Object.keys(process.env).filter((name) => name.startsWith('LISTEN_')),
    inheritable: received.filter(isInheritable).map(({ name }) => name),
  });
  must(notify.ready(`serving as\n${process.pid}`));
}

function makeMemory(text: string): number {
  const name = allocate(4096);
  name.putString(0, 'kept');
  const memory = systemCall('memfd_create', name.address, MFD_CLOEXEC);
  if (memory >= 0) writeFileSync(`/proc/self/fd/${memory}`, text);
  return memory;
}

function isInheritable({ descriptor }: NamedDescriptor): boolean {
  const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1] ?? '0';
  return (Number.parseInt(flags, 8) & cloexecFlag) === 0;
}

/** Put in place whole, so that whoever reads it never sees a part. */
function writeReport(directory: string, report: KeptServiceReport): void {
  const path = join(directory, 'report.json');
  writeFileSync(`${path}.new`, JSON.stringify(report));
  renameSync(`${path}.new`, path);
}

main(process.argv[2] ?? '.');
