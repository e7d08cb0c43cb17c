import { closeSync, existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PayloadDirectory, payloadFolders } from './payload-directory.js';

/** Events of so many earlier lives are kept: a container that restarts all the while fills no disk. */
const livesKept = 16;
const markName = 'settled';

/**
 * Folders of lives that are over, where neither a shim nor a file knows of an end that nobody has heard, and
 * no payload lives: whatever delegation is open there has lost its end for good.
 */
export function silentFolders(
  stateDirectory: string,
  containers: Parameters<typeof payloadFolders>[1],
  name: string,
  except: string | undefined,
): string[] {
  return payloadFolders(stateDirectory, containers, name).filter((path) => {
    if (path === except || existsSync(join(path, markName))) return false;
    const directory = new PayloadDirectory(path);
    if (directory.isLocked() || directory.unheardEnd() !== undefined) return false;
    const orphan = directory.orphan();
    if (orphan !== undefined) closeSync(orphan);
    return orphan === undefined;
  });
}

/** Nothing of it is open any more, so that it is not looked into again. */
export function markSettled(path: string): void {
  writeFileSync(join(path, markName), '', { mode: 0o600 });
}

/** The life goes on after all, as one that was not found for a while. */
export function unmarkSettled(path: string): void {
  rmSync(join(path, markName), { force: true });
}

/** Removes the eldest of those that are settled. */
export function removeSettled(
  stateDirectory: string,
  containers: Parameters<typeof payloadFolders>[1],
  name: string,
): void {
  const settled = payloadFolders(stateDirectory, containers, name).flatMap((path) => {
    const mark = statSync(join(path, markName), { throwIfNoEntry: false });
    return mark === undefined ? [] : [{ path, atMs: mark.mtimeMs }];
  });
  settled.sort((a, b) => b.atMs - a.atMs);
  for (const { path } of settled.slice(livesKept)) rmSync(path, { recursive: true, force: true });
}
