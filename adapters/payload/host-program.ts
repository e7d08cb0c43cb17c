import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { deputyError } from '../../core/errors/deputy-error.js';
import { errnoText } from '../../core/errors/errno.js';
import { createMemoryFile, sealMemoryFile } from '../linux/memory-file.js';
import { interpreterOf } from './elf.js';

/** A payload is copied to memory; nothing of this size is one. */
const maximumProgramBytes = 512 << 20;

/** A program that is ready to be executed: a descriptor, and what it is. */
export interface OpenProgram {
  readonly descriptor: number;
  readonly description: string;
}

/**
 * Copies a static program of the host into a sealed file in memory: what is executed can't be changed by
 * anybody, and whoever gets at it through /proc/PID/exe has not got the host's file. Throws coded errors.
 */
export function openHostProgram(command: string): OpenProgram {
  const path = lookUp(command);
  const content = readProgram(path);
  const interpreter = interpreterOf(content);
  if (interpreter === null) {
    throw deputyError('DEPUTY_E_COMMAND_NOT_EXECUTABLE', { command: path, detail: 'it is no ELF program' });
  }
  if (interpreter !== undefined) throw deputyError('DEPUTY_E_PAYLOAD_NOT_STATIC', { path, interpreter });
  const descriptor = must(createMemoryFile(basename(path)), 'memfd_create');
  for (let done = 0; done < content.length; ) done += writeSync(descriptor, content, done);
  fchmodSync(descriptor, 0o555);
  must(sealMemoryFile(descriptor), 'F_ADD_SEALS');
  return { descriptor, description: `${path}, ${content.length} bytes, static, sealed in memory` };
}

function readProgram(path: string): Buffer {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const status = fstatSync(file);
    if (!status.isFile() || status.size > maximumProgramBytes) {
      throw deputyError('DEPUTY_E_COMMAND_NOT_EXECUTABLE', { command: path, detail: 'it is no program' });
    }
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

function lookUp(command: string): string {
  const folders = (process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin').split(':');
  const paths = command.includes('/') ? [command] : folders.map((folder) => join(folder || '.', command));
  let denied: string | undefined;
  for (const path of paths) {
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') denied ??= path;
    }
  }
  if (denied === undefined) throw deputyError('DEPUTY_E_COMMAND_NOT_FOUND', { command });
  throw deputyError('DEPUTY_E_COMMAND_NOT_EXECUTABLE', { command: denied, detail: 'EACCES' });
}

function must(result: number, what: string): number {
  if (result >= 0) return result;
  throw deputyError('DEPUTY_E_PAYLOAD_NOT_JOINED', { step: what, errno: errnoText(-result) });
}
