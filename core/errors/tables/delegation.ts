import type { ErrorEntry } from './entry.js';

/** Errors that arise while a target is taken on and served. */
export const delegationErrors = {
  DEPUTY_E_TARGET_CONTRADICTED: {
    what: "what is said of the container '{containerId}' is not what the kernel shows: {detail}",
    why: "A listener came under another container's name, which would give its tenant's rights away.",
    remedy: 'Look at who connects to the socket; the runtime names its own process and container.',
  },
  DEPUTY_E_PEER_REFUSED: {
    what: 'a connection by uid {uid} (pid {pid}) was refused',
    why: 'Only the configured users may hand in listeners or give commands.',
    remedy: 'Connect as root or as the user that the agent runs as.',
  },
  DEPUTY_E_RUNTIME_MESSAGE_INVALID: {
    what: "the runtime's message is not a container process state: {detail}",
    why: 'Something other than an OCI runtime connected, or its message was cut short.',
    remedy: 'Check `linux.seccomp.listenerPath`, and which program connects to the socket.',
  },
  DEPUTY_E_RUNTIME_MESSAGE_TOO_LONG: {
    what: "the runtime's message is longer than {maximumBytes} bytes",
    why: 'The length of a message is bounded, so that a peer cannot use up memory.',
    remedy: "Shorten the container's annotations.",
  },
  DEPUTY_E_RUNTIME_MESSAGE_NO_LISTENER: {
    what: 'a connection closed without handing in a listener',
    why: 'The runtime died, or something other than a runtime connected.',
    remedy: "See the runtime's own log.",
  },
  DEPUTY_E_RUNTIME_MESSAGE_TIMEOUT: {
    what: "the runtime's message was not complete after {timeoutMs} ms",
    why: 'The peer stopped in the middle of its message.',
    remedy: "See the runtime's own log.",
  },
  DEPUTY_E_LAUNCH_FAILED: {
    what: 'the target could not be started: {detail}',
    why: 'A step before the program itself failed: its user, its directory, its filter, or the launcher.',
    remedy: 'Check --uid, --gid and the directory; `deputy doctor` says what this user and kernel allow.',
  },
  DEPUTY_E_TARGET_NOT_VISIBLE: {
    what: 'the target is not visible from here: {detail}',
    why: 'Its process is in a pid namespace that is not below that of the agent.',
    remedy: "Run the agent in the host's pid namespace.",
  },
  DEPUTY_E_TARGET_GONE: {
    what: 'the target is gone: {detail}',
    why: 'Its processes ended before the work was done.',
    remedy: 'Nothing is to be done.',
  },
  DEPUTY_E_TARGET_TRACED: {
    what: 'thread {threadId} is traced by another process',
    why: 'There can be only one tracer of a thread, and exact O_PATH needs to be it.',
    remedy: 'Detach the debugger.',
  },
  DEPUTY_E_INJECTOR_GONE: {
    what: 'the injector process ended: {detail}',
    why: 'It was killed, or could not be started.',
    remedy: 'It is started again by itself; if it keeps ending, see the log.',
  },
  DEPUTY_E_SUPERVISOR_FAILED: {
    what: 'a supervisor could not be started, or ends again and again: {detail}',
    why: 'Calls of targets wait in the kernel meanwhile; the keeper goes on trying, ever more slowly.',
    remedy: "See the supervisor's own lines in the log; `deputy doctor` says what this machine lacks.",
  },
  DEPUTY_E_KEEPER_GONE: {
    what: 'the keeper is gone: {detail}',
    why: 'It was killed. The supervisor serves its targets to their end, and nobody can replace it.',
    remedy: 'Start the agent again when these targets have ended, or with `--replace` at once.',
  },
  DEPUTY_E_LISTENER_LOST: {
    what: "the listener of the delegation '{delegationId}' is lost",
    why: 'Keeper and supervisors ended without handing it on; the kernel gives a listener only once.',
    remedy: 'Restart the container: until then its delegated calls give ENOSYS.',
  },
  DEPUTY_E_INJECTOR_FAILED: {
    what: 'the injector could not do its work: {detail}',
    why: 'A ptrace step failed in a way that was not foreseen; the target was left as it was.',
    remedy: 'Report a bug with the log lines around this one.',
  },
  DEPUTY_E_INJECTION_WINDOW_KILLED: {
    what: 'the target {threadId} was ended because the injector died while it had changed its registers',
    why: 'A target is right or dead, never wrong.',
    remedy: 'Restart the target; find out what killed the injector.',
  },
  DEPUTY_E_DELEGATION_INTERRUPTED: {
    what: "the delegation '{delegationId}' was cut off when it was {state}",
    why: 'The supervisor died before it had begun to answer.',
    remedy: 'Nothing is to be done: a container that lives is delegated to anew, under another id.',
  },
  DEPUTY_E_STRATEGY_FAILED: {
    what: "the strategy '{strategy}' can not go on: {detail}",
    why: 'It failed while it served, and its target is still there.',
    remedy: 'See the log of this moment; the events say whether another strategy took its place.',
  },
  DEPUTY_E_STRATEGY_FORBIDDEN: {
    what: "the policy rules the strategy '{strategy}' out: {detail}",
    why: 'It was read again while the strategy served. Its fields hold at once, whoever serves.',
    remedy:
      'See whether another strategy took its place; else it serves until its target ends, and another one ' +
      'when that starts next. To have it back, list it and ask for nothing that it can not do.',
  },
  DEPUTY_E_FALLBACK_AT_NEXT_START: {
    what: "'{to}' takes the place of '{from}' when the target starts next, not before: {detail}",
    why: 'While a target runs, only what answers the same listener, with its journal and keys, can go on.',
    remedy: 'Restart the container. Until then its delegated calls fail.',
  },
  DEPUTY_E_TARGET_DEGRADED: {
    what: 'the target does not use handles (any more): {detail}',
    why: 'Programs give handles up without a word when they fail once, and hold descriptors instead.',
    remedy:
      'See the requests before it; then restart the program, with handles mandatory (virtiofsd: ' +
      '`--inode-file-handles=mandatory`). `degradation` in the policy says when this is told.',
  },
  DEPUTY_E_ENGINE_CLOSED: {
    what: 'the engine is closed',
    why: 'A call came after `close()`.',
    remedy: 'Create a new engine.',
  },
  DEPUTY_E_HANDLER_FAILED: {
    what: 'a handler failed: {detail}',
    why: 'deputy has a bug; the target was answered EIO.',
    remedy: 'Report a bug with the log lines around this one.',
  },
  DEPUTY_E_ILLEGAL_TRANSITION: {
    what: "{machine} has no transition for '{event}' in state '{state}'",
    why: 'The recorded history is not one that the machine allows.',
    remedy: 'Report a bug with the events of this stream.',
  },
} as const satisfies Record<string, ErrorEntry>;
