/**
 * Numbers of the sub-steps of an injection: they stand in replies and journals, so they are never changed,
 * only added to. The usual way is 1 to 13.
 */
export const subStep = {
  /** Is the notification still valid? Queue the O_PATH descriptor on a socket pair. */
  queue: 1,
  /** PTRACE_SEIZE; is the notification valid still? */
  attach: 2,
  /** ADDFD: the socket's other end goes to the target. */
  addSocket: 3,
  /** PTRACE_INTERRUPT, then SEND -ERESTARTNOINTR, which ends a killable wait. */
  interrupt: 4,
  /** Wait for the stop. */
  awaitStop: 5,
  /** Is the thread still in that very call? */
  verify: 6,
  /** EXITKILL, filters suspended, all signals blocked. */
  openWindow: 7,
  /** Save the memory below the red zone and write struct msghdr there. */
  prepareScratch: 8,
  /** recvmsg in the target. */
  receive: 9,
  /** dup3 onto the socket's number. */
  renumber: 10,
  /** Close the number that recvmsg gave. */
  closeReceived: 11,
  /** Memory, registers with the result, signal mask. */
  restore: 12,
  detach: 13,
  /** mmap in the target, when its stack can't be used. */
  mapScratch: 14,
  unmapScratch: 15,
  /** Close the socket in the target: on failure, or when the thread has left the call. */
  closeSocket: 16,
  /**
   * Put back the registers of a thread that has left the call, and stop it where the kernel decides restarts.
   */
  retreat: 17,
  /** Stop a thread that needs nothing any more, to end the tracing. */
  letGo: 18,
  /** The thread is ending: take its last status. */
  gone: 19,
  /** Put -errno into the result register: nothing else was changed. */
  giveErrno: 20,
  /** Reissue: PTRACE_SEIZE of a thread that is blocked in a notified call. */
  seizeBlocked: 21,
  /** Reissue: PTRACE_INTERRUPT, then wait for the stop. */
  interruptBlocked: 22,
  /** Reissue, once for all threads: SEND -ERESTARTNOINTR, which ends their killable waits. */
  endWaits: 23,
  /** Reissue: PTRACE_DETACH; the kernel makes the call anew. */
  letRestart: 24,
} as const;

/** What a sub-step returns when the thread's next stop must come first. */
export const WAIT = -1;
/** What a sub-step returns when the injection is over. */
export const DONE = -2;
