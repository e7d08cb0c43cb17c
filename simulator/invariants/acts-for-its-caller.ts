import type { RequestRecord } from '../../core/request/record.js';
import { ListenerEnd } from '../kernel/filter.js';
import type { ModelProcess, ModelThread } from '../kernel/process.js';
import type { LoopListener } from '../ports/loop-state.js';
import type { Invariant } from './invariant.js';

/** Safety: a thread's number may be another's by the time that it is used. */
export const actsForItsCaller: Invariant = {
  id: 'acts-for-its-caller',
  sentence: 'What is opened for a call, and written for it, is for the thread that made the call.',
  begin: (_, broken) => {
    const check = (process: ModelProcess, record: RequestRecord, thread: ModelThread): void => {
      const { descriptor } = record.listener as LoopListener;
      const held = process.table.at(descriptor);
      const { filter } = thread.process;
      // Of a target that is gone the listener may be closed already.
      if (held instanceof ListenerEnd ? filter === held.filter : filter !== undefined) return;
      const notification = record.notificationId.toString(16);
      broken({ process: process.actor, notification, stranger: thread.process.actor });
    };
    return {
      opened: (process, record) => {
        if (record.thread !== undefined) check(process, record, record.thread as ModelThread);
      },
      wrote: check,
    };
  },
};
