import { flag, syscall } from '../kernel/numbers.js';
import { OpenFile } from '../kernel/open-description.js';
import type { ModelThread } from '../kernel/process.js';
import type { Invariant } from './invariant.js';

/** Safety: what others wrote meanwhile must not be gone by a second try, nor what was to go stay. */
export const truncatedOnce: Invariant = {
  id: 'truncated-once',
  sentence: 'O_TRUNC acts once for a call that is answered, at most once for any, however often it is tried.',
  begin: (stage, broken) => {
    const truncated = new Set<string>();
    /** How often each file had been changed when a thread's call began. */
    const before = new Map<ModelThread, ReadonlyMap<string, number>>();
    const changes = (): Map<string, number> =>
      new Map(stage().world.kernel.files.all.map(({ name, changes: count }) => [name, count]));
    return {
      opened: (process, record, file, flags) => {
        if ((flags & flag.O_TRUNC) === 0 || (flags & flag.O_PATH) !== 0) return;
        const name = record.notificationId.toString(16);
        if (truncated.has(name)) broken({ process: process.actor, notification: name, file: file.name });
        truncated.add(name);
      },
      called: (thread, { number, values: [, , flags = 0] }) => {
        const truncates = (flags & (flag.O_TRUNC | flag.O_PATH)) === flag.O_TRUNC;
        if (number === syscall.openByHandleAt && truncates) before.set(thread, changes());
      },
      returned: (thread, _, result) => {
        const known = before.get(thread);
        before.delete(thread);
        const held = known === undefined ? undefined : thread.process.table.at(result);
        if (!(held instanceof OpenFile)) return;
        // What others wrote meanwhile can't be told from what they wrote behind the truncation.
        if (held.file.changes !== known?.get(held.file.name)) return;
        broken({ thread: thread.actor, file: held.file.name, problem: 'it still has what was to be gone' });
      },
    };
  },
};
