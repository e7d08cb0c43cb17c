import type { ErrorEntry } from './entry.js';

/** Errors of the dispatcher: payloads that are put into a target. */
export const payloadErrors = {
  DEPUTY_E_TARGET_UNKNOWN: {
    what: 'there is no target {target}: {detail}',
    why: 'It is neither the number of a process here nor a container that crun or runc knows.',
    remedy: 'Name the container as its runtime lists it; --runtime-root names a state directory of its own.',
  },
  DEPUTY_E_TARGET_CHANGED: {
    what: 'the target is not what it was: {detail}',
    why: 'Its process ended and the number, or the container, is another one now.',
    remedy: 'Try again.',
  },
  DEPUTY_E_TARGET_PAUSED: {
    what: 'the target is paused: {what}',
    why: 'A process that joins a frozen cgroup is frozen before it can become the payload.',
    remedy: 'Resume the container, then try again.',
  },
  DEPUTY_E_TARGET_CGROUP_BUSY: {
    what: "the target's cgroup takes no process: {errno}",
    why: 'Controllers are enabled for cgroups below it (EBUSY), or one beside it is threaded (cgroups(7)).',
    remedy: "Try again: the target's process has moved meanwhile, and its cgroup is looked up anew.",
  },
  DEPUTY_E_TARGET_NOT_INIT: {
    what: 'process {processId} is not the first process of its pid namespace',
    why: "The payload becomes a child of the target's init, which has to reap it.",
    remedy: 'Name the container, or its first process; it needs a pid namespace of its own.',
  },
  DEPUTY_E_TARGET_COULD_TAKE_OVER: {
    what: 'a process of the target could take the payload over: {detail}',
    why: 'ptrace(2) lets whoever has the same user and all capabilities of another process control it.',
    remedy: 'Take the capabilities out of the container, or give it a user namespace.',
  },
  DEPUTY_E_PAYLOAD_NOT_STATIC: {
    what: '{path} asks for the interpreter {interpreter}',
    why: "Inside the target its own ld.so would run first, with the payload's privilege.",
    remedy: 'Use a statically linked program, or --from target where the target can change nothing of it.',
  },
  DEPUTY_E_PAYLOAD_CHANGEABLE: {
    what: 'the target could change what would run: {detail}',
    why: 'A program of the target is run only when none of its ids can write or replace any part of it.',
    remedy: "Make the container's root file system read-only, or use a static program of the host.",
  },
  DEPUTY_E_PAYLOAD_NOT_JOINED: {
    what: 'the payload could not be started: step {step}: {errno}',
    why: 'The joiner stopped there; nothing of it is left in the target.',
    remedy: '`deputy doctor` says what this machine lacks; EAGAIN: the cgroup has no room (pids.max).',
  },
  DEPUTY_E_PAYLOAD_NOT_READY: {
    what: 'the payload was not ready after {deadlineMs} ms: {detail}',
    why: 'It did not say so in the way that --readiness names.',
    remedy: "See the payload's own output; --deadline gives it longer.",
  },
  DEPUTY_E_PAYLOAD_UNVERIFIED: {
    what: 'the payload is not what was asked for: {detail}',
    why: 'What /proc shows of it differs; it was ended.',
    remedy: 'This is a defect, or somebody meddled with the process: see the events.',
  },
  DEPUTY_E_PAYLOAD_OWNED: {
    what: 'the payload {what} runs, and its output has a reader',
    why: 'A second dispatch of the same delegation starts no second payload.',
    remedy: 'Nothing is to be done; `deputy events --state` tells of it.',
  },
  DEPUTY_E_PAYLOAD_EXIT_UNKNOWN: {
    what: 'how the payload ended is not to be had: {detail}',
    why: "The target's init did not reap it, or the kernel is older than 6.15 and there is no placeholder.",
    remedy: 'Use `deputy placeholder` as the first process of the container.',
  },
  DEPUTY_E_PLACEHOLDER_INVALID: {
    what: 'the placeholder socket {path} is not to be trusted: {detail}',
    why: "Whoever listens there must be the first process of the container, in the container's cgroup.",
    remedy: 'See who else can write to that folder.',
  },
  DEPUTY_E_LOG_INVALID: {
    what: "the container's {stream} can't be used: {detail}",
    why: 'Only a pipe or a terminal is written to; a file might be somebody else’s.',
    remedy: 'Use --output caller.',
  },
} as const satisfies Record<string, ErrorEntry>;
