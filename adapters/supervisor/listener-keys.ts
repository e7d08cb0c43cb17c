/** What a loop waits for, by the key that its epoll set and its records carry. */
export const wakeKey = 1;
export const injectorKey = 2;
/** The listener of a rehearsal, which is no target's. */
export const rehearsalKey = 3;
/** Keys of targets' listeners begin here. */
export const firstListenerKey = 16;
