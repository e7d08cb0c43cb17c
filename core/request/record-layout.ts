/**
 * Where each field of a journal record stands, in bytes from the record's start (little-endian, as every
 * machine that deputy runs on). The notification stands where the kernel's RECV ioctl writes it, so the slot
 * itself is the receive buffer. Layouts of `struct seccomp_notif`, `seccomp_notif_resp`,
 * `seccomp_notif_addfd` (linux/seccomp.h) and `struct file_handle` (name_to_handle_at(2)).
 */
export const recordBytes = 512;

/** The largest handle that the kernel accepts, MAX_HANDLE_SZ of linux/exportfs.h. */
export const maximumHandleBytes = 128;

/** Steps whose results one record can keep; a request needs at most 16 unless it is tried again. */
export const traceCapacity = 18;

/** Bytes of one trace entry: step u8, state u8, elapsed u16 (us since receipt, saturating), result i32. */
export const traceEntryBytes = 8;

export const offset = {
  kind: 0,
  state: 4,
  step: 6,
  listener: 8,
  epoch: 12,
  receivedAtUs: 16,
  answeredAtUs: 24,
  result: 32,
  reason: 36,
  way: 38,
  recovery: 39,
  attempts: 40,
  fileType: 42,
  openMode: 43,
  /** open_by_handle_at: bytes of the handle without its seal, once that is found; 0 before. */
  nativeBytes: 44,
  /** name_to_handle_at: one more than the room that the caller has for a handle; 0: not known yet. */
  handleRoom: 45,
  mountId: 48,
  policyDigest: 56,
  /** The key that a handle was sealed with, or says it was; 0: none. */
  keyId: 60,
  /** struct seccomp_notif, 80 bytes. */
  notification: 64,
  notificationId: 64,
  threadId: 72,
  syscallNumber: 80,
  auditArchitecture: 84,
  instructionPointer: 88,
  /** Six registers of eight bytes. */
  arguments: 96,
  /** struct seccomp_notif_resp, 24 bytes: built here so that SEND needs no other memory. */
  response: 144,
  responseValue: 152,
  responseError: 160,
  responseFlags: 164,
  /** struct seccomp_notif_addfd, 24 bytes. */
  addfd: 168,
  addfdFlags: 176,
  addfdSource: 180,
  addfdTarget: 184,
  addfdTargetFlags: 188,
  /** struct file_handle as copied once from the target: bytes u32, type i32, up to 128 bytes. */
  handle: 192,
  handleBytes: 192,
  handleType: 196,
  handleData: 200,
  injectionSubStep: 328,
  effectMark: 330,
  sourceDescriptor: 332,
  probeDescriptor: 336,
  traceCount: 340,
  /** After a take-over: one more than the step at which the predecessor left off; 0 for a fresh request. */
  formerStep: 342,
  /** How the injector's work ended: `injectionOutcome` below. */
  injectionOutcome: 344,
  /** After a take-over: the state in which the predecessor left the request. */
  formerState: 346,
  /** One more than the number that the caller's table has for the descriptor of this request; 0: none yet. */
  addedNumber: 348,
  trace: 352,
  /** What the file looked like before O_TRUNC acted on it (fingerprintFile of the kernel port). */
  fingerprint: 496,
  ticket: 500,
  commit: 508,
} as const;

/** What a record is. Free must be 0: a segment is zeroed before use. */
export const recordKind = { free: 0, request: 1, process: 2, event: 3 } as const;

/** How a request was answered. */
export const answerWay = { none: 0, send: 1, addfd: 2, inject: 3, continue: 4 } as const;
export const answerWayNames = ['none', 'send', 'addfd', 'inject', 'continue'] as const;

/** How an O_PATH open was served. */
export const openMode = { none: 0, plain: 1, fast: 2, exact: 3 } as const;
export const openModeNames = ['none', 'plain', 'fast', 'exact'] as const;

/** How a request came through a take-over. */
export const recoveryKind = { none: 0, redone: 1, 'answered-by-id': 2, reissued: 3 } as const;
export const recoveryNames = ['none', 'redone', 'answered-by-id', 'reissued'] as const;

/** How an injection ended; 0 while it is under way. */
export const injectionOutcome = {
  none: 0,
  completed: 1,
  cancelled: 2,
  errno: 3,
  killed: 4,
  traced: 5,
  /** To a successor's question only: the injector knows nothing of it. */
  unknown: 6,
  /** The thread has filters that may not be suspended, and nothing was touched. */
  filtered: 7,
} as const;

/**
 * Marked in a record before an effect that must not happen twice; several may be. `truncated` is a
 * successor's finding: what was marked did happen; `late` another: the call has waited for too long.
 */
export const effectMark = { none: 0, truncate: 1, descriptor: 2, truncated: 4, late: 8 } as const;
