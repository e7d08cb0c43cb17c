import { existsSync } from 'node:fs';
import { missingForKernel } from '../../support/describe-when.js';
import type { StalledFiles } from './stalled-files.js';
import type { TrapTarget } from './trap-target.js';
import { nr, O, type Result, type TrapThread } from './trap-thread.js';

const PROT_READ = 1;
const MAP_SHARED = 1;
const pageBytes = 4096;

/** What a test with StalledFiles needs of the machine. */
export function missingForStall(): readonly string[] {
  return [...missingForKernel(), ...(existsSync('/dev/fuse') ? [] : ['/dev/fuse'])];
}

/** A target with a handle on a page that the kernel can't read before `files` lets it. */
export interface StalledTarget {
  readonly target: TrapTarget;
  readonly thread: TrapThread;
  readonly mount: number;
  /** Begins an open whose handle stands on the page; resolves when its reader waits for the page. */
  begin(flags?: number): Promise<void>;
  /** The open's result, once the page can be read. */
  wait(): Promise<Result>;
}

/** Gives a target of the scene a page of `files`, and then to the agent. Each page stalls once. */
export async function stalledTarget(
  target: TrapTarget,
  files: StalledFiles,
  page: number,
  confine: (target: TrapTarget) => Promise<void>,
): Promise<StalledTarget> {
  const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
  await target.encode('own', 'own');
  await files.setContent(await target.handleHex('own'));
  await target.must(`name stalled ${await mapPage(target, files, page)}`);
  await confine(target);
  const thread = await target.newThread(1);
  return {
    target,
    thread,
    mount,
    async begin(flags = O.RDONLY) {
      await thread.beginOpenHandle(mount, 'stalled', flags);
      await files.stalled();
    },
    wait: () => thread.wait(),
  };
}

/** The address of the mapping; nobody has touched it yet. */
async function mapPage(target: TrapTarget, files: StalledFiles, page: number): Promise<number> {
  const file = await target.open(`${files.directory}/page${page}`);
  return target.must(`call ${nr.mmap} 0 ${pageBytes} ${PROT_READ} ${MAP_SHARED} ${file} 0`);
}
