import { lstatSync, unlinkSync } from 'node:fs';
import { basename, dirname, isAbsolute } from 'node:path';
import { deputyError } from '../../core/errors/deputy-error.js';
import { errnoText } from '../../core/errors/errno.js';
import { openAt2, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS } from '../linux/basic-files.js';
import { systemCall } from '../linux/native.js';
import { AT_FDCWD, architectureOpenFlags, O } from '../linux/open-flags.js';
import { connectSequenced, listenSequenced } from '../linux/sequenced-sockets.js';
import { maximumSocketPathBytes } from '../linux/sockets.js';

/** Clients that wait to be accepted; more get EAGAIN at once, and try again. */
const backlog = 64;
/** Of a socket only its user may connect, and that is the target's. */
const maskForOthers = 0o177;

/** A listening socket, and what takes its file away again. */
export interface BrokerSocket {
  readonly descriptor: number;
  readonly path: string;
  close(): void;
}

/**
 * Listens at a path. The target may write to its directory, and make there what it likes: so the directory is
 * opened once, through no symbolic link, and the last name is only ever used below that descriptor. What
 * stands there already is removed if it is a socket at which nobody listens. Throws DEPUTY_E_BROKER_SOCKET.
 */
export function listenAt(path: string): BrokerSocket {
  const failed = (detail: string): never => {
    throw deputyError('DEPUTY_E_BROKER_SOCKET', { path, detail });
  };
  if (!isAbsolute(path)) failed('it is not an absolute path; abstract sockets are everybody’s');
  if (Buffer.byteLength(path) >= maximumSocketPathBytes) failed('it is longer than a socket’s path may be');
  const { O_DIRECTORY } = architectureOpenFlags();
  const flags = O.PATH | O.CLOEXEC | O_DIRECTORY;
  const directory = openAt2(AT_FDCWD, dirname(path), flags, RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
  if (directory < 0) failed(`${dirname(path)}: ${errnoText(-directory)}`);
  const name = `/proc/self/fd/${directory}/${basename(path)}`;
  const obstacle = removeStale(name);
  const descriptor = obstacle === undefined ? bind(name) : -1;
  if (obstacle !== undefined || descriptor < 0) {
    systemCall('close', directory);
    return failed(obstacle ?? errnoText(-descriptor));
  }
  return {
    descriptor,
    path,
    close() {
      // In this order: while this one listens no other broker has taken the name.
      remove(name);
      systemCall('close', descriptor);
      systemCall('close', directory);
    },
  };
}

function bind(name: string): number {
  const before = process.umask(maskForOthers);
  const descriptor = listenSequenced(name, backlog);
  process.umask(before);
  return descriptor;
}

/** Why the name can't be had, or undefined. */
function removeStale(name: string): string | undefined {
  const found = lstatSync(name, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (!found.isSocket()) return 'there is something else than a socket';
  const probe = connectSequenced(name);
  if (probe >= 0) {
    systemCall('close', probe);
    return 'another broker listens there';
  }
  return remove(name);
}

/** Why it can't be removed, or undefined when it is gone. */
function remove(name: string): string | undefined {
  try {
    unlinkSync(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return String(error);
  }
  return undefined;
}
