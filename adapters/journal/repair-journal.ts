import {
  closeSync,
  copyFileSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { damagedFolder } from './last-segment.js';
import type { RepairAction, RepairPlan } from './plan-repair.js';
import { rebuildSegment } from './rebuild-segment.js';
import { storageError } from './segment-error.js';
import { segmentName, segmentNumber } from './segment-file.js';
import { readImage } from './segment-image.js';

const unfinishedSuffix = '.new';

/** What was done to one segment: where its original bytes are now. */
export interface RepairedSegment {
  readonly segment: number;
  readonly done: RepairAction['kind'];
  readonly original: string;
}

/**
 * Does what a plan says, a segment at a time; the caller holds the state directory's lock. The original stays
 * in `damaged/`, and its place is taken by a whole new file in one rename(2), so that at any moment a journal
 * is there that can be checked and repaired again. Throws DEPUTY_E_STATE_DIRECTORY_UNWRITABLE and
 * DEPUTY_E_DISK_FULL.
 */
export function repairJournal(plan: RepairPlan): RepairedSegment[] {
  const { directory, actions } = plan;
  try {
    removeUnfinished(directory);
    if (actions.length === 0) return [];
    mkdirSync(join(directory, damagedFolder), { recursive: true, mode: 0o700 });
    const done = actions.map((action) => act(directory, action));
    syncFolders(directory);
    return done;
  } catch (error) {
    throw storageError(directory, error);
  }
}

/** What a repair that was killed had not put into its place yet. */
function removeUnfinished(directory: string): void {
  for (const name of readdirSync(directory)) {
    const isUnfinished =
      name.endsWith(unfinishedSuffix) && segmentNumber(name.slice(0, -unfinishedSuffix.length)) !== undefined;
    if (isUnfinished) rmSync(join(directory, name));
  }
}

function act(directory: string, action: RepairAction): RepairedSegment {
  if (action.kind === 'note-missing') {
    // An empty file says that this number was looked for; nothing of the segment is left to be kept.
    const original = join(directory, damagedFolder, `${segmentName(action.segment)}.missing`);
    closeSync(openSync(original, 'w', 0o600));
    return { segment: action.segment, done: action.kind, original };
  }
  const { checked, kind } = action;
  const original = freeName(directory, checked.path, checked.segment);
  if (kind === 'set-aside') {
    renameSync(checked.path, original);
    // rename(2) does nothing when a repair that was killed had linked the two.
    rmSync(checked.path, { force: true });
    return { segment: checked.segment, done: kind, original };
  }
  const image = readImage(directory, checked.segment);
  if (image !== undefined) {
    const next = `${checked.path}${unfinishedSuffix}`;
    writeWhole(next, rebuildSegment(image, checked, action.order));
    keepOriginal(checked.path, original);
    syncFolders(directory);
    renameSync(next, checked.path);
  }
  return { segment: checked.segment, done: kind, original };
}

/** A name in `damaged/` that is free, or that a repair that was killed has given to this very file. */
function freeName(directory: string, path: string, segment: number): string {
  const { ino, dev } = statSync(path);
  for (let attempt = 0; ; attempt++) {
    const suffix = attempt === 0 ? '' : `.${attempt}`;
    const name = join(directory, damagedFolder, `${segmentName(segment)}${suffix}`);
    const found = statSync(name, { throwIfNoEntry: false });
    if (found === undefined || (found.ino === ino && found.dev === dev)) return name;
  }
}

function keepOriginal(path: string, original: string): void {
  if (statSync(original, { throwIfNoEntry: false }) !== undefined) return;
  try {
    linkSync(path, original);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Some file systems have no hard links.
    if (code !== 'EPERM' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error;
    copyFileSync(path, `${original}${unfinishedSuffix}`);
    renameSync(`${original}${unfinishedSuffix}`, original);
  }
}

function writeWhole(path: string, bytes: Buffer): void {
  const file = openSync(path, 'w', 0o600);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncFolders(directory: string): void {
  for (const folder of [directory, join(directory, damagedFolder)]) {
    const descriptor = openSync(folder, 'r');
    fsyncSync(descriptor);
    closeSync(descriptor);
  }
}
