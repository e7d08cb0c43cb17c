import { closeSync, fstatSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import { deputyError } from '../../core/errors/deputy-error.js';
import type { TargetFacts } from '../../core/ports/payload.js';
import { openAt, openAt2, RESOLVE_IN_ROOT } from '../linux/basic-files.js';
import { isOnReadOnlyMount } from '../linux/mount-flags.js';
import { O } from '../linux/open-flags.js';
import { interpreterOf } from './elf.js';
import type { OpenProgram } from './host-program.js';

const headBytes = 65536;
/** What a dynamic program loads before and beside itself (ld.so(8)). */
const loaderPlaces = [
  '/etc/ld.so.preload',
  '/etc/ld.so.cache',
  '/lib',
  '/lib64',
  '/usr/lib',
  '/usr/lib64',
  '/usr/local/lib',
];

/**
 * Opens a program of the target's root, if the target can change neither it nor what it loads: on a read-only
 * mount, or owned by somebody else and writable by nobody else, with every folder above it. Throws coded
 * errors.
 */
export function openTargetProgram(command: string, target: TargetFacts): OpenProgram {
  if (!command.startsWith('/')) throw deputyError('DEPUTY_E_COMMAND_NOT_FOUND', { command });
  const root = openAt(-100, `/proc/${target.processId}/root`, O.PATH | O.CLOEXEC);
  if (root < 0) throw deputyError('DEPUTY_E_TARGET_GONE', { detail: 'its root can not be opened' });
  try {
    const descriptor = openAt2(root, command, O.RDONLY | O.CLOEXEC, RESOLVE_IN_ROOT);
    if (descriptor < 0) throw deputyError('DEPUTY_E_COMMAND_NOT_FOUND', { command });
    const head = Buffer.alloc(headBytes);
    const count = readSync(descriptor, head, 0, headBytes, 0);
    const interpreter = interpreterOf(head.subarray(0, count));
    if (interpreter === null) {
      throw deputyError('DEPUTY_E_COMMAND_NOT_EXECUTABLE', { command, detail: 'it is no ELF program' });
    }
    const places = interpreter === undefined ? [command] : [command, interpreter, ...loaderPlaces];
    for (const place of places) checkPlace(root, place, target);
    return { descriptor, description: `${command} of the target, which can change nothing of it` };
  } finally {
    closeSync(root);
  }
}

/** The path and every folder above it; where there is none, it is the folder that could get one. */
function checkPlace(root: number, path: string, target: TargetFacts): void {
  for (let at = path; ; at = dirname(at)) {
    const descriptor = openAt2(root, at, O.PATH | O.CLOEXEC, RESOLVE_IN_ROOT);
    if (descriptor >= 0) {
      try {
        checkFile(descriptor, at, target);
      } finally {
        closeSync(descriptor);
      }
    }
    if (at === '/') return;
  }
}

function checkFile(descriptor: number, path: string, target: TargetFacts): void {
  const { mode, uid } = fstatSync(descriptor);
  if (isOnReadOnlyMount(descriptor)) return;
  if (target.userIds.includes(uid)) throw changeable(path, `uid ${uid} owns it, and its mount is writable`);
  // Its group may be one of the target's; who else can write is not worth a guess.
  if ((mode & 0o022) !== 0)
    throw changeable(path, `its mode is 0${(mode & 0o7777).toString(8)}, on a writable mount`);
  if (target.userIds.includes(0))
    throw changeable(path, 'the target runs as root, and its mount is writable');
}

function changeable(path: string, why: string): Error {
  return deputyError('DEPUTY_E_PAYLOAD_CHANGEABLE', { detail: `${path}: ${why}` });
}
