import type { Invariant } from './invariant.js';

/** Liveness: what a target asked for, it gets. */
export const callsReturn: Invariant = {
  id: 'calls-return',
  sentence: 'Every call returns, unless its target is dead.',
  begin: (stage, broken) => ({
    finished: () => {
      for (const thread of stage().world.kernel.threads.values()) {
        // Whoever was stopped by its own user waits for him.
        const isStopped = thread.mode === 'group-stopped' || thread.mode === 'dead';
        if (thread.call === undefined || isStopped) continue;
        broken({
          thread: thread.actor,
          syscall: thread.call.number,
          notification: thread.notification?.id.toString(16),
          state: thread.notification?.state,
          mode: thread.mode,
        });
      }
    },
  }),
};
