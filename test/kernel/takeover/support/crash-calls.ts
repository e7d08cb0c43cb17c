import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Handler } from '../../../../core/steps/handler.js';
import { nameToHandleAt } from '../../../../strategies/seccomp-notify/handlers/name-to-handle-at.js';
import { openByHandleAt } from '../../../../strategies/seccomp-notify/handlers/open-by-handle-at.js';
import { unlisted } from '../../../../strategies/seccomp-notify/handlers/unlisted.js';
import type { Flavour, TrapTarget } from '../../support/trap-target.js';
import { nr, O } from '../../support/trap-thread.js';
import { tableOf } from './crash-stage.js';

export const trapContent = 'contents of own';
export const laterContent = 'written by another process';

/** A target with all handles that the calls need, and which files they are of. */
export interface CrashTarget {
  readonly target: TrapTarget;
  readonly flavour: Flavour;
  readonly mount: number;
  readonly share: string;
}

/** A call of the target whose supervisor dies. `make`: makes it, and says all that can be seen of it. */
export interface CrashCall {
  readonly name: string;
  readonly handler: Handler;
  /** Served by the policy that lists no name_to_handle_at. */
  readonly isContinued?: boolean;
  readonly truncates?: boolean;
  /** The descriptor keeps O_NONBLOCK (the substitute for an O_PATH one). */
  readonly isSubstitute?: boolean;
  make(one: CrashTarget): Promise<object>;
}

/** Takes a target's handles and gives it its buffers: how many calls that were. */
export async function takeHandles(target: TrapTarget, share: string): Promise<number> {
  const gone = join(share, 'gone');
  writeFileSync(gone, 'for a moment');
  const names = ['own', 'public', 'secret', 'folder', 'link', 'gone'];
  for (const name of names) await target.encode(name, name);
  rmSync(gone);
  await target.encode('stale', 'own');
  await target.must('put $stale+8 eeeeeeeeeeeeeeee');
  await target.must('alloc again 4096');
  return names.length + 1;
}

/** Opens, looks at all of the table, closes: what was opened, and that nothing else came or stayed. */
async function opened({ target, mount }: CrashTarget, handle: string, flags: number): Promise<object> {
  const before = tableOf(target.pid);
  const result = await target.openHandle(mount, handle, flags);
  const table = tableOf(target.pid).filter((line) => !before.includes(line));
  const description = await target.describe(result);
  if (typeof result === 'number') await target.must(`call ${nr.close} ${result}`);
  const after = tableOf(target.pid);
  const left = after.filter((line) => !before.includes(line));
  const lost = before.filter((line) => !after.includes(line));
  return { result, table, description, left, lost };
}

async function named({ target, mount }: CrashTarget): Promise<object> {
  const before = tableOf(target.pid);
  const result = await target.encodeInto('again', 'public', mount);
  const handle = await target.handleHex('again');
  const left = tableOf(target.pid).filter((line) => !before.includes(line));
  return { result, handle, left };
}

const open = (name: string, handle: string, flags: number, more: Partial<CrashCall> = {}): CrashCall => ({
  name,
  handler: openByHandleAt,
  make: (one) => opened(one, handle, flags),
  ...more,
});

export const crashCalls: readonly CrashCall[] = [
  open('O_RDONLY', 'public', O.RDONLY | O.CLOEXEC),
  open('O_RDWR|O_TRUNC', 'own', O.RDWR | O.TRUNC, { truncates: true }),
  open('O_PATH fast', 'folder', O.PATH, { isSubstitute: true }),
  open('O_PATH exact', 'link', O.PATH | O.NOFOLLOW),
  open('O_PATH unreadable', 'secret', O.PATH),
  open('stale handle', 'gone', O.RDONLY),
  open('bad handle', 'stale', O.RDONLY),
  open('refused', 'secret', O.RDONLY),
  { name: 'name_to_handle_at', handler: nameToHandleAt, make: named },
  { name: 'continued', handler: unlisted, isContinued: true, make: named },
];

/** The file that O_TRUNC empties. */
export class TruncatedFile {
  constructor(private readonly path: string) {}

  fill(): void {
    writeFileSync(this.path, trapContent);
  }

  /**
   * While nobody serves: if it is empty already, writes as another process would. Returns what it must hold
   * in the end.
   */
  disturb(): string {
    if (statSync(this.path).size > 0) return '';
    writeFileSync(this.path, laterContent);
    return laterContent;
  }

  get content(): string {
    return readFileSync(this.path, 'utf8');
  }
}
