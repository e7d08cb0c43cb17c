import { mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoText } from '../../../core/errors/errno.js';
import type { TrialResult } from '../../../core/preflight/entry.js';
import { allocate } from '../../linux/memory.js';
import { systemCall } from '../../linux/native.js';
import { architectureOpenFlags, O } from '../../linux/open-flags.js';
import { handleOf, openHandle } from './handle-of.js';

/**
 * Without any capability outside of its own user and mount namespace, which it was started in: mounts a file
 * system there and opens a folder of it by handle (Linux 6.11). What it says of files is for people: the
 * kernel gives folders only.
 */
export function unprivilegedHandles(directory: string): TrialResult {
  const memory = allocate(8192);
  memory.putString(0, 'tmpfs');
  memory.putString(64, directory);
  const { address } = memory;
  const mounted = systemCall('mount', address, address + 64, address, 0, 0);
  if (mounted < 0) return { ok: false, detail: `a mount of its own: ${errnoText(-mounted)}` };
  const folder = join(directory, 'folder');
  mkdirSync(folder);
  writeFileSync(join(directory, 'file'), '');
  const mount = openSync(directory, 'r');
  const ofFolder = handleOf(folder);
  if (ofFolder.named < 0) return { ok: false, detail: `name_to_handle_at: ${errnoText(-ofFolder.named)}` };
  const opened = openHandle(ofFolder, mount, O.RDONLY | architectureOpenFlags().O_DIRECTORY);
  if (opened < 0) return { ok: false, detail: `open_by_handle_at of a folder: ${errnoText(-opened)}` };
  const ofFile = openHandle(handleOf(join(directory, 'file')), mount);
  const files = ofFile < 0 ? `a file was not (${errnoText(-ofFile)})` : 'a file, too';
  return { ok: true, detail: `a folder of its own mount was opened by handle, ${files}` };
}
