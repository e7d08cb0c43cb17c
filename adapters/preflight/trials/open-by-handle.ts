import { openSync } from 'node:fs';
import { join } from 'node:path';
import { errnoText } from '../../../core/errors/errno.js';
import type { TrialResult } from '../../../core/preflight/entry.js';
import { handleOf, openHandle } from './handle-of.js';

/**
 * Opens a file that was made for it by its handle: takes the capability, and a file system that has handles.
 */
export function openByHandle(directory: string): TrialResult {
  const handle = handleOf(join(directory, 'file'));
  if (handle.named < 0) return { ok: false, detail: `name_to_handle_at: ${errnoText(-handle.named)}` };
  const opened = openHandle(handle, openSync(directory, 'r'));
  return opened < 0
    ? { ok: false, detail: `open_by_handle_at: ${errnoText(-opened)}` }
    : { ok: true, detail: 'a file was opened by its handle' };
}
