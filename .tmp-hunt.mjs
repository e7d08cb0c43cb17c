import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
// core/errors/errno.ts
/**
* Linux error numbers (include/uapi/asm-generic/errno-base.h and errno.h; the same on x86-64 and arm64).
* Where two names share a number, the one that strace prints stands here: EAGAIN, EDEADLK, EOPNOTSUPP.
*/
const errnoNumbers = {
	EPERM: 1,
	ENOENT: 2,
	ESRCH: 3,
	EINTR: 4,
	EIO: 5,
	ENXIO: 6,
	E2BIG: 7,
	ENOEXEC: 8,
	EBADF: 9,
	ECHILD: 10,
	EAGAIN: 11,
	ENOMEM: 12,
	EACCES: 13,
	EFAULT: 14,
	ENOTBLK: 15,
	EBUSY: 16,
	EEXIST: 17,
	EXDEV: 18,
	ENODEV: 19,
	ENOTDIR: 20,
	EISDIR: 21,
	EINVAL: 22,
	ENFILE: 23,
	EMFILE: 24,
	ENOTTY: 25,
	ETXTBSY: 26,
	EFBIG: 27,
	ENOSPC: 28,
	ESPIPE: 29,
	EROFS: 30,
	EMLINK: 31,
	EPIPE: 32,
	EDOM: 33,
	ERANGE: 34,
	EDEADLK: 35,
	ENAMETOOLONG: 36,
	ENOLCK: 37,
	ENOSYS: 38,
	ENOTEMPTY: 39,
	ELOOP: 40,
	ENOMSG: 42,
	EIDRM: 43,
	ECHRNG: 44,
	EL2NSYNC: 45,
	EL3HLT: 46,
	EL3RST: 47,
	ELNRNG: 48,
	EUNATCH: 49,
	ENOCSI: 50,
	EL2HLT: 51,
	EBADE: 52,
	EBADR: 53,
	EXFULL: 54,
	ENOANO: 55,
	EBADRQC: 56,
	EBADSLT: 57,
	EBFONT: 59,
	ENOSTR: 60,
	ENODATA: 61,
	ETIME: 62,
	ENOSR: 63,
	ENONET: 64,
	ENOPKG: 65,
	EREMOTE: 66,
	ENOLINK: 67,
	EADV: 68,
	ESRMNT: 69,
	ECOMM: 70,
	EPROTO: 71,
	EMULTIHOP: 72,
	EDOTDOT: 73,
	EBADMSG: 74,
	EOVERFLOW: 75,
	ENOTUNIQ: 76,
	EBADFD: 77,
	EREMCHG: 78,
	ELIBACC: 79,
	ELIBBAD: 80,
	ELIBSCN: 81,
	ELIBMAX: 82,
	ELIBEXEC: 83,
	EILSEQ: 84,
	ERESTART: 85,
	ESTRPIPE: 86,
	EUSERS: 87,
	ENOTSOCK: 88,
	EDESTADDRREQ: 89,
	EMSGSIZE: 90,
	EPROTOTYPE: 91,
	ENOPROTOOPT: 92,
	EPROTONOSUPPORT: 93,
	ESOCKTNOSUPPORT: 94,
	EOPNOTSUPP: 95,
	EPFNOSUPPORT: 96,
	EAFNOSUPPORT: 97,
	EADDRINUSE: 98,
	EADDRNOTAVAIL: 99,
	ENETDOWN: 100,
	ENETUNREACH: 101,
	ENETRESET: 102,
	ECONNABORTED: 103,
	ECONNRESET: 104,
	ENOBUFS: 105,
	EISCONN: 106,
	ENOTCONN: 107,
	ESHUTDOWN: 108,
	ETOOMANYREFS: 109,
	ETIMEDOUT: 110,
	ECONNREFUSED: 111,
	EHOSTDOWN: 112,
	EHOSTUNREACH: 113,
	EALREADY: 114,
	EINPROGRESS: 115,
	ESTALE: 116,
	EUCLEAN: 117,
	ENOTNAM: 118,
	ENAVAIL: 119,
	EISNAM: 120,
	EREMOTEIO: 121,
	EDQUOT: 122,
	ENOMEDIUM: 123,
	EMEDIUMTYPE: 124,
	ECANCELED: 125,
	ENOKEY: 126,
	EKEYEXPIRED: 127,
	EKEYREVOKED: 128,
	EKEYREJECTED: 129,
	EOWNERDEAD: 130,
	ENOTRECOVERABLE: 131,
	ERFKILL: 132,
	EHWPOISON: 133
};
const namesByNumber = invert$1();
/** The name of an error number (116 -> 'ESTALE'); a number that Linux doesn't have gives undefined. */
function errnoName(number) {
	return namesByNumber[number];
}
/** The name of an error number, for messages and events: 'errno 599' where Linux has no name for it. */
function errnoText(number) {
	return namesByNumber[number] ?? `errno ${number}`;
}
function invert$1() {
	const names = [];
	for (const [name, number] of Object.entries(errnoNumbers)) names[number] = name;
	return names;
}
// simulator/faults/fault-schema.ts
const errnoNames$1 = Object.keys(errnoNumbers);
const us$1 = z.int().min(0).max(36e8);
const name$2 = z.string().min(1).max(64);
/** Actors whose processes a fault can be done to. */
const faultyActors = [
	"supervisor",
	"standby",
	"keeper",
	"injector",
	"event-store",
	"service-manager",
	"deputy",
	"shim",
	"joiner",
	"payload"
];
const when = z.union([
	z.strictObject({ point: z.int().min(0) }),
	z.strictObject({
		step: name$2,
		/** Only when an actor of this kind is at it. */
		by: z.enum(faultyActors).optional(),
		/** The how manieth time, from 1. */
		occurrence: z.int().min(1).max(1e6).default(1)
	}),
	z.strictObject({ atUs: us$1 }),
	z.strictObject({
		probability: z.number().min(0).max(1),
		by: z.enum(faultyActors).optional(),
		limit: z.int().min(1).max(1e6).default(1)
	})
]);
const moment = z.enum([
	"before",
	"inside",
	"after"
]).default("before");
/** What can happen to any store, and what only a stream on a server knows. */
const anyTroubles = [
	"disconnect",
	"duplicate",
	"delay",
	"lose-suffix"
];
const streamTroubles = [
	"leader-change",
	"full",
	"other-writer"
];
const storeTroubles = [...anyTroubles, ...streamTroubles];
/** Everything that can go wrong, as data. */
const faultSchema = z.discriminatedUnion("kind", [
	z.strictObject({
		kind: z.literal("crash"),
		actor: z.enum(faultyActors).optional(),
		when,
		moment
	}),
	z.strictObject({
		kind: z.literal("hang"),
		actor: z.enum(faultyActors).optional(),
		when,
		forUs: us$1.optional()
	}),
	z.strictObject({
		kind: z.literal("slow"),
		when,
		byUs: us$1
	}),
	z.strictObject({
		kind: z.literal("errno"),
		when,
		errno: z.enum(errnoNames$1)
	}),
	z.strictObject({
		kind: z.literal("signal"),
		target: name$2,
		signal: z.int().min(1).max(64),
		when,
		moment
	}),
	z.strictObject({
		kind: z.literal("target-death"),
		target: name$2,
		when,
		moment
	}),
	z.strictObject({
		kind: z.literal("pid-reuse"),
		target: name$2,
		when,
		moment
	}),
	z.strictObject({
		kind: z.literal("pod-restart"),
		target: name$2,
		when,
		moment
	}),
	z.strictObject({
		kind: z.literal("journal"),
		damage: z.enum([
			"gone",
			"order-lost",
			"zeroed",
			"garbled",
			"truncated"
		]),
		count: z.int().min(1).max(8192).default(1),
		when,
		moment
	}),
	z.strictObject({
		kind: z.literal("disk-full"),
		when,
		forUs: us$1
	}),
	z.strictObject({
		kind: z.literal("store"),
		trouble: z.enum(storeTroubles),
		forUs: us$1.default(1e6),
		/** Acknowledged events that are lost; messages that come twice. */
		count: z.int().min(1).max(1e5).default(4),
		when,
		moment
	}),
	z.strictObject({
		kind: z.literal("clock-jump"),
		byMs: z.int().min(-0xe8d4a51000).max(0xe8d4a51000),
		when
	}),
	z.strictObject({
		kind: z.literal("replace"),
		when,
		moment
	}),
	z.strictObject({
		kind: z.literal("storm"),
		actor: z.enum(faultyActors),
		count: z.int().min(1).max(1e3),
		everyUs: us$1,
		when
	})
]);
// core/errors/tables/broker.ts
/** Errors of the broker, the process beside a target that passes it descriptors, and of its clients. */
const brokerErrors = {
	DEPUTY_E_BROKER_PRIVILEGES: {
		what: "the broker has not exactly the privileges that it should have: {detail}",
		why: "It serves as the target, with CAP_DAC_READ_SEARCH and nothing else, or not at all.",
		remedy: "`deputy sidecar render` writes a container that is right; see docs/how-to/run-a-sidecar.md."
	},
	DEPUTY_E_BROKER_SHARE: {
		what: "the share {name} at {path} can not be served: {detail}",
		why: "The broker opens files through a descriptor of its own on each share, and seals their handles.",
		remedy: "Mount the volume into the broker’s container too, and name it with --share NAME=PATH."
	},
	DEPUTY_E_BROKER_SOCKET: {
		what: "the broker can not listen on {path}: {detail}",
		why: "Its socket is a file, made below a directory that no symbolic link leads to.",
		remedy: "Give an absolute path in a directory that the target’s user may write to."
	},
	DEPUTY_E_BROKER_REFUSED: {
		what: "the broker at {path} ended the connection: {detail}",
		why: "It serves one target: by user, by cgroup, in the version of the protocol that both speak.",
		remedy: "The detail says which of these it was; docs/reference/broker-protocol.md has the list."
	},
	DEPUTY_E_BROKER_UNREACHABLE: {
		what: "no answer of the broker at {path} within {waitedMs} ms: {detail}",
		why: "Nobody listens there, or it ended and was not started again in time.",
		remedy: "See whether the broker’s container runs; a request may be sent again."
	},
	DEPUTY_E_BROKER_UNCERTAIN: {
		what: "the broker at {path} ended before it answered an open with O_TRUNC",
		why: "Whether the file was emptied is not known, and to repeat it could destroy what was written since.",
		remedy: "Look at the file, then ask again."
	}
};
// core/errors/tables/delegation.ts
/** Errors that arise while a target is taken on and served. */
const delegationErrors = {
	DEPUTY_E_TARGET_CONTRADICTED: {
		what: "what is said of the container '{containerId}' is not what the kernel shows: {detail}",
		why: "A listener came under another container's name, which would give its tenant's rights away.",
		remedy: "Look at who connects to the socket; the runtime names its own process and container."
	},
	DEPUTY_E_PEER_REFUSED: {
		what: "a connection by uid {uid} (pid {pid}) was refused",
		why: "Only the configured users may hand in listeners or give commands.",
		remedy: "Connect as root or as the user that the agent runs as."
	},
	DEPUTY_E_RUNTIME_MESSAGE_INVALID: {
		what: "the runtime's message is not a container process state: {detail}",
		why: "Something other than an OCI runtime connected, or its message was cut short.",
		remedy: "Check `linux.seccomp.listenerPath`, and which program connects to the socket."
	},
	DEPUTY_E_RUNTIME_MESSAGE_TOO_LONG: {
		what: "the runtime's message is longer than {maximumBytes} bytes",
		why: "The length of a message is bounded, so that a peer cannot use up memory.",
		remedy: "Shorten the container's annotations."
	},
	DEPUTY_E_RUNTIME_MESSAGE_NO_LISTENER: {
		what: "a connection closed without handing in a listener",
		why: "The runtime died, or something other than a runtime connected.",
		remedy: "See the runtime's own log."
	},
	DEPUTY_E_RUNTIME_MESSAGE_TIMEOUT: {
		what: "the runtime's message was not complete after {timeoutMs} ms",
		why: "The peer stopped in the middle of its message.",
		remedy: "See the runtime's own log."
	},
	DEPUTY_E_LAUNCH_FAILED: {
		what: "the target could not be started: {detail}",
		why: "A step before the program itself failed: its user, its directory, its filter, or the launcher.",
		remedy: "Check --uid, --gid and the directory; `deputy doctor` says what this user and kernel allow."
	},
	DEPUTY_E_TARGET_NOT_VISIBLE: {
		what: "the target is not visible from here: {detail}",
		why: "Its process is in a pid namespace that is not below that of the agent.",
		remedy: "Run the agent in the host's pid namespace."
	},
	DEPUTY_E_TARGET_GONE: {
		what: "the target is gone: {detail}",
		why: "Its processes ended before the work was done.",
		remedy: "Nothing is to be done."
	},
	DEPUTY_E_TARGET_TRACED: {
		what: "thread {threadId} is traced by another process",
		why: "There can be only one tracer of a thread, and exact O_PATH needs to be it.",
		remedy: "Detach the debugger."
	},
	DEPUTY_E_INJECTOR_GONE: {
		what: "the injector process ended: {detail}",
		why: "It was killed, or could not be started.",
		remedy: "It is started again by itself; if it keeps ending, see the log."
	},
	DEPUTY_E_SUPERVISOR_FAILED: {
		what: "a supervisor could not be started, or ends again and again: {detail}",
		why: "Calls of targets wait in the kernel meanwhile; the keeper goes on trying, ever more slowly.",
		remedy: "See the supervisor's own lines in the log; `deputy doctor` says what this machine lacks."
	},
	DEPUTY_E_KEEPER_GONE: {
		what: "the keeper is gone: {detail}",
		why: "It was killed. The supervisor serves its targets to their end, and nobody can replace it.",
		remedy: "Start the agent again when these targets have ended, or with `--replace` at once."
	},
	DEPUTY_E_LISTENER_LOST: {
		what: "the listener of the delegation '{delegationId}' is lost",
		why: "Keeper and supervisors ended without handing it on; the kernel gives a listener only once.",
		remedy: "Restart the container: until then its delegated calls give ENOSYS."
	},
	DEPUTY_E_INJECTOR_FAILED: {
		what: "the injector could not do its work: {detail}",
		why: "A ptrace step failed in a way that was not foreseen; the target was left as it was.",
		remedy: "Report a bug with the log lines around this one."
	},
	DEPUTY_E_INJECTION_WINDOW_KILLED: {
		what: "the target {threadId} was ended because the injector died while it had changed its registers",
		why: "A target is right or dead, never wrong.",
		remedy: "Restart the target; find out what killed the injector."
	},
	DEPUTY_E_DELEGATION_INTERRUPTED: {
		what: "the delegation '{delegationId}' was cut off when it was {state}",
		why: "The supervisor died before it had begun to answer.",
		remedy: "Nothing is to be done: a container that lives is delegated to anew, under another id."
	},
	DEPUTY_E_STRATEGY_FAILED: {
		what: "the strategy '{strategy}' can not go on: {detail}",
		why: "It failed while it served, and its target is still there.",
		remedy: "See the log of this moment; the events say whether another strategy took its place."
	},
	DEPUTY_E_FALLBACK_AT_NEXT_START: {
		what: "'{to}' takes the place of '{from}' when the target starts next, not before: {detail}",
		why: "While a target runs, only what answers the same listener, with its journal and keys, can go on.",
		remedy: "Restart the container. Until then its delegated calls fail."
	},
	DEPUTY_E_TARGET_DEGRADED: {
		what: "the target does not use handles (any more): {detail}",
		why: "Programs give handles up without a word when they fail once, and hold descriptors instead.",
		remedy: "See the requests before it; then restart the program, with handles mandatory (virtiofsd: `--inode-file-handles=mandatory`). `degradation` in the policy says when this is told."
	},
	DEPUTY_E_ENGINE_CLOSED: {
		what: "the engine is closed",
		why: "A call came after `close()`.",
		remedy: "Create a new engine."
	},
	DEPUTY_E_HANDLER_FAILED: {
		what: "a handler failed: {detail}",
		why: "deputy has a bug; the target was answered EIO.",
		remedy: "Report a bug with the log lines around this one."
	},
	DEPUTY_E_ILLEGAL_TRANSITION: {
		what: "{machine} has no transition for '{event}' in state '{state}'",
		why: "The recorded history is not one that the machine allows.",
		remedy: "Report a bug with the events of this stream."
	}
};
// core/errors/tables/input.ts
/** Errors in what a person or an embedding program handed in. */
const inputErrors = {
	DEPUTY_E_USAGE: {
		what: "wrong usage: {detail}",
		why: "A command line option or an argument is missing, unknown or out of range.",
		remedy: "See `deputy --help`, or `--help` after the subcommand."
	},
	DEPUTY_E_POLICY_INVALID: {
		what: "the policy {source} is not valid:\n{text}",
		why: "The policy has a wrong value or unknown key; nothing is guessed in a file that grants privileges.",
		remedy: "Correct the lines named above, then try `deputy policy check FILE`."
	},
	DEPUTY_E_POLICY_UNREADABLE: {
		what: "the policy file {path} cannot be read: {detail}",
		why: "The file is missing, not readable, larger than 1 MiB, or not a regular file.",
		remedy: "Check the path and its permissions."
	},
	DEPUTY_E_PROFILE_INVALID: {
		what: "the base seccomp profile cannot be used: {detail}",
		why: "It is no seccomp profile, or it hands calls to another agent: there is one listener a container.",
		remedy: "Give another file with --base, or take the rules named above out of it."
	},
	DEPUTY_E_POD_INVALID: {
		what: "{source} cannot be judged:\n{text}",
		why: "It holds no pod and nothing with a template of pods, or one that no cluster would take.",
		remedy: "Correct what is named above; `kubectl apply --dry-run=server` says what else a cluster refuses."
	},
	DEPUTY_E_POD_UNREADABLE: {
		what: "the manifest {path} cannot be read: {detail}",
		why: "The file is missing, not readable, too large, or not a regular file.",
		remedy: "Check the path and its permissions, or split the manifest."
	},
	DEPUTY_E_POD_SECURITY_UNKNOWN: {
		what: "there is no Pod Security {what} '{value}'; there is: {known}",
		why: "The Pod Security Standards have three levels, and versions by the name of those of Kubernetes.",
		remedy: "Correct the level or the version."
	},
	DEPUTY_E_EVENT_INVALID: {
		what: "the event {id} is not valid: {problems}",
		why: "An event does not match the schema of its type and version.",
		remedy: "If deputy wrote it, report a bug with the event; if a newer deputy wrote it, upgrade the reader."
	},
	DEPUTY_E_LISTENER_INVALID: {
		what: "the descriptor received as a seccomp listener is not one: {detail}",
		why: "A runtime or a client sent another kind of file descriptor.",
		remedy: "Check which program connects to the socket; only an OCI runtime should."
	},
	DEPUTY_E_DESCRIPTOR_NAME_INVALID: {
		what: "a stored descriptor cannot be called {name}: its limit is {limit} printable characters, no colon",
		why: "systemd takes ASCII without a colon, and hands all names over in one variable of bounded size.",
		remedy: "Choose another name."
	},
	DEPUTY_E_STRATEGY_UNKNOWN: {
		what: "there is no strategy '{strategy}'; known: {known}",
		why: "A policy or a call names a strategy that this engine was not given.",
		remedy: "Correct the name, or pass the strategy in the engine's `strategies`."
	},
	DEPUTY_E_STRATEGY_REFUSED: {
		what: "the strategy '{strategy}' cannot serve this target: {detail}",
		why: "The preflight found that this kernel, runtime, target or policy rules the strategy out.",
		remedy: "See the reasons in `deputy preflight`, or ask for the strategy 'auto'."
	},
	DEPUTY_E_DELEGATION_UNKNOWN: {
		what: "there is no delegation '{delegationId}'",
		why: "The id was never given out, or the delegation ended and its events have been dropped.",
		remedy: "List the delegations with `deputy status`."
	},
	DEPUTY_E_KEY_UNKNOWN: {
		what: "there is no seal key {id} that verifies",
		why: "The id was never given out here, or the key is retired.",
		remedy: "List the keys with `deputy keys list`."
	},
	DEPUTY_E_KEYS_IMPORT_INVALID: {
		what: "the keys in {path} cannot be imported: {detail}",
		why: "It is no file that `deputy keys export` wrote, or it was changed or cut on its way.",
		remedy: "Export the keys again."
	},
	DEPUTY_E_KEYS_CONFLICT: {
		what: "the seal key {id} cannot be imported",
		why: "A key with that id is there already and is another one, or it may not become the current one.",
		remedy: "Compare both machines with `deputy keys list`; export other keys, or leave out `--current`."
	},
	DEPUTY_E_COMMAND_NOT_FOUND: {
		what: "the command '{command}' was not found",
		why: "The program to run does not exist, or is not in PATH.",
		remedy: "Give the full path of the program."
	},
	DEPUTY_E_COMMAND_NOT_EXECUTABLE: {
		what: "the command '{command}' cannot be executed: {detail}",
		why: "The kernel refused to execute the file.",
		remedy: "Check the file's mode, its format and its interpreter, and the mount's noexec option."
	}
};
// core/errors/tables/machine.ts
/** Errors that say what this machine, kernel or user cannot do. */
const machineErrors = {
	DEPUTY_E_NOT_ROOT: {
		what: "{action} needs root",
		why: "Answering for a target needs CAP_DAC_READ_SEARCH and CAP_SYS_PTRACE in the initial user namespace.",
		remedy: "Run it as root; `deputy doctor` says what works without."
	},
	DEPUTY_E_NOT_LINUX: {
		what: "{action} needs Linux; this is {platform}",
		why: "The work is done by Linux system calls; elsewhere the library, the simulator and consumers run.",
		remedy: "Run it on Linux."
	},
	DEPUTY_E_ARCHITECTURE_UNSUPPORTED: {
		what: "{action} is not available on {architecture} yet",
		why: "This part depends on registers or system call numbers that are known for other architectures only.",
		remedy: "Use x86-64, or a policy that does not need it (such as `opath: fast`)."
	},
	DEPUTY_E_KERNEL_TOO_OLD: {
		what: "{feature} needs Linux {needed}; this is {release}",
		why: "The running kernel lacks a feature, and there is no fallback for it.",
		remedy: "Run a newer kernel; `deputy doctor` lists what this one can do."
	},
	DEPUTY_E_NOTIFIER_UNAVAILABLE: {
		what: "the seccomp notifier is not available: {detail}",
		why: "The kernel was built without it, or something around deputy (a sandbox) forbids it.",
		remedy: "Run `deputy doctor` and follow its remedies."
	},
	DEPUTY_E_STRUCT_LAYOUT: {
		what: "the kernel's layout of {structure} is not as expected: {detail}",
		why: "Sizes are compared with the running kernel at start, since a wrong one would corrupt memory.",
		remedy: "Report a bug with the output of `deputy doctor --json`."
	},
	DEPUTY_E_SELF_TEST_FAILED: {
		what: "the self-test on a probe child failed: {detail}",
		why: "deputy says that it is ready only after it has answered a real call of a child of its own.",
		remedy: "Run `deputy doctor` and follow its remedies."
	},
	DEPUTY_E_SETUP_MISSING: {
		what: "{what} is missing: {detail}",
		why: "A program or a file that this command uses is not installed.",
		remedy: "Install it; the message says what was looked for."
	},
	DEPUTY_E_IDMAPPED_MOUNT: {
		what: "no idmapped mount of {path}: {detail}",
		why: "EPERM: CAP_SYS_ADMIN is missing. EINVAL: the file system or the kernel has no such mounts there.",
		remedy: "Share it from a file system that has them, or map the owner's ids in the container."
	},
	DEPUTY_E_SERVICE_ENVIRONMENT_INVALID: {
		what: "the variable {variable}={value} is not as a service manager sets it: {detail}",
		why: "What systemd says and keeps for a service is found by variables; a guess would lose descriptors.",
		remedy: "Unset the variable when deputy is not started by systemd; else look at what wraps ExecStart=."
	},
	DEPUTY_E_SOCKET_IN_USE: {
		what: "the socket {path} is in use by a living process",
		why: "Another agent listens there.",
		remedy: "Stop the other agent, or choose another path."
	},
	DEPUTY_E_SOCKET_UNUSABLE: {
		what: "the socket {path} cannot be used: {detail}",
		why: "The path is too long (107 bytes at most), its folder is missing, or something else is there.",
		remedy: "Choose another path; deputy never removes what is not a socket."
	}
};
// core/errors/tables/notifier.ts
/** Errors of a sidecar that answers the calls of wrapped programs. */
const notifierErrors = {
	DEPUTY_E_NOTIFIER_PEER: {
		what: "a listener was not taken: {detail}",
		why: "A sidecar serves programs of its own user and groups, in another cgroup, that it can see.",
		remedy: "See the detail; a pod needs `shareProcessNamespace`, a bundle the pid namespace of its target."
	},
	DEPUTY_E_NOTIFIER_UNABLE: {
		what: "a sidecar can not look into programs of its own user here: {detail}",
		why: "It reads the arguments of their calls, and what a killed one gave them, without CAP_SYS_PTRACE.",
		remedy: "Set kernel.yama.ptrace_scope to 0, and let the profile of the sidecar allow pidfd_getfd."
	}
};
// core/errors/tables/payload.ts
/** Errors of the dispatcher: payloads that are put into a target. */
const payloadErrors = {
	DEPUTY_E_TARGET_UNKNOWN: {
		what: "there is no target {target}: {detail}",
		why: "It is neither the number of a process here nor a container that crun or runc knows.",
		remedy: "Name the container as its runtime lists it; --runtime-root names a state directory of its own."
	},
	DEPUTY_E_TARGET_CHANGED: {
		what: "the target is not what it was: {detail}",
		why: "Its process ended and the number, or the container, is another one now.",
		remedy: "Try again."
	},
	DEPUTY_E_TARGET_PAUSED: {
		what: "the target is paused: {what}",
		why: "A process that joins a frozen cgroup is frozen before it can become the payload.",
		remedy: "Resume the container, then try again."
	},
	DEPUTY_E_TARGET_NOT_INIT: {
		what: "process {processId} is not the first process of its pid namespace",
		why: "The payload becomes a child of the target's init, which has to reap it.",
		remedy: "Name the container, or its first process; it needs a pid namespace of its own."
	},
	DEPUTY_E_TARGET_COULD_TAKE_OVER: {
		what: "a process of the target could take the payload over: {detail}",
		why: "ptrace(2) lets whoever has the same user and all capabilities of another process control it.",
		remedy: "Take the capabilities out of the container, or give it a user namespace."
	},
	DEPUTY_E_PAYLOAD_NOT_STATIC: {
		what: "{path} asks for the interpreter {interpreter}",
		why: "Inside the target its own ld.so would run first, with the payload's privilege.",
		remedy: "Use a statically linked program, or --from target where the target can change nothing of it."
	},
	DEPUTY_E_PAYLOAD_CHANGEABLE: {
		what: "the target could change what would run: {detail}",
		why: "A program of the target is run only when none of its ids can write or replace any part of it.",
		remedy: "Make the container's root file system read-only, or use a static program of the host."
	},
	DEPUTY_E_PAYLOAD_NOT_JOINED: {
		what: "the payload could not be started: step {step}: {errno}",
		why: "The joiner stopped there; nothing of it is left in the target.",
		remedy: "`deputy doctor` says what this machine lacks; EBUSY: the cgroup has controllers of its own."
	},
	DEPUTY_E_PAYLOAD_NOT_READY: {
		what: "the payload was not ready after {deadlineMs} ms: {detail}",
		why: "It did not say so in the way that --readiness names.",
		remedy: "See the payload's own output; --deadline gives it longer."
	},
	DEPUTY_E_PAYLOAD_UNVERIFIED: {
		what: "the payload is not what was asked for: {detail}",
		why: "What /proc shows of it differs; it was ended.",
		remedy: "This is a defect, or somebody meddled with the process: see the events."
	},
	DEPUTY_E_PAYLOAD_OWNED: {
		what: "the payload {what} runs, and its output has a reader",
		why: "A second dispatch of the same delegation starts no second payload.",
		remedy: "Nothing is to be done; `deputy events --state` tells of it."
	},
	DEPUTY_E_PAYLOAD_EXIT_UNKNOWN: {
		what: "how the payload ended is not to be had: {detail}",
		why: "The target's init did not reap it, or the kernel is older than 6.15 and there is no placeholder.",
		remedy: "Use `deputy placeholder` as the first process of the container."
	},
	DEPUTY_E_PLACEHOLDER_INVALID: {
		what: "the placeholder socket {path} is not to be trusted: {detail}",
		why: "Whoever listens there must be the first process of the container, in the container's cgroup.",
		remedy: "See who else can write to that folder."
	},
	DEPUTY_E_LOG_INVALID: {
		what: "the container's {stream} can't be used: {detail}",
		why: "Only a pipe or a terminal is written to; a file might be somebody else’s.",
		remedy: "Use --output caller."
	}
};
// core/errors/tables/simulation.ts
/** Errors of the simulator and of what it is given. */
const simulationErrors = {
	DEPUTY_E_SCENARIO_INVALID: {
		what: "the scenario {source} is not valid:\n{text}",
		why: "The scenario has a wrong value, an unknown key, or names something that it does not describe.",
		remedy: "Correct the lines named above; docs/explanation/simulator.md shows the fields."
	},
	DEPUTY_E_SCENARIO_UNREADABLE: {
		what: "the scenario {path} cannot be read: {detail}",
		why: "It is neither a file that can be read and is YAML or JSON, nor the name of a scenario that ships.",
		remedy: "Check the path, or take a name from `deputy-sim list`."
	},
	DEPUTY_E_SIMULATION_WORKER: {
		what: "a worker process of the simulator ended by itself: {detail}",
		why: "Runs are spread over processes, and one of them was killed, ran out of memory or failed.",
		remedy: "Run it again with `--jobs 1`; what it did last is named above."
	},
	DEPUTY_E_MODEL_GAP: {
		what: "the simulator does not model {what}",
		why: "The code that is simulated asked for something that the modelled machine does not know.",
		remedy: "Add it to the model under simulator/, with a case that compares it with the real kernel."
	},
	DEPUTY_E_HISTORY_UNREADABLE: {
		what: "the history cannot be replayed: {detail}",
		why: "It has no journal, or no events of deputy, or is damaged, of another machine, or too large.",
		remedy: "Give the directory of `deputy agent --state`, or a copy, or the stream that its `--nats` wrote."
	},
	DEPUTY_E_INJECTION_INVALID: {
		what: "this cannot be injected: {detail}",
		why: "The fault or the place is none that the history has.",
		remedy: "Write FAULT@PLACE, as supervisor-restart@DELEGATION/VERSION, request.answered#3 or a slot."
	}
};
// core/errors/tables/storage.ts
/** Errors of the state directory, the journal and the event store. */
const storageErrors = {
	DEPUTY_E_STATE_DIRECTORY_LOCKED: {
		what: "the state directory {path} is locked by another process",
		why: "There is one writer at a time, so that no two agents answer the same request.",
		remedy: "Stop the other agent, use `--replace`, or choose another `--state`."
	},
	DEPUTY_E_STATE_DIRECTORY_UNWRITABLE: {
		what: "the state directory {path} cannot be written: {detail}",
		why: "The folder belongs to someone else, is on a read-only file system, or the disk failed.",
		remedy: "Check the owner, mode and file system of the folder."
	},
	DEPUTY_E_STATE_DIRECTORY_MISSING: {
		what: "there is no state directory at {path}",
		why: "A command that reads the state found none.",
		remedy: "Give the `--state` that the agent was started with."
	},
	DEPUTY_E_JOURNAL_FORMAT_NEWER: {
		what: "the journal {path} has format {found}; this version reads up to {supported}",
		why: "A newer deputy wrote it.",
		remedy: "Use the newer version, or another state directory."
	},
	DEPUTY_E_JOURNAL_CORRUPT: {
		what: "the journal {path} is corrupt at {offset}: {detail}",
		why: "Bytes were changed, cut off or lost after they had been written.",
		remedy: "An agent works all the same. Run `deputy journal verify`; `deputy journal repair` when no agent runs."
	},
	DEPUTY_E_JOURNAL_FULL: {
		what: "the journal in {path} has reached its bound of {maximumBytes} bytes",
		why: "What is published is kept for a while, what is not is never dropped, and both need room.",
		remedy: "Bring the event store back, or change `--journal-bytes` or `--journal-retention-ms`; requests wait."
	},
	DEPUTY_E_DISK_FULL: {
		what: "no space left for {path}",
		why: "The file system or a quota is full.",
		remedy: "Free some space; deputy goes on by itself."
	},
	DEPUTY_E_STORE_CORRUPT: {
		what: "the event store is corrupt at {path}:{line}: {detail}",
		why: "A complete line that is not the last one does not match its checksum.",
		remedy: "Move the segment file aside (its events stay readable up to that line) and start again."
	},
	DEPUTY_E_STORE_VERSION_CONFLICT: {
		what: "stream {streamId} is at version {actual}, expected {expected}",
		why: "Something else appended to the stream, or events are missing in between.",
		remedy: "Read the stream again and decide anew."
	},
	DEPUTY_E_KEYS_DAMAGED: {
		what: "the seal keys in {path} are damaged: {detail}",
		why: "The file was changed or cut. No others are made for it: every handle given out would be stale.",
		remedy: "Restore the file from a copy, or move it away to begin with new keys."
	},
	DEPUTY_E_KEYS_UNREADABLE: {
		what: "the seal keys in {path} cannot be read: {detail}",
		why: "The file belongs to someone else, is no regular file of up to 1 MiB, or the disk failed.",
		remedy: "Check the owner, mode and file system of the file."
	},
	DEPUTY_E_LIMIT_REACHED: {
		what: "the limit of {limit} {what} is reached",
		why: "Everything in deputy is bounded, so that one target cannot use up what others need.",
		remedy: "Wait until some end, or raise the limit where it can be set."
	}
};
// core/errors/tables/stream.ts
/** Errors of the event stream on NATS JetStream. */
const streamErrors = {
	DEPUTY_E_NATS_UNAVAILABLE: {
		what: "NATS at {servers} cannot be used: {detail}",
		why: "No server answers, JetStream is off or has no leader, or the connection broke.",
		remedy: "Bring the server back; deputy tries on, and its journal keeps what happens meanwhile."
	},
	DEPUTY_E_NATS_REFUSED: {
		what: "NATS at {servers} refuses the connection: {detail}",
		why: "User, password, token, credentials or certificate are not what the server wants.",
		remedy: "Check NATS_USER, NATS_PASSWORD, NATS_TOKEN, `--nats-creds` and the TLS files."
	},
	DEPUTY_E_NATS_PAYLOAD_LIMIT: {
		what: "the NATS server takes messages of up to {limit} bytes; an event may have {needed}",
		why: "An event that the server would refuse could never be published, nor any behind it.",
		remedy: "Raise the server's `max_payload`, or the stream's largest message."
	},
	DEPUTY_E_NATS_TOO_OLD: {
		what: "{what} needs nats-server {needed}; this is {version}",
		why: "Older servers check what they source for the sequence that it had to have in its own stream.",
		remedy: "Use a newer server, or read the streams of the nodes one by one."
	},
	DEPUTY_E_STREAM_DIFFERS: {
		what: "the stream {stream} is not as it should be: {differences}",
		why: "It was made with other settings, or by somebody else. It is never changed silently.",
		remedy: "Start with the settings that it has, or change it with the NATS command line (`nats stream edit`)."
	},
	DEPUTY_E_STREAM_MISSING: {
		what: "there is no stream {stream} on this server",
		why: "No agent has written to it yet, or it was removed.",
		remedy: "Check the name of the node and the URL; an agent with `--nats` makes its stream."
	},
	DEPUTY_E_CONSUMER_DIFFERS: {
		what: "the durable consumer {name} of {stream} is not as asked for: {detail}",
		why: "A durable name stands for one place in one selection of events; another selection needs another.",
		remedy: "Use another durable name, or remove the old one (`nats consumer rm`)."
	},
	DEPUTY_E_STREAM_FENCED: {
		what: "another writer uses the stream {stream}: {detail}",
		why: "A stream has one writer, known by its state directory and epoch; two would mix their events.",
		remedy: "Stop the other agent or use another `--node`; if the state directory was lost, `--nats-adopt`."
	},
	DEPUTY_E_STREAM_WENT_BACKWARDS: {
		what: "the stream {stream} has lost what it had acknowledged: {detail}",
		why: "It was made anew, or its server lost what was not yet on its disk when power failed.",
		remedy: "Nothing: what the journal still has is published again; what is older stays lost, and is logged."
	},
	DEPUTY_E_STREAM_FULL: {
		what: "the stream {stream} takes no more events: {detail}",
		why: "It has reached its bound, and keeps what it has (`discard: new`), or the server has no room.",
		remedy: "Make room or raise the bound; events wait in the journal, and requests once that is full."
	}
};
// core/errors/tables/trace.ts
/** Errors in the traces that the simulator writes and reads. */
const traceErrors = {
	DEPUTY_E_TRACE_UNREADABLE: {
		what: "the trace file {path} cannot be read: {detail}",
		why: "The file is missing, not readable, larger than the limit, or not a regular file.",
		remedy: "Check the path and its permissions."
	},
	DEPUTY_E_TRACE_FOREIGN: {
		what: "this is not a trace of deputy: {detail}",
		why: "The first line of a trace is a header with `\"format\":\"deputy-trace\"`.",
		remedy: "Give a file that `deputy-sim` wrote."
	},
	DEPUTY_E_TRACE_VERSION: {
		what: "the trace has format version {version}, this build reads version {known}",
		why: "Another build wrote the trace, and what its lines say is not known here.",
		remedy: "Read it with the build that the header names, or run the header's seed and scenario again."
	},
	DEPUTY_E_TRACE_CHAIN_BROKEN: {
		what: "line {line} of the trace is not as it was written: its hash is {found}, it should be {expected}",
		why: "A line was changed, lost, added or moved after the trace was written.",
		remedy: "Take the original file, or run the seed and scenario of its header again."
	},
	DEPUTY_E_TRACE_LINE_INVALID: {
		what: "line {line} of the trace is not valid: {problems}",
		why: "The line is not JSON, lacks a field, or stands out of order.",
		remedy: "Take the original file; if deputy-sim wrote it like this, report a bug with the line."
	},
	DEPUTY_E_TRACE_TRUNCATED: {
		what: "the trace stops after line {line}, before its end line",
		why: "The writer was killed, the disk was full, or the file was cut when it was copied.",
		remedy: "Take the whole file, or run the seed and scenario of its header again."
	},
	DEPUTY_E_TRACE_TOO_LARGE: {
		what: "the trace is too large: {detail}",
		why: "The number and the length of lines are bounded, so that no trace can use up memory.",
		remedy: "Make the scenario smaller, or let it end sooner."
	}
};
// core/errors/table.ts
/** Every coded error there is; docs/errors.md is generated from it. */
const errorTable = {
	...inputErrors,
	...machineErrors,
	...storageErrors,
	...streamErrors,
	...delegationErrors,
	...payloadErrors,
	...brokerErrors,
	...notifierErrors,
	...simulationErrors,
	...traceErrors
};
// core/errors/deputy-error.ts
/** An operating error: `code` is stable, `message` says what happened and `remedy` what can be done. */
var DeputyError = class extends Error {
	name = "DeputyError";
	code;
	remedy;
	details;
	constructor(code, message, remedy, details = {}, cause) {
		super(message, cause === void 0 ? void 0 : { cause });
		this.code = code;
		this.remedy = remedy;
		this.details = details;
	}
	/** The form for logs, events and `--json` output: no stack, no cause. */
	toJSON() {
		return {
			code: this.code,
			message: this.message,
			remedy: this.remedy
		};
	}
};
/**
* Makes the error of a code, its template filled from `details`.
* A place without a detail reads '(unknown)'; a `detail` that the template has no place for is appended,
* and a `cause` with a message stands in for a missing `detail`, so that no reason gets lost.
*/
function deputyError(code, ...rest) {
	const { what, remedy } = errorTable[code];
	const [details = {}, cause] = rest;
	const filled = {
		detail: cause instanceof Error ? cause.message : void 0,
		...details
	};
	let message = what.replace(/\{(\w+)\}/g, (_, name) => placeText(filled, name));
	if (filled.detail !== void 0 && !what.includes("{detail}")) message += ` (${String(filled.detail)})`;
	return new DeputyError(code, message, remedy, details, cause);
}
/** Is this a DeputyError, and of that code if one is given? */
function isDeputyError(error, code) {
	return error instanceof DeputyError && (code === void 0 || error.code === code);
}
function placeText(details, name) {
	const value = details[name];
	if (value === void 0) return "(unknown)";
	return Array.isArray(value) ? value.join(", ") : String(value);
}
// core/events/escape-text.ts
const unsafe$1 = new RegExp(`[${["\\p{Cc}\\p{Cs}\\u{ad}\\u{61c}\\u{180e}\\u{200b}-\\u{200f}\\u{2028}-\\u{202e}", "\\u{2060}-\\u{206f}\\u{feff}\\u{fff9}-\\u{fffb}\\u{e0000}-\\u{e007f}"].join("")}]`, "gu");
/**
* Makes a string that a target controls harmless in logs, events and terminals: control, invisible and
* direction-changing characters and lone surrogates become `\u{hex}`, and at most `maximumLength` UTF-16
* units are left, the last one a `…` if something was cut. Applying it twice changes nothing. HTML needs
* its own escaping.
*/
function escapeText(text, maximumLength) {
	const escaped = text.slice(0, maximumLength + 1).replace(unsafe$1, escapeCharacter);
	if (escaped.length <= maximumLength) return escaped;
	return `${escaped.slice(0, Math.max(0, maximumLength - 1)).replace(/\\(u(\{[0-9a-f]*)?)?$/, "").replace(/[\ud800-\udbff]$/, "")}…`.slice(0, maximumLength);
}
function escapeCharacter(character) {
	return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
const tenantLimit = 256;
/** A tenant as events, subjects and logs name it: harmless, and never empty. */
function eventTenant(tenant) {
	const safe = escapeText(tenant, tenantLimit);
	return safe === "" ? "none" : safe;
}
// core/request/record-layout.ts
const offset = {
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
	commit: 508
};
/** What a record is. Free must be 0: a segment is zeroed before use. */
const recordKind = {
	free: 0,
	request: 1,
	process: 2,
	event: 3
};
/** How a request was answered. */
const answerWay = {
	none: 0,
	send: 1,
	addfd: 2,
	inject: 3,
	continue: 4
};
const answerWayNames = [
	"none",
	"send",
	"addfd",
	"inject",
	"continue"
];
/** How an O_PATH open was served. */
const openMode = {
	none: 0,
	plain: 1,
	fast: 2,
	exact: 3
};
const openModeNames = [
	"none",
	"plain",
	"fast",
	"exact"
];
/** How a request came through a take-over. */
const recoveryKind = {
	none: 0,
	redone: 1,
	"answered-by-id": 2,
	reissued: 3
};
const recoveryNames = [
	"none",
	"redone",
	"answered-by-id",
	"reissued"
];
/** How an injection ended; 0 while it is under way. */
const injectionOutcome = {
	none: 0,
	completed: 1,
	cancelled: 2,
	errno: 3,
	killed: 4,
	traced: 5,
	/** To a successor's question only: the injector knows nothing of it. */
	unknown: 6,
	/** The thread has filters that may not be suspended, and nothing was touched. */
	filtered: 7
};
/**
* Marked in a record before an effect that must not happen twice; several may be. `truncated` is a
* successor's finding: what was marked did happen; `late` another: the call has waited for too long.
*/
const effectMark = {
	none: 0,
	truncate: 1,
	descriptor: 2,
	truncated: 4,
	late: 8
};
// core/journal/segment-layout.ts
/** Records in a segment: 4 MiB of them, so that a mapped segment and its successor stay small. */
const recordsPerSegment = 8192;
32768 - {
	length: 64,
	slots: 68,
	text: 72
}.text;
/** Segment of a slot or ticket number, and its place in it. */
function segmentOf(number) {
	return Math.floor(number / recordsPerSegment);
}
function placeIn(number) {
	return number % recordsPerSegment;
}
// core/publishing/event-payload.ts
/** Undefined when it is damaged: after a loss of power the order may have what its record has not. */
function parsePayload(text) {
	try {
		return JSON.parse(text) ?? void 0;
	} catch {
		return;
	}
}
// core/request/record.ts
/** The views on one memory, made once and shared by all its records. */
var RecordViews = class {
	memory;
	u8;
	u16;
	u32;
	i32;
	f64;
	u64;
	constructor(memory) {
		this.memory = memory;
		this.u8 = new Uint8Array(memory.buffer);
		this.u16 = new Uint16Array(memory.buffer);
		this.u32 = new Uint32Array(memory.buffer);
		this.i32 = new Int32Array(memory.buffer);
		this.f64 = new Float64Array(memory.buffer);
		this.u64 = new BigUint64Array(memory.buffer);
	}
};
/**
* One request's record: a window on a journal slot. Everything that a request's steps know is here, so that a
* successor finds it; the few plain fields below are caches that can be had again. Objects are reused.
*/
var RequestRecord = class {
	views;
	base = 0;
	/** Number of the slot in its journal, counted over all segments. */
	slot = 0;
	/** Cache: what the kernel adapter knows about the thread and the mount of this request. */
	thread = void 0;
	mount = void 0;
	/** Cache: the listener as its loop knows it; `offset.listener` holds its key. */
	listener = void 0;
	/** Length in bytes of the path that stands in the adapter's workspace (name_to_handle_at). */
	pathBytes = 0;
	path = "";
	/** Points this object at the record that starts `base` bytes into the memory of `views`. */
	attach(views, base, slot) {
		this.views = views;
		this.base = base;
		this.slot = slot;
		this.thread = void 0;
		this.mount = void 0;
		this.pathBytes = 0;
		this.path = "";
		return this;
	}
	/** Address of a field, for the kernel. */
	addressOf(field) {
		return this.views.memory.address + this.base + field;
	}
	u8(field) {
		return this.views.u8[this.base + field];
	}
	setU8(field, value) {
		this.views.u8[this.base + field] = value;
	}
	u16(field) {
		return this.views.u16[this.base + field >> 1];
	}
	setU16(field, value) {
		this.views.u16[this.base + field >> 1] = value;
	}
	u32(field) {
		return this.views.u32[this.base + field >> 2];
	}
	setU32(field, value) {
		this.views.u32[this.base + field >> 2] = value;
	}
	i32(field) {
		return this.views.i32[this.base + field >> 2];
	}
	setI32(field, value) {
		this.views.i32[this.base + field >> 2] = value;
	}
	f64(field) {
		return this.views.f64[this.base + field >> 3];
	}
	setF64(field, value) {
		this.views.f64[this.base + field >> 3] = value;
	}
	u64(field) {
		return this.views.u64[this.base + field >> 3];
	}
	/** The notification's id; ids exceed 2^53. */
	get notificationId() {
		return this.u64(offset.notificationId);
	}
	/** The calling thread's id in deputy's pid namespace; 0 when it is not visible from here. */
	get threadId() {
		return this.u32(offset.threadId);
	}
	get syscallNumber() {
		return this.u32(offset.syscallNumber);
	}
	/** A register as the C `int` that the kernel takes from it. */
	argumentInt(index) {
		return this.i32(offset.arguments + index * 8);
	}
	/** True when a register can't be a user-space address: its upper half is beyond 2^47. */
	argumentIsWild(index) {
		return this.u32(offset.arguments + index * 8 + 4) > 32767;
	}
	/** A register as a number; exact for every user-space address. */
	argumentNumber(index) {
		return this.u32(offset.arguments + index * 8) + this.u32(offset.arguments + index * 8 + 4) * 4294967296;
	}
	/** Keeps a step's result; the last entry is overwritten when there are more than fit. */
	trace(step, state, elapsedUs, result) {
		const count = this.u16(offset.traceCount);
		const index = count < 18 ? count : 17;
		const at = this.base + offset.trace + index * 8;
		const { u8, u16, i32 } = this.views;
		u8[at] = step;
		u8[at + 1] = state;
		u16[at + 2 >> 1] = Math.min(elapsedUs, 65535);
		i32[at + 4 >> 2] = result;
		if (count < 65535) this.setU16(offset.traceCount, count + 1);
	}
};
// core/policy/digest.ts
const offsetBasis$1 = 14695981039346656037n;
const prime$1 = 1099511628211n;
/** JSON with sorted keys and without undefined members: equal values give equal text. */
function canonicalJson(value) {
	if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
	if (typeof value === "object" && value !== null) return `{${Object.entries(value).filter(([, member]) => member !== void 0).sort(([left], [right]) => left < right ? -1 : 1).map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(",")}}`;
	return JSON.stringify(value);
}
/**
* FNV-1a, 64 bits, over the canonical JSON's UTF-16 units: 16 hexadecimal digits.
* It tells one policy from another in a record of eight bytes; it is no protection against forgery.
*/
function digestOf(value) {
	const text = canonicalJson(value);
	let hash = offsetBasis$1;
	for (let index = 0; index < text.length; index += 1) hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(index))) * prime$1);
	return hash.toString(16).padStart(16, "0");
}
// core/machines/delegation-life.ts
const answersRequestsIn = (state) => ({
	"request.answered": state,
	"request.refused": state,
	"request.cancelled": state,
	"request.lost": state,
	"request.summary": state,
	"delegation.quarantined": state,
	"delegation.degraded": state
});
const canEnd = {
	"delegation.releasing": "releasing",
	"delegation.failed": "failed"
};
/**
* The life of a delegation: from each state the events that there may be, and where they lead. The one source
* of the XState machine, which is the specification, and of the table that events are folded with. Nothing
* follows a state that has no events.
*/
const delegationLife = {
	/** Before the first event. */
	none: { "delegation.requested": "requested" },
	requested: {
		"delegation.assessed": "assessed",
		"delegation.refused": "refused",
		...canEnd
	},
	assessed: {
		"delegation.admitted": "admitted",
		"delegation.refused": "refused",
		...canEnd
	},
	admitted: {
		"delegation.establishing": "establishing",
		...canEnd
	},
	establishing: {
		"delegation.active": "active",
		"delegation.establishing": "establishing",
		"delegation.recovering": "recovering",
		"delegation.fellback": "assessed",
		...canEnd
	},
	active: {
		"delegation.snapshot": "active",
		"delegation.recovering": "recovering",
		"delegation.fellback": "assessed",
		...answersRequestsIn("active"),
		...canEnd
	},
	recovering: {
		"delegation.active": "active",
		"delegation.establishing": "recovering",
		"delegation.recovering": "recovering",
		"delegation.fellback": "assessed",
		...answersRequestsIn("recovering"),
		...canEnd
	},
	releasing: {
		"delegation.released": "released",
		"delegation.failed": "failed",
		"delegation.releasing": "releasing",
		"delegation.recovering": "recovering",
		...answersRequestsIn("releasing")
	},
	released: {},
	refused: {},
	failed: {}
};
// core/machines/delegation-state.ts
/** A delegation before its first event. */
const initialDelegationState = Object.freeze({
	name: "none",
	delegationId: null,
	tenant: null,
	version: 0,
	epoch: 0,
	strategy: null,
	policyDigest: null,
	counts: Object.freeze({
		answered: 0,
		refused: 0,
		cancelled: 0,
		lost: 0
	}),
	quarantines: 0,
	recoveries: 0,
	lastError: null
});
const transitions = new Map(Object.entries(delegationLife).map(([state, on]) => [state, new Map(Object.entries(on))]));
/** The state after an event of this type; throws DEPUTY_E_ILLEGAL_TRANSITION if there is none. */
function nextDelegationState(state, type) {
	const next = transitions.get(state)?.get(type);
	if (next === void 0) throw deputyError("DEPUTY_E_ILLEGAL_TRANSITION", {
		machine: "delegation",
		state,
		event: type
	});
	return next;
}
/** May an event of this type come in this state? */
function delegationAllows(state, type) {
	return transitions.get(state)?.has(type) ?? false;
}
/** Has the delegation ended? */
function isDelegationOver(state) {
	return transitions.get(state)?.size === 0;
}
/** The state after one more event. */
function evolveDelegation(state, event) {
	const envelope = {
		name: nextDelegationState(state.name, event.type),
		delegationId: event.delegationId,
		tenant: event.tenant,
		version: event.version,
		epoch: event.epoch
	};
	return {
		...state,
		...envelope,
		...changesOf(state, event)
	};
}
/** What an event changes beyond the envelope. */
function changesOf(state, event) {
	const { counts } = state;
	switch (event.type) {
		case "delegation.admitted": return {
			strategy: event.data.strategy,
			policyDigest: event.data.policyDigest
		};
		case "delegation.establishing": return { strategy: event.data.strategy };
		case "delegation.active":
		case "delegation.released": return { counts: greaterCounts(counts, event.data.counts) };
		case "delegation.recovering": return { recoveries: state.recoveries + 1 };
		case "delegation.refused": return { lastError: errorOf(event.data) };
		case "delegation.failed": return {
			lastError: errorOf(event.data),
			counts: event.data.counts === void 0 ? counts : greaterCounts(counts, event.data.counts)
		};
		case "delegation.fellback": return {
			lastError: errorOf(event.data),
			strategy: event.data.to
		};
		case "delegation.snapshot": {
			const { strategy, policyDigest } = event.data;
			return {
				strategy,
				policyDigest,
				counts: greaterCounts(counts, event.data.counts)
			};
		}
		case "delegation.quarantined": return { quarantines: state.quarantines + 1 };
		case "delegation.degraded": return { degraded: event.data.reason };
		case "request.answered": {
			const opens = event.data.syscall === "open_by_handle_at" && event.data.result.errno === void 0;
			return {
				...state.degraded !== void 0 && opens ? { degraded: void 0 } : {},
				counts: {
					...counts,
					answered: counts.answered + 1
				}
			};
		}
		case "request.refused": return { counts: {
			...counts,
			refused: counts.refused + 1
		} };
		case "request.cancelled": return { counts: {
			...counts,
			cancelled: counts.cancelled + 1
		} };
		case "request.lost": return { counts: {
			...counts,
			lost: counts.lost + 1
		} };
		case "request.summary": return { counts: sumOfCounts(counts, event.data.requests) };
		default: return {};
	}
}
function errorOf({ code, message, remedy }) {
	return {
		code,
		message,
		remedy
	};
}
function sumOfCounts(left, right) {
	return {
		answered: left.answered + right.answered,
		refused: left.refused + right.refused,
		cancelled: left.cancelled + right.cancelled,
		lost: left.lost + right.lost
	};
}
function greaterCounts(left, right) {
	return {
		answered: Math.max(left.answered, right.answered),
		refused: Math.max(left.refused, right.refused),
		cancelled: Math.max(left.cancelled, right.cancelled),
		lost: Math.max(left.lost, right.lost)
	};
}
// core/publishing/open-streams.ts
const noCounts$3 = {
	answered: 0,
	refused: 0,
	cancelled: 0,
	lost: 0
};
const countNames = Object.keys(noCounts$3);
/** What a request's event adds to. */
const countOf = {
	"request.answered": "answered",
	"request.refused": "refused",
	"request.cancelled": "cancelled",
	"request.lost": "lost"
};
/** Ended delegations whose counts can still be asked for. */
const endedRemembered$1 = 1024;
/**
* The delegations whose streams are open, as the events so far say: version, state and counts. Kept by the
* publisher, record by record, so that it is the same whoever reads the same journal.
*/
var OpenStreams = class {
	streams = /* @__PURE__ */ new Map();
	ended = /* @__PURE__ */ new Map();
	/** The stream's next version, for one more event of this type. */
	advance(delegationId, tenant, type) {
		const stream = this.of(delegationId, tenant);
		stream.version++;
		if (delegationAllows(stream.state, type)) stream.state = nextDelegationState(stream.state, type);
		if (isDelegationOver(stream.state)) this.end(delegationId, stream);
		return stream.version;
	}
	/** The next version for a request's event, which changes no state. */
	next(delegationId, tenant) {
		const stream = this.of(delegationId, tenant);
		stream.version++;
		return stream.version;
	}
	count(delegationId, tenant, kind) {
		this.of(delegationId, tenant).counts[kind]++;
	}
	countsOf(delegationId) {
		return this.streams.get(delegationId)?.counts ?? this.ended.get(delegationId) ?? noCounts$3;
	}
	/** Takes in an event as the store has it, where no checkpoint tells more. */
	fold(event) {
		const { delegationId, tenant, type, version } = event;
		const stream = this.of(delegationId, tenant);
		stream.version = version - 1;
		const kind = countOf[type];
		if (kind !== void 0) stream.counts[kind]++;
		if (type === "request.summary") for (const key of countNames) stream.counts[key] += event.data.requests[key];
		const { counts } = event.data;
		for (const key of countNames) stream.counts[key] = Math.max(stream.counts[key], counts?.[key] ?? 0);
		this.advance(delegationId, tenant, type);
	}
	/** The last number that was given; 0 for a stream that is not known. */
	versionOf(delegationId) {
		return this.streams.get(delegationId)?.version ?? 0;
	}
	hasEnded(delegationId) {
		return this.ended.has(delegationId);
	}
	/** What was known of a stream was not all. */
	forget(delegationId) {
		this.streams.delete(delegationId);
	}
	restore(stored) {
		for (const { delegationId, version, tenant, state, counts } of stored) this.streams.set(delegationId, {
			version,
			tenant,
			state,
			counts: { ...counts }
		});
	}
	/** All open streams that have had an event of this journal. */
	list() {
		const stored = [];
		for (const [delegationId, { version, tenant, state, counts }] of this.streams) if (state !== "none") stored.push({
			delegationId,
			version,
			tenant,
			state,
			counts: { ...counts }
		});
		return stored;
	}
	of(delegationId, tenant) {
		let stream = this.streams.get(delegationId);
		if (stream === void 0) {
			stream = {
				version: 0,
				tenant,
				state: "none",
				counts: { ...noCounts$3 }
			};
			this.streams.set(delegationId, stream);
		}
		return stream;
	}
	/** Nothing follows in this stream, so its number needs no remembering. */
	end(delegationId, { counts }) {
		this.streams.delete(delegationId);
		this.ended.set(delegationId, counts);
		if (this.ended.size <= endedRemembered$1) return;
		const [eldest] = this.ended.keys();
		this.ended.delete(eldest);
	}
};
// core/errors/refusals.ts
/** Every reason for which deputy itself says no; the kernel's own errors are results, not refusals. */
const refusalTable = {
	DEPUTY_E_REFUSED_ARCHITECTURE: {
		id: 1,
		errno: "EPERM",
		sentence: "The call was made by another architecture than the native one."
	},
	DEPUTY_E_REFUSED_SYSCALL_UNKNOWN: {
		id: 2,
		errno: "EPERM",
		sentence: "The policy does not list the system call, or there is no handler for it."
	},
	DEPUTY_E_REFUSED_MOUNT_NOT_SHARED: {
		id: 3,
		errno: "EPERM",
		sentence: "The mount is not one of the policy's shares."
	},
	DEPUTY_E_REFUSED_FILESYSTEM: {
		id: 4,
		errno: "EPERM",
		sentence: "The type of the file system is not listed in the policy."
	},
	DEPUTY_E_REFUSED_FILE_TYPE: {
		id: 5,
		errno: "EPERM",
		sentence: "A fifo, socket or device may be opened with O_PATH only."
	},
	DEPUTY_E_REFUSED_CREATING_FLAGS: {
		id: 6,
		errno: "EINVAL",
		sentence: "A handle names a file that exists; flags that create one make no sense."
	},
	DEPUTY_E_REFUSED_TARGET_NOT_VISIBLE: {
		id: 7,
		errno: "EPERM",
		sentence: "The thread is in a pid namespace that the agent cannot see (pid 0)."
	},
	DEPUTY_E_REFUSED_TRACED: {
		id: 8,
		errno: "EPERM",
		sentence: "Another process traces the thread, so the exact way is closed."
	},
	DEPUTY_E_REFUSED_INJECTION_UNAVAILABLE: {
		id: 9,
		errno: "EPERM",
		sentence: "The call needs the injector, which is not there or may not suspend the filters of the thread."
	},
	DEPUTY_E_REFUSED_ACCESS: {
		id: 10,
		errno: "EACCES",
		sentence: "The target's own ids have no right to the file, and the policy says `dac: enforce`."
	},
	DEPUTY_E_REFUSED_MOUNT_UNREACHABLE: {
		id: 11,
		errno: "EPERM",
		sentence: "The mount of the target's descriptor cannot be reached from the agent."
	},
	DEPUTY_E_REFUSED_HANDLER_FAILED: {
		id: 12,
		errno: "EIO",
		sentence: "A handler of deputy failed."
	},
	DEPUTY_E_REFUSED_IN_FLIGHT_LIMIT: {
		id: 13,
		errno: "EAGAIN",
		sentence: "The target has as many requests in flight as its policy allows."
	},
	DEPUTY_E_REFUSED_DEADLINE: {
		id: 14,
		errno: "EIO",
		errnoSource: "policy",
		sentence: "The request was not answered within the policy's deadline."
	},
	DEPUTY_E_REFUSED_SHUTDOWN: {
		id: 15,
		errno: "EIO",
		sentence: "The agent was told to stop before the request could be served."
	},
	DEPUTY_E_REFUSED_THREAD_FILES: {
		id: 16,
		errno: "EPERM",
		sentence: "The thread has a table of descriptors of its own that this kernel gives no way into."
	},
	DEPUTY_E_REFUSED_MAGIC_LINK: {
		id: 17,
		errno: "ELOOP",
		sentence: "The path leads through a magic link of /proc, which could lead out of the target."
	},
	DEPUTY_E_REFUSED_NOT_SEALED: {
		id: 18,
		errno: "ESTALE",
		sentence: "The policy says `confinement: sealed`, and the handle carries no seal."
	},
	DEPUTY_E_REFUSED_SEAL_KEY: {
		id: 19,
		errno: "ESTALE",
		sentence: "The handle was sealed with a key that is not known here, or retired."
	},
	DEPUTY_E_REFUSED_SEAL_WRONG: {
		id: 20,
		errno: "ESTALE",
		sentence: "The handle's seal is not right: forged, or of another tenant, share or file system."
	},
	DEPUTY_E_REFUSED_SEAL_FILE_TYPE: {
		id: 21,
		errno: "ESTALE",
		sentence: "The file is of another type than the one that was sealed."
	},
	DEPUTY_E_REFUSED_SEAL_ROOM: {
		id: 22,
		errno: "EOPNOTSUPP",
		sentence: "The file system's handles are too long: within 128 bytes no room is left for a seal."
	},
	DEPUTY_E_REFUSED_FILE_SYSTEM_ID: {
		id: 23,
		errno: "EOPNOTSUPP",
		sentence: "The file system has no lasting id to seal with, and its share has no `id:` in the policy."
	},
	DEPUTY_E_REFUSED_SEAL_UNAVAILABLE: {
		id: 24,
		errno: "EIO",
		sentence: "The agent has no key to seal with."
	},
	DEPUTY_E_REFUSED_MOUNT_ROOT: {
		id: 25,
		errno: "EPERM",
		sentence: "The policy says `confinement: filesystem`, and the mount's root isn't the file system's."
	},
	DEPUTY_E_REFUSED_FOREIGN_TARGET: {
		id: 26,
		errno: "EPERM",
		sentence: "The thread is in another cgroup than the process that the runtime named as the target's."
	}
};
const codesById = invert();
/** The code of a number found in a journal record; undefined for 0 and for numbers of a newer version. */
function refusalCodeById(id) {
	return codesById[id];
}
function invert() {
	const codes = [];
	for (const [code, { id }] of Object.entries(refusalTable)) codes[id] = code;
	return codes;
}
// core/events/json-bytes.ts
const quote = 34;
const minus = 45;
const zero = 48;
const firstBytes = 65536;
/** The largest count of digits that a double holds exactly. */
const digitRoom = 20;
/**
* Writes JSON as bytes into memory that is used again and again. There is an event for each request,
* thousands a second: as strings they would keep the garbage collector busy beside the loop that answers.
*/
var JsonBytes = class {
	bytes = new Uint8Array(firstBytes);
	length = 0;
	digits = new Uint8Array(digitRoom);
	limbs = /* @__PURE__ */ new Uint16Array(4);
	clear() {
		this.length = 0;
	}
	/** Text of ours: plain ASCII, nothing in it to escape. */
	ascii(text) {
		const { length } = text;
		this.reserve(length);
		const { bytes } = this;
		let at = this.length;
		for (let index = 0; index < length; index++) bytes[at++] = text.charCodeAt(index);
		this.length = at;
		return this;
	}
	/** An ASCII name in quotes. */
	name(text) {
		this.byte(quote);
		this.ascii(text);
		return this.byte(quote);
	}
	/** Bytes that are JSON already. */
	raw(json) {
		this.reserve(json.length);
		this.bytes.set(json, this.length);
		this.length += json.length;
		return this;
	}
	/** A whole number that a double holds exactly. */
	integer(value) {
		this.reserve(digitRoom);
		let rest = value < 0 ? -value : value;
		if (value < 0) this.byte(minus);
		let count = 0;
		do {
			const next = Math.floor(rest / 10);
			this.digits[count++] = zero + (rest - next * 10);
			rest = next;
		} while (rest > 0);
		this.putDigits(count);
		return this;
	}
	/** An unsigned 64-bit number, given as its halves. */
	unsigned64(low, high) {
		this.reserve(digitRoom);
		const { limbs } = this;
		limbs[0] = high >>> 16;
		limbs[1] = high & 65535;
		limbs[2] = low >>> 16;
		limbs[3] = low & 65535;
		let count = 0;
		do
			this.digits[count++] = zero + this.divideByTen();
		while ((limbs[0] | limbs[1] | limbs[2] | limbs[3]) !== 0);
		this.putDigits(count);
		return this;
	}
	/** Long division, a limb at a time: the remainder. */
	divideByTen() {
		let remainder = 0;
		for (let index = 0; index < 4; index++) {
			const value = remainder * 65536 + this.limbs[index];
			const quotient = value / 10 | 0;
			this.limbs[index] = quotient;
			remainder = value - quotient * 10;
		}
		return remainder;
	}
	putDigits(count) {
		for (let index = count - 1; index >= 0; index--) this.bytes[this.length++] = this.digits[index];
	}
	byte(value) {
		this.reserve(1);
		this.bytes[this.length++] = value;
		return this;
	}
	reserve(more) {
		const wanted = this.length + more;
		if (wanted <= this.bytes.length) return;
		const larger = new Uint8Array(Math.max(wanted, 2 * this.bytes.length));
		larger.set(this.bytes.subarray(0, this.length));
		this.bytes = larger;
	}
};
// core/machines/request-life.ts
/** States in the order of their numbers in a record; append only, numbers are stored. */
const requestStates = [
	"received",
	"decided",
	"executing",
	"injecting",
	"answering",
	"refusing",
	"answered",
	"refused",
	"cancelled",
	"lost",
	"reissued"
];
/** Events in the order of their numbers; append only. */
const requestEvents = [
	"NONE",
	"DECIDE",
	"EXECUTE",
	"INJECT",
	"INJECTED",
	"ANSWER",
	"REFUSE",
	"CANCEL",
	"DONE",
	"LOSE",
	"REISSUE",
	"RECOVER"
];
/** The number of a state, as stored. */
const requestState = Object.fromEntries(requestStates.map((name, index) => [name, index]));
/** The number of an event. */
const requestEvent = Object.fromEntries(requestEvents.map((name, index) => [name, index]));
/**
* A request's life: from each state the events that there may be, and where they lead. The one source of the
* XState machine, which is the specification, and of the hot path's flat table. Nothing follows a state that
* has no events.
*/
const requestLife = {
	received: {
		DECIDE: "decided",
		REFUSE: "refusing",
		CANCEL: "cancelled",
		ANSWER: "answering",
		LOSE: "lost",
		REISSUE: "reissued",
		RECOVER: "received",
		INJECT: "injecting"
	},
	decided: {
		EXECUTE: "executing",
		REFUSE: "refusing",
		ANSWER: "answering",
		CANCEL: "cancelled",
		LOSE: "lost",
		REISSUE: "reissued",
		RECOVER: "received"
	},
	executing: {
		EXECUTE: "executing",
		INJECT: "injecting",
		ANSWER: "answering",
		REFUSE: "refusing",
		CANCEL: "cancelled",
		LOSE: "lost",
		REISSUE: "reissued",
		RECOVER: "received"
	},
	injecting: {
		INJECTED: "answered",
		EXECUTE: "executing",
		ANSWER: "answering",
		REFUSE: "refusing",
		CANCEL: "cancelled",
		LOSE: "lost",
		REISSUE: "reissued",
		RECOVER: "received"
	},
	answering: {
		DONE: "answered",
		ANSWER: "answering",
		CANCEL: "cancelled",
		LOSE: "lost",
		REISSUE: "reissued",
		RECOVER: "received"
	},
	refusing: {
		DONE: "refused",
		CANCEL: "cancelled",
		LOSE: "lost",
		REISSUE: "reissued",
		RECOVER: "received"
	},
	answered: {},
	refused: {},
	cancelled: {},
	lost: {},
	reissued: {}
};
/**
* The life as a flat table: `table[state * requestEvents.length + event]` is the next state, or `illegal`.
* That it says of every pair what XState says is tested, so that a process needs no XState to serve.
*/
function compileRequestTable() {
	const table = new Uint8Array(requestStates.length * requestEvents.length).fill(255);
	requestStates.forEach((state, stateNumber) => {
		requestEvents.forEach((event, eventNumber) => {
			const next = event === "NONE" ? state : requestLife[state][event];
			if (next !== void 0) table[stateNumber * requestEvents.length + eventNumber] = requestState[next];
		});
	});
	return table;
}
// core/ports/kernel.ts
/** The file types of describeFile(). */
const fileType = {
	fifo: 1,
	characterDevice: 2,
	directory: 4,
	blockDevice: 6,
	regular: 8,
	symlink: 10,
	socket: 12
};
/** Names of file types by number, as events carry them. */
const fileTypeNames = {
	1: "fifo",
	2: "character-device",
	4: "directory",
	6: "block-device",
	8: "regular",
	10: "symlink",
	12: "socket"
};
// core/request/open-flag-names.ts
/** Flags of open(2) by bit, as x86-64 has them; those that arm64 has elsewhere are shown by number there. */
const names = [
	[64, "O_CREAT"],
	[128, "O_EXCL"],
	[256, "O_NOCTTY"],
	[512, "O_TRUNC"],
	[1024, "O_APPEND"],
	[2048, "O_NONBLOCK"],
	[4096, "O_DSYNC"],
	[8192, "O_ASYNC"],
	[16384, "O_DIRECT"],
	[32768, "O_LARGEFILE"],
	[65536, "O_DIRECTORY"],
	[131072, "O_NOFOLLOW"],
	[262144, "O_NOATIME"],
	[524288, "O_CLOEXEC"],
	[2097152, "O_PATH"]
];
const accessNames = [
	"O_RDONLY",
	"O_WRONLY",
	"O_RDWR",
	"O_ACCMODE"
];
const remembered = /* @__PURE__ */ new Map();
/** Programs use a handful of combinations; a hostile one may not make this grow without end. */
const rememberedLimit = 256;
/** The names of the flags in a flags argument, as a JSON list; bits without a name come last, as octal. */
function openFlagsText(flags) {
	let text = remembered.get(flags);
	if (text === void 0) {
		text = JSON.stringify(spell(flags));
		if (remembered.size < rememberedLimit) remembered.set(flags, text);
	}
	return text;
}
function spell(flags) {
	const list = [accessNames[flags & 3]];
	let rest = flags & -4;
	for (const [bit, name] of names) {
		if ((rest & bit) !== 0) list.push(name);
		rest &= ~bit;
	}
	if (rest !== 0) list.push(`0${(rest >>> 0).toString(8)}`);
	return list;
}
// core/request/describe-record.ts
const windowKilled = "DEPUTY_E_INJECTION_WINDOW_KILLED";
const handlerFailed = "DEPUTY_E_REFUSED_HANDLER_FAILED";
/** The type of the event that a committed record becomes. Pure. */
function recordType(record) {
	const state = record.u16(offset.state);
	if (state === requestState.answered) return "request.answered";
	if (state === requestState.refused) return "request.refused";
	return state === requestState.cancelled ? "request.cancelled" : "request.lost";
}
/** Appends the data of that event. Every text in it is a name of ours, so nothing needs escaping. */
function writeRecord(json, record, syscallName) {
	const syscall = syscallName(record.syscallNumber);
	json.ascii("{\"requestId\":\"").integer(record.u32(offset.epoch)).ascii("-").integer(record.slot);
	json.ascii("\",\"syscall\":").name(syscall);
	json.ascii(",\"threadId\":").integer(record.threadId);
	const { notificationId } = offset;
	json.ascii(",\"notificationId\":\"").unsigned64(record.u32(notificationId), record.u32(notificationId + 4));
	json.ascii("\",\"recovery\":").name(recoveryNames[record.u8(offset.recovery)] ?? "none");
	writeLatency(json, record);
	json.ascii(",\"steps\":").integer(record.u16(offset.traceCount));
	const handleBytes = record.u32(offset.handleBytes);
	if (handleBytes > 0) {
		json.ascii(",\"handleBytes\":").integer(handleBytes);
		json.ascii(",\"handleType\":").integer(record.i32(offset.handleType));
	}
	const keyId = record.u32(offset.keyId);
	if (keyId > 0) json.ascii(",\"keyId\":").name(keyId.toString(16).padStart(8, "0"));
	const mountId = record.f64(offset.mountId);
	if (mountId > 0) json.ascii(",\"mountId\":").integer(mountId);
	if (syscall === "open_by_handle_at") writeOpen(json, record);
	writeResult(json, record);
	json.ascii("}");
}
/** Microseconds with one decimal. */
function writeLatency(json, record) {
	const tenths = Math.round((record.f64(offset.answeredAtUs) - record.f64(offset.receivedAtUs)) * 10);
	const known = Math.max(tenths, 0);
	const decimal = known % 10;
	json.ascii(",\"latencyUs\":").integer((known - decimal) / 10);
	if (decimal > 0) json.ascii(".").integer(decimal);
}
function writeOpen(json, record) {
	json.ascii(",\"flags\":").ascii(openFlagsText(record.argumentInt(2)));
	const type = fileTypeNames[record.u8(offset.fileType)];
	if (type !== void 0) json.ascii(",\"fileType\":").name(type);
	const mode = record.u8(offset.openMode);
	if (mode === openMode.fast || mode === openMode.exact) json.ascii(",\"opath\":").name(openModeNames[mode]);
}
function writeResult(json, record) {
	const state = record.u16(offset.state);
	if (state === requestState.cancelled && record.u16(offset.injectionOutcome) === injectionOutcome.killed) json.ascii(",\"reason\":").name(windowKilled);
	if (state !== requestState.answered && state !== requestState.refused) return;
	const way = record.u8(offset.way);
	const wayName = way === 0 ? "send" : answerWayNames[way] ?? "send";
	const result = record.i32(offset.result);
	json.ascii(",\"result\":{");
	if (result < 0) json.ascii("\"errno\":").name(errnoText(-result)).ascii(",\"number\":").integer(-result);
	else if (wayName !== "continue") json.ascii("\"value\":").integer(result);
	json.ascii("}");
	if (state === requestState.answered) json.ascii(",\"way\":").name(wayName);
	else json.ascii(",\"reason\":").name(refusalCodeById(record.u16(offset.reason)) ?? handlerFailed);
}
// simulator/kernel/numbers.ts
/** The modelled machine is x86-64: system calls by number (asm/unistd_64.h). */
const syscall = {
	close: 3,
	mmap: 9,
	munmap: 11,
	dup: 32,
	recvmsg: 47,
	unshare: 272,
	dup3: 292,
	nameToHandleAt: 303,
	openByHandleAt: 304
};
const abi = {
	auditArchitecture: 3221225534,
	foreignSyscallBit: 1073741824,
	openByHandleAt: syscall.openByHandleAt,
	nameToHandleAt: syscall.nameToHandleAt,
	O_DIRECTORY: 65536,
	O_NOFOLLOW: 131072
};
/** Flags of open(2). */
const flag = {
	O_ACCMODE: 3,
	O_WRONLY: 1,
	O_RDWR: 2,
	O_CREAT: 64,
	O_TRUNC: 512,
	O_APPEND: 1024,
	O_NONBLOCK: 2048,
	O_DIRECTORY: 65536,
	O_NOFOLLOW: 131072,
	O_NOATIME: 262144,
	O_CLOEXEC: 524288,
	O_PATH: 2097152
};
/** __X32_SYSCALL_BIT: calls of the x32 table have it in their number. */
const foreignBit = 1073741824;
/** Signals by number (signal(7)). */
const signal = {
	SIGHUP: 1,
	SIGTRAP: 5,
	SIGKILL: 9,
	SIGUSR1: 10,
	SIGTERM: 15,
	SIGCHLD: 17,
	SIGCONT: 18,
	SIGSTOP: 19,
	SIGWINCH: 28,
	SIGSYS: 31
};
/** The kernel's own results that say that a call is to be made anew (linux/errno.h). */
const ERESTARTSYS = -512;
/** Minus an errno, by its name. */
function no(name) {
	return -errnoNumbers[name];
}
// core/request/recovered-record.ts
/** Fields that belong to the slot and its writer, not to the request: they are not taken over. */
const kept$1 = [offset.listener, offset.epoch];
const keptAtEnd = offset.ticket;
/**
* Makes `record`, a free slot, the one in which a successor goes on with a request: all that `former` (the
* bytes of the predecessor's record) knows, at the first step of the handler's recovery.
*/
function takeOverRecord(record, former, handlerOf) {
	const values = kept$1.map((field) => record.u32(field));
	record.views.u8.set(former.subarray(0, keptAtEnd), record.base);
	kept$1.forEach((field, index) => {
		record.setU32(field, values[index]);
	});
	const begun = record.u32(offset.kind) === recordKind.request;
	record.setU32(offset.kind, recordKind.request);
	const left = record.u16(offset.step);
	const state = record.u16(offset.state);
	record.setU16(offset.state, requestState.received);
	record.setU16(offset.traceCount, 0);
	record.setU16(offset.injectionOutcome, 0);
	record.setU8(offset.recovery, recoveryKind.redone);
	record.setI32(offset.sourceDescriptor, -1);
	record.setI32(offset.probeDescriptor, -1);
	const handler = handlerOf(record);
	const wasRecovering = left >= handler.recover && left < handler.recover + 8;
	if (!begun || !wasRecovering) {
		record.setU16(offset.formerStep, begun ? left + 1 : 0);
		record.setU16(offset.formerState, state);
	}
	record.setU16(offset.step, handler.recover);
	return handler;
}
// core/serving/lateness.ts
/** Marks a call that has waited beyond the policy's deadline (`limits.deadlineMs`); steps have no clock. */
function noteLateness(record, { deadlineUs }, nowUs) {
	if (deadlineUs === 0 || nowUs - record.f64(offset.receivedAtUs) <= deadlineUs) return;
	record.setU16(offset.effectMark, record.u16(offset.effectMark) | effectMark.late);
}
// core/serving/begin-request.ts
/** Makes a record that RECV has just filled a request at its first step. Returns its handler. */
function beginRequest(record, served, handlerOf, abi, receivedAtUs) {
	record.listener = served.listener;
	record.setF64(offset.receivedAtUs, receivedAtUs);
	record.setI32(offset.sourceDescriptor, -1);
	record.setI32(offset.probeDescriptor, -1);
	record.setU32(offset.policyDigest, served.policy.digest);
	if (served.reissued.size > 0 && served.reissued.delete(record.threadId)) record.setU8(offset.recovery, recoveryKind.reissued);
	const handler = handlerOf(record, abi, served.policy);
	record.setU16(offset.step, handler.first);
	record.setU32(offset.kind, recordKind.request);
	return handler;
}
/** Makes a free record one in which a request goes on that another process had received. */
function takeOverRequest(record, served, former, handlerOf, abi, nowUs) {
	record.listener = served.listener;
	const handler = takeOverRecord(record, former, (one) => handlerOf(one, abi, served.policy));
	if (record.f64(offset.receivedAtUs) === 0) record.setF64(offset.receivedAtUs, nowUs);
	noteLateness(record, served.policy, nowUs);
	return handler;
}
// core/steps/run-steps.ts
const eventCount = requestEvents.length;
const table = compileRequestTable();
/** A step's event numbers, looked up once a table. */
const eventNumbers = /* @__PURE__ */ new WeakMap();
/** The table used last and its numbers: nearly all requests of a target are the same call. */
let lastSteps;
let lastNumbers = /* @__PURE__ */ new Uint8Array();
function eventsOf(steps) {
	if (steps === lastSteps) return lastNumbers;
	let numbers = eventNumbers.get(steps);
	if (!numbers) {
		numbers = Uint8Array.from(steps, (step) => requestEvent[step.event ?? "NONE"]);
		eventNumbers.set(steps, numbers);
	}
	lastSteps = steps;
	lastNumbers = numbers;
	return numbers;
}
/**
* Runs one step of a request, the one its record stands at, and moves the record to the next. Returns the
* next step's number, `stepEnd` or `stepPark`. `elapsedUs` is read after the port call.
*/
function runStep(context, steps, elapsedUs) {
	return advance(context, steps, eventsOf(steps), elapsedUs);
}
function advance(context, steps, events, elapsedUs) {
	const { record } = context;
	const number = record.u16(offset.step);
	const step = steps[number];
	const state = record.u16(offset.state);
	const nextState = table[state * eventCount + events[number]];
	if (nextState === 255) throw deputyError("DEPUTY_E_ILLEGAL_TRANSITION", {
		machine: "request",
		state: requestStates[state],
		event: step.event
	});
	record.setU16(offset.state, nextState);
	if (step.act === void 0) record.trace(number, nextState, 0, 0);
	const result = step.act === void 0 ? 0 : step.act(context);
	if (step.act !== void 0) record.trace(number, nextState, elapsedUs(), result);
	const next = step.next(context, result);
	if (next >= 0) record.setU16(offset.step, next);
	else if (next === -2) record.setU16(offset.step, number + 1);
	return next;
}
// core/seals/seal-scope.ts
/**
* Whose handles a seal is for: tenant, share and file system, as JSON, so that no part can run into the next.
* A mount that no list names is a share named by its mount point. The policy's `id:` stands for the file
* system where it has one; '' when it has neither that nor an id of its own.
*/
function sealScope({ tenant, shares }, mount) {
	const share = shares?.get(mount.mountPoint);
	const own = mount.fileSystemId ?? "";
	if (share?.id === void 0 && own === "") return "";
	const fileSystem = share?.id === void 0 ? ["own", own] : ["policy", share.id];
	return JSON.stringify([
		tenant,
		share?.name ?? mount.mountPoint,
		...fileSystem
	]);
}
/** The scope of this mount's handles, worked out once a mount. */
function scopeOf(policy, mount) {
	mount.scope ??= sealScope(policy, mount);
	return mount.scope;
}
// core/request/compiled-policy.ts
/** Makes the form that handlers use. Pure. */
function compilePolicy(policy) {
	const { shares } = policy;
	return {
		enforceDac: policy.dac === "enforce",
		exactPathDescriptors: policy.opath === "exact",
		syscalls: new Set(policy.syscalls),
		fileSystems: new Set(policy.filesystems),
		tenant: policy.tenant,
		confinement: policy.confinement,
		sealedOnly: false,
		shares: shares === "all" ? void 0 : new Map(shares.map(compileShare)),
		deadlineUs: policy.limits.deadlineMs * 1e3,
		deadlineErrno: errnoNumbers[policy.limits.deadlineErrno],
		digest: Number.parseInt(policy.digest.slice(0, 8), 16) >>> 0
	};
}
function compileShare({ path, name, id }) {
	return [withoutTrailingSlash(path), id === void 0 ? { name } : {
		name,
		id
	}];
}
function withoutTrailingSlash(path) {
	return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}
/**
* The policy's word on a mount: 0 when it may be used, else the refusal. Kernel-internal file systems are
* never listed by a sane policy and are refused whatever it says: their handles open processes and
* namespaces.
*/
function judgeMount(policy, mount) {
	const type = mount.fileSystemType.split(".", 1)[0];
	if (neverShared.has(type) || !policy.fileSystems.has(type)) return refusalTable.DEPUTY_E_REFUSED_FILESYSTEM.id;
	if (policy.shares !== void 0 && !policy.shares.has(mount.mountPoint)) return refusalTable.DEPUTY_E_REFUSED_MOUNT_NOT_SHARED.id;
	if (policy.confinement === "filesystem" && mount.root !== "/") return refusalTable.DEPUTY_E_REFUSED_MOUNT_ROOT.id;
	return 0;
}
/** As judgeMount(), with what is known only once deputy has a descriptor on the mount. */
function judgeOpenedMount(policy, mount) {
	if (policy.confinement === "sealed" && scopeOf(policy, mount) === "") return refusalTable.DEPUTY_E_REFUSED_FILE_SYSTEM_ID.id;
	return 0;
}
const neverShared = /* @__PURE__ */ new Set([
	"pidfs",
	"nsfs",
	"proc",
	"sysfs",
	"cgroup",
	"cgroup2",
	"debugfs",
	"tracefs",
	"securityfs",
	"bpf",
	"devpts",
	"mqueue",
	"configfs",
	"selinuxfs",
	"efivarfs",
	"fusectl",
	"pstore",
	"binfmt_misc"
]);
// core/seals/seal-layout.ts
/**
* A sealed handle: the kernel's own bytes, then this trailer. `handle_type` stays the kernel's. Numbers
* are little-endian. The MAC covers `handle_type`, the kernel's bytes and the trailer's first eight bytes;
* tenant, share and file system are in its scope. So equal handles stay equal, and nothing in it changes at
* a restart.
*/
const sealOffset = {
	/** u32: which key. */
	keyId: 0,
	/** u8: `sealVersion`. */
	version: 4,
	/** u8: the file's type, S_IFMT shifted right by 12. */
	fileType: 5,
	/** u16: zero. */
	reserved: 6,
	mac: 8
};
const sealBytes = sealOffset.mac + 16;
/** The longest handle of the kernel's that leaves room for a seal. */
const maximumSealableBytes = 128 - sealBytes;
// strategies/seccomp-notify/handlers/shared-steps.ts
/**
* The numbers of the steps by which every handler ends. They stand at the same place in each table, so that
* each handler can jump to them by name.
*/
const ending = {
	answerErrno: 0,
	answerRefusal: 1,
	answered: 2,
	refused: 3,
	cancelled: 4,
	closeSource: 5,
	closeProbe: 6
};
const ENOENT$2 = -errnoNumbers.ENOENT;
const EINPROGRESS$1 = -errnoNumbers.EINPROGRESS;
/** Where a request goes when its answer has been tried: gone targets are cancelled, not failed. */
function afterAnswer(result, done) {
	if (result >= 0 || result === EINPROGRESS$1) return done;
	return ending.cancelled;
}
/** Sets the errno (negative, as the kernel gave it) that the target gets, and names the step that answers. */
function giveErrno$1({ record }, errno) {
	record.setI32(offset.result, errno);
	return ending.answerErrno;
}
/** Sets the reason for which deputy says no, and names the step that tells the target. */
function refuse$1({ record }, code) {
	const { id, errno } = refusalTable[code];
	record.setU16(offset.reason, id);
	record.setI32(offset.result, -errnoNumbers[errno]);
	return ending.answerRefusal;
}
/** Refuses by a refusal's stored number. */
function refuseByNumber(context, id) {
	for (const code of Object.keys(refusalTable)) if (refusalTable[code].id === id) return refuse$1(context, code);
	return refuse$1(context, "DEPUTY_E_REFUSED_HANDLER_FAILED");
}
/** Remembers what the target got, once the kernel took the answer. */
function noteAnswer({ record }, result, way) {
	record.setI32(offset.result, result);
	record.setU8(offset.way, way);
}
function sendErrno(context) {
	const { record, kernel } = context;
	return kernel.answerValue(record, 0, -record.i32(offset.result));
}
function closeField(context, field) {
	const descriptor = context.record.i32(field);
	return descriptor < 0 ? 0 : context.kernel.closeDescriptor(descriptor);
}
/** The common end of all handlers, in the order of `ending`. */
const endingSteps = [
	{
		name: "answer-errno",
		event: "ANSWER",
		act: sendErrno,
		next: (context, result) => {
			if (result >= 0) context.record.setU8(offset.way, answerWay.send);
			return afterAnswer(result, ending.answered);
		}
	},
	{
		name: "answer-refusal",
		event: "REFUSE",
		act: sendErrno,
		next: (context, result) => {
			if (result >= 0) context.record.setU8(offset.way, answerWay.send);
			return afterAnswer(result, ending.refused);
		}
	},
	{
		name: "answered",
		event: "DONE",
		next: () => ending.closeSource
	},
	{
		name: "refused",
		event: "DONE",
		next: () => ending.closeSource
	},
	{
		name: "cancelled",
		event: "CANCEL",
		next: ({ record }) => {
			record.setI32(offset.result, ENOENT$2);
			return ending.closeSource;
		}
	},
	{
		name: "close-source",
		act: (context) => closeField(context, offset.sourceDescriptor),
		next: ({ record }) => {
			record.setI32(offset.sourceDescriptor, -1);
			return ending.closeProbe;
		}
	},
	{
		name: "close-probe",
		act: (context) => closeField(context, offset.probeDescriptor),
		next: ({ record }) => {
			record.setI32(offset.probeDescriptor, -1);
			return -1;
		}
	}
];
// strategies/seccomp-notify/handlers/opening-steps.ts
const ENXIO = -errnoNumbers.ENXIO;
const EXDEV = -errnoNumbers.EXDEV;
const ESRCH$4 = -errnoNumbers.ESRCH;
/** The first step of a handler: who calls? `next` is the step that reads the arguments. */
function identifyStep(next) {
	return {
		name: "identify-thread",
		act: ({ kernel, record }) => record.threadId === 0 ? 0 : kernel.identifyThread(record),
		next: (context, result) => {
			if (context.record.threadId === 0) return refuse$1(context, "DEPUTY_E_REFUSED_TARGET_NOT_VISIBLE");
			if (result === ESRCH$4) return ending.cancelled;
			if (result === EXDEV) return refuse$1(context, "DEPUTY_E_REFUSED_FOREIGN_TARGET");
			return result < 0 ? refuse$1(context, "DEPUTY_E_REFUSED_TARGET_NOT_VISIBLE") : next;
		}
	};
}
/**
* Asked after the arguments were copied: the thread that was read is then the one that waits, and not a later
* one with the same number (seccomp_unotify(2), 'caveats regarding the use of /proc/tid').
*/
function validateStep(next) {
	return {
		name: "check-notification",
		act: ({ kernel, record }) => kernel.checkNotification(record),
		next: (context, result) => result < 0 ? ending.cancelled : next(context)
	};
}
/** Looks up the mount of a descriptor that the caller named; the descriptor itself is never forwarded. */
function findMountStep(next, descriptor) {
	return {
		name: "find-mount",
		event: "DECIDE",
		act: (context) => context.kernel.findMount(context.record, descriptor(context)),
		next: (context, result) => {
			if (result === ENXIO) return refuse$1(context, "DEPUTY_E_REFUSED_MOUNT_NOT_SHARED");
			if (result < 0) return giveErrno$1(context, result);
			const mount = context.record.mount;
			if (mount.verdict < 0) mount.verdict = judgeMount(context.policy, mount);
			return mount.verdict === 0 ? next : refuseByNumber(context, mount.verdict);
		}
	};
}
/** From here on the thread acts with the caller's ids, so that the kernel checks the caller's rights. */
function assumeIdentityStep(next) {
	return {
		name: "assume-identity",
		event: "EXECUTE",
		act: ({ kernel, record }) => kernel.assumeIdentity(record),
		next: (context, result) => result < 0 ? refuse$1(context, "DEPUTY_E_REFUSED_HANDLER_FAILED") : next(context)
	};
}
// strategies/seccomp-notify/handlers/answering-steps.ts
const O_APPEND = 1024;
const O_NONBLOCK = 2048;
const ENOENT$1 = -errnoNumbers.ENOENT;
/**
* The status flag by which a successor knows what was added for an unanswered request: one that the target
* did not ask for, set on what deputy opens and taken away before it answers. 0 where no flag is left for
* it.
*/
function markOf(flags) {
	if ((flags & 1027) === 0) return O_APPEND;
	return (flags & O_NONBLOCK) === 0 ? O_NONBLOCK : 0;
}
/** The mark, if the open may set it itself: with O_NONBLOCK it would not wait for the holder of a lease. */
function markAtOpen(flags) {
	return markOf(flags) & O_APPEND;
}
/** Notes in the record that an effect is about to happen. */
function mark({ record }, effect) {
	record.setU16(offset.effectMark, record.u16(offset.effectMark) | effect);
}
/** Has an effect been noted? */
function isMarked({ record }, effect) {
	return (record.u16(offset.effectMark) & effect) !== 0;
}
/** Adds the source descriptor to the caller's table. */
function addDescriptorStep(places) {
	return {
		name: "add-descriptor",
		event: "ANSWER",
		act: (context) => {
			mark(context, effectMark.descriptor);
			const { record, kernel } = context;
			return kernel.addDescriptor(record, record.i32(offset.sourceDescriptor), places.closeOnExec(context));
		},
		next: (context, result) => {
			if (result === ENOENT$1) return ending.cancelled;
			return result < 0 ? giveErrno$1(context, result) : added$1(context, result, places);
		}
	};
}
/**
* What follows: adopt-descriptor (only after a take-over), clear-mark, answer-number, withdraw-descriptor,
* withdrawn, set-mark. Adding and answering are two calls, because the kernel's one call for both can be
* interrupted, by a signal or by deputy's death, and the target's call then returns 0 without a descriptor.
*/
function answeringSteps(places) {
	const { adopt, add, flags } = places;
	return [
		{
			name: "adopt-descriptor",
			event: "ANSWER",
			act: (context) => {
				const { record, kernel } = context;
				const wanted = flags(context) & -524289;
				return kernel.adoptDescriptor(record, record.i32(offset.sourceDescriptor), wanted, markOf(wanted));
			},
			next: (context, result) => {
				if (result === ENOENT$1) return add;
				if (result < 0) return giveErrno$1(context, result);
				context.record.setU8(offset.recovery, recoveryKind["answered-by-id"]);
				return added$1(context, result, places);
			}
		},
		{
			name: "clear-mark",
			act: (context) => setStatusFlags(context, flags(context)),
			next: () => adopt + 2
		},
		{
			name: "answer-number",
			event: "ANSWER",
			act: ({ kernel, record }) => kernel.answerValue(record, record.i32(offset.result), 0),
			next: (context, result) => {
				if (result === ENOENT$1) return adopt + 3;
				noteAnswer(context, context.record.i32(offset.result), answerWay.addfd);
				return ending.answered;
			}
		},
		{
			name: "withdraw-descriptor",
			act: ({ kernel, record }) => kernel.withdrawDescriptor(record, record.i32(offset.sourceDescriptor), record.i32(offset.result)),
			next: (_, result) => result < 0 ? ending.cancelled : -2
		},
		{
			name: "withdrawn",
			next: () => ending.cancelled
		},
		{
			name: "set-mark",
			act: (context) => setStatusFlags(context, flags(context) | markOf(flags(context))),
			next: () => add
		}
	];
}
/** The target has the descriptor: what is left is to make it an ordinary one, and to say its number. */
function added$1(context, number, { adopt, flags }) {
	context.record.setI32(offset.result, number);
	context.record.setI32(offset.addedNumber, number + 1);
	return markOf(flags(context)) === 0 ? adopt + 2 : adopt + 1;
}
/** The step after the open. */
function afterOpen(context, { add, adopt, flags }) {
	if (isMarked(context, effectMark.descriptor)) return adopt;
	const wanted = flags(context);
	return markOf(wanted) === markAtOpen(wanted) ? add : adopt + 5;
}
function setStatusFlags({ kernel, record }, flags) {
	return kernel.setStatusFlags(record.i32(offset.sourceDescriptor), flags & -524289);
}
// strategies/seccomp-notify/handlers/recovery-steps.ts
const ESRCH$3 = -errnoNumbers.ESRCH;
/** The step at which the predecessor left off. */
function formerStep({ record }) {
	return record.u16(offset.formerStep) - 1;
}
function noteRecovery({ record }, kind) {
	record.setU8(offset.recovery, kind);
}
/**
* How a request goes on whose process died: recover-check, recover-identify, recover-check-again,
* ask-injector, injector-told, injector-completed, answered-before, refused-before.
*/
function recoverySteps(places) {
	const at = (index) => places.recover + index;
	return [
		{
			name: "recover-check",
			event: "RECOVER",
			act: ({ kernel, record }) => kernel.checkNotification(record),
			next: (context, result) => {
				if (result < 0) return judgeEnded(context, places);
				return isLate(context) ? giveErrno$1(context, -context.policy.deadlineErrno) : at(1);
			}
		},
		{
			name: "recover-identify",
			act: ({ kernel, record }) => record.threadId === 0 ? 0 : kernel.identifyThread(record),
			next: (context, result) => {
				if (result === ESRCH$3) return ended(context);
				return isOver(context) ? places.resume(context) : at(2);
			}
		},
		{
			name: "recover-check-again",
			act: ({ kernel, record }) => kernel.checkNotification(record),
			next: (context, result) => result < 0 ? judgeEnded(context, places) : places.resume(context)
		},
		{
			name: "ask-injector",
			event: "INJECT",
			act: ({ kernel, record }) => kernel.queryInjection(record),
			next: (context, result) => result < 0 ? ended(context) : -2
		},
		{
			name: "injector-told",
			next: (context) => {
				const { record } = context;
				if (record.u16(offset.injectionOutcome) !== injectionOutcome.completed) return ended(context);
				noteAnswer(context, record.i32(offset.result), answerWay.inject);
				noteRecovery(context, recoveryKind["answered-by-id"]);
				return at(5);
			}
		},
		{
			name: "injector-completed",
			event: "INJECTED",
			next: () => ending.closeSource
		},
		{
			name: "answered-before",
			event: "ANSWER",
			next: () => ending.answered
		},
		{
			name: "refused-before",
			event: "REFUSE",
			next: () => ending.refused
		}
	];
}
/**
* Has the call waited beyond the policy's deadline while nobody answered? One that has effects already is
* finished all the same.
*/
function isLate({ record }) {
	return record.u16(offset.effectMark) === effectMark.late;
}
/** The call is over. Did the predecessor answer it, or somebody for it, or did the target give it up? */
function judgeEnded(context, places) {
	const { record } = context;
	const left = formerStep(context);
	const state = record.u16(offset.formerState);
	const isAdded = isMarked(context, effectMark.descriptor);
	if (!isAdded && places.injecting.length > 0 && record.u16(offset.attempts) > 0 || places.injecting.includes(left)) return places.recover + 3;
	if ([ending.answerRefusal, ending.refused].includes(left) || state === requestState.refused) return before(context, places.recover + 7);
	if ([
		ending.answerErrno,
		ending.answered,
		...places.answers
	].includes(left) || state === requestState.answered) return before(context, places.recover + 6);
	if (places.adding.includes(left) || isAdded) return findAdded(context, places);
	return ended(context);
}
/**
* It died in the moment of its answer. Whether the kernel took that can't be seen any more; that the call is
* over says so, unless a signal ended it in the same moment.
*/
function before(context, next) {
	noteRecovery(context, recoveryKind.none);
	return next;
}
function ended(context) {
	noteRecovery(context, recoveryKind.none);
	return ending.cancelled;
}
/**
* The target gave the call up while a descriptor was on its way. One that got there is found, by its number
* if that was noted or else by its mark, and taken back. This is before anything else of the target is
* answered, so that a later call of the same thread can't have been given that number.
*/
function findAdded({ record }, { recover }) {
	record.setU16(offset.effectMark, record.u16(offset.effectMark) | effectMark.descriptor);
	record.setU16(offset.formerState, requestState.cancelled);
	return recover + 1;
}
/** Is the call known to be over, so that only what it left is looked for? */
function isOver({ record }) {
	return record.u16(offset.formerState) === requestState.cancelled;
}
// core/ports/seal-keys.ts
/** What a seal turned out to be. */
const sealVerdict = {
	right: 0,
	wrong: 1,
	keyUnknown: 2
};
// core/seals/sealed-handle.ts
/** What unsealing a record's handle found, beside the verdicts of the port. */
const unsealed = {
	...sealVerdict,
	noSeal: 3
};
/**
* Puts a seal behind the kernel's handle that stands in the record, of `nativeBytes`; its size is changed by
* the caller. False when the key is unknown or retired.
*/
function putSeal(record, nativeBytes, fileType, keyId, scope, keys) {
	const { u8 } = record.views;
	const at = sealStart(record, nativeBytes);
	for (let byte = 0; byte < 4; byte++) u8[at + sealOffset.keyId + byte] = keyId >>> 8 * byte;
	u8[at + sealOffset.version] = 1;
	u8[at + sealOffset.fileType] = fileType;
	u8[at + sealOffset.reserved] = 0;
	u8[at + sealOffset.reserved + 1] = 0;
	return keys.sign(keyId, scope, messageOf$1(record, nativeBytes), macOf(record, nativeBytes));
}
/** Checks the seal of the handle in the record, of `bytes` with its seal: one of `unsealed`. */
function checkSeal(record, bytes, scope, keys) {
	const nativeBytes = bytes - sealBytes;
	if (nativeBytes <= 0) return unsealed.noSeal;
	const { u8 } = record.views;
	const at = sealStart(record, nativeBytes);
	const reserved = u8[at + sealOffset.reserved] | u8[at + sealOffset.reserved + 1];
	if (u8[at + sealOffset.version] !== 1 || reserved !== 0) return unsealed.noSeal;
	const message = messageOf$1(record, nativeBytes);
	return keys.verify(sealKeyId(record, bytes), scope, message, macOf(record, nativeBytes));
}
/** The key that a handle says it was sealed with; 0 when it is too short to say so. */
function sealKeyId(record, bytes) {
	if (bytes <= sealBytes) return 0;
	const { u8 } = record.views;
	const at = sealStart(record, bytes - sealBytes) + sealOffset.keyId;
	return (u8[at] | u8[at + 1] << 8 | u8[at + 2] << 16 | u8[at + 3] << 24) >>> 0;
}
/** The file type that a handle was sealed with; to be believed once the seal is checked. */
function sealedFileType(record, bytes) {
	return record.views.u8[sealStart(record, bytes - sealBytes) + sealOffset.fileType];
}
/** Index of the trailer in the record's memory. */
function sealStart(record, nativeBytes) {
	return record.base + offset.handleData + nativeBytes;
}
/** Type, kernel's bytes and the trailer's head stand one behind the other already. */
function messageOf$1(record, nativeBytes) {
	const end = sealStart(record, nativeBytes) + sealOffset.mac;
	return record.views.u8.subarray(record.base + offset.handleType, end);
}
function macOf(record, nativeBytes) {
	const start = sealStart(record, nativeBytes) + sealOffset.mac;
	return record.views.u8.subarray(start, start + 16);
}
// strategies/seccomp-notify/handlers/seal-steps.ts
const refusalOf = {
	[unsealed.wrong]: "DEPUTY_E_REFUSED_SEAL_WRONG",
	[unsealed.keyUnknown]: "DEPUTY_E_REFUSED_SEAL_KEY",
	[unsealed.noSeal]: "DEPUTY_E_REFUSED_NOT_SEALED"
};
/** Does the policy want handles sealed? */
function isSealed({ policy }) {
	return policy.confinement === "sealed";
}
/** Is the file of the type that its handle was sealed with? Always, where handles aren't sealed. */
function isTypeAsSealed(context, type) {
	return !isSealed(context) || context.record.u8(offset.fileType) === type;
}
function scope({ policy, record }) {
	return scopeOf(policy, record.mount);
}
/** The size of the handle as it came, also when an earlier try has taken the seal off already. */
function sealedSize({ record }) {
	const native = record.u8(offset.nativeBytes);
	return native === 0 ? record.u32(offset.handleBytes) : native + sealBytes;
}
/**
* Nothing is opened by a handle that does not verify. One that does stands in the record as the kernel's own
* from then on, and its file's type is known.
*/
function verifySealStep(next) {
	return {
		name: "verify-seal",
		act: (context) => checkSeal(context.record, sealedSize(context), scope(context), context.seals),
		next: (context, result) => {
			const { record } = context;
			const bytes = sealedSize(context);
			record.setU32(offset.keyId, sealKeyId(record, bytes));
			const refusal = refusalOf[result];
			if (refusal !== void 0) return refuse$1(context, refusal);
			record.setU8(offset.fileType, sealedFileType(record, bytes));
			record.setU8(offset.nativeBytes, bytes - sealBytes);
			record.setU32(offset.handleBytes, bytes - sealBytes);
			return next;
		}
	};
}
/**
* Seals the kernel's handle in the record. A successor takes the key that its predecessor took, if that is
* still known, so that the target finds what it may have been given already.
*/
function sealHandleStep(next) {
	return {
		name: "seal-handle",
		act: (context) => {
			const { record, seals } = context;
			const type = record.u8(offset.fileType);
			const bytes = record.u32(offset.handleBytes);
			const former = record.u32(offset.keyId);
			const { currentKey } = seals;
			const within = scope(context);
			if (former !== 0 && putSeal(record, bytes, type, former, within, seals)) return 0;
			record.setU32(offset.keyId, currentKey);
			return currentKey !== 0 && putSeal(record, bytes, type, currentKey, within, seals) ? 0 : -1;
		},
		next: (context, result) => {
			if (result < 0) return refuse$1(context, "DEPUTY_E_REFUSED_SEAL_UNAVAILABLE");
			const { record } = context;
			record.setU32(offset.handleBytes, record.u32(offset.handleBytes) + sealBytes);
			return next(context);
		}
	};
}
// strategies/seccomp-notify/handlers/name-to-handle-at.ts
const register$2 = {
	directory: 0,
	path: 1,
	handle: 2,
	mountId: 3,
	flags: 4
};
const AT_HANDLE_MNT_ID_UNIQUE = 1;
const AT_HANDLE_CONNECTABLE = 2;
const AT_HANDLE_FID = 512;
const AT_SYMLINK_FOLLOW$1 = 1024;
const AT_EMPTY_PATH$1 = 4096;
const headerBytes$2 = 8;
/** What the kernel writes as the type of a handle that has no room (FILEID_INVALID). */
const noType = 255;
const EOVERFLOW = -errnoNumbers.EOVERFLOW;
const own$2 = {
	identify: 7,
	readPath: 8,
	readHandle: 9,
	validate: 10,
	judge: 11,
	assumeIdentity: 12,
	openPath: 13,
	encode: 14,
	writeMountId: 15,
	writeHandle: 16,
	answer: 17,
	recover: 18,
	locateMount: 26,
	openMount: 27,
	sealHandle: 28
};
function flagsOf$1({ record }) {
	return record.argumentInt(register$2.flags);
}
/** Flags first, then the path, as fs/fhandle.c has it; the handle's header is looked at after the path. */
function checkFlagsAndPath(context) {
	const { record } = context;
	const flags = flagsOf$1(context);
	const connectable = (flags & AT_HANDLE_CONNECTABLE) !== 0;
	if ((flags & -5636) !== 0) return giveErrno$1(context, -errnoNumbers.EINVAL);
	if (connectable && (flags & 4608) !== 0) return giveErrno$1(context, -errnoNumbers.EINVAL);
	const pathResult = record.pathBytes;
	if (pathResult < 0) return giveErrno$1(context, pathResult);
	if (pathResult === 0 && (flags & AT_EMPTY_PATH$1) === 0) return giveErrno$1(context, -errnoNumbers.ENOENT);
	return own$2.assumeIdentity;
}
function checkHandleHeader(context) {
	const { record } = context;
	if (record.i32(offset.result) < headerBytes$2) return giveErrno$1(context, -errnoNumbers.EFAULT);
	const room = record.u32(offset.handleBytes);
	if (room > 128) return giveErrno$1(context, -errnoNumbers.EINVAL);
	record.setU8(offset.handleRoom, room + 1);
	return wantsSeal(context) ? own$2.locateMount : own$2.encode;
}
/** A handle that only identifies a file (fanotify(7)) must equal the kernel's; nothing opens by it. */
function wantsSeal(context) {
	return isSealed(context) && (flagsOf$1(context) & AT_HANDLE_FID) === 0;
}
/** The handle of a file that is on no share stays the kernel's own: it opens nothing through deputy. */
function isSealing(context) {
	const mount = context.record.mount;
	return wantsSeal(context) && mount?.verdict === 0;
}
function roomOf({ record }) {
	return record.u8(offset.handleRoom) - 1;
}
/** With a seal to come the kernel gets all the room that leaves: what it needs is known then. */
function afterEncoding(context, result) {
	const { record } = context;
	if (result < 0 && result !== EOVERFLOW) return giveErrno$1(context, result);
	record.setI32(offset.result, result);
	if (!isSealing(context)) return own$2.writeMountId;
	const bytes = record.u32(offset.handleBytes);
	if (bytes > maximumSealableBytes) return refuse$1(context, "DEPUTY_E_REFUSED_SEAL_ROOM");
	if (result === 0 && bytes + sealBytes <= roomOf(context)) return own$2.sealHandle;
	record.setU32(offset.handleBytes, bytes + sealBytes);
	record.setI32(offset.handleType, noType);
	record.setI32(offset.result, EOVERFLOW);
	return own$2.writeMountId;
}
/** Nobody waits for the answer any more, or the address is a bad one. */
function unwritten(context, result) {
	return result === -errnoNumbers.ENOENT ? ending.cancelled : giveErrno$1(context, result);
}
/** What stands behind a written handle: 0, or EOVERFLOW when only its header was written. */
function afterWriting(context, result) {
	if (result < 0) return unwritten(context, result);
	const encoded = context.record.i32(offset.result);
	return encoded < 0 ? giveErrno$1(context, encoded) : own$2.answer;
}
const ownSteps$2 = [
	identifyStep(own$2.readPath),
	{
		name: "read-path",
		act: ({ kernel, record }) => kernel.readPath(record, register$2.path),
		next: ({ record }, result) => {
			record.pathBytes = result;
			return own$2.readHandle;
		}
	},
	{
		name: "read-handle",
		act: ({ kernel, record }) => {
			if (record.u8(offset.handleRoom) > 0) return headerBytes$2;
			return kernel.readHandle(record, register$2.handle);
		},
		next: (context, result) => {
			const { record } = context;
			if (record.u8(offset.handleRoom) > 0) record.setU32(offset.handleBytes, roomOf(context));
			record.setI32(offset.result, result);
			return own$2.validate;
		}
	},
	validateStep(() => own$2.judge),
	{
		name: "judge-call",
		event: "DECIDE",
		next: checkFlagsAndPath
	},
	assumeIdentityStep(() => own$2.openPath),
	{
		name: "open-path",
		act: (context) => context.kernel.openPath(context.record, context.record.argumentInt(register$2.directory), (flagsOf$1(context) & AT_SYMLINK_FOLLOW$1) !== 0),
		next: (context, result) => {
			if (result < 0) return giveErrno$1(context, result);
			context.record.setI32(offset.probeDescriptor, result);
			return checkHandleHeader(context);
		}
	},
	{
		name: "encode-handle",
		act: (context) => {
			const { kernel, record } = context;
			record.setU32(offset.handleBytes, isSealing(context) ? maximumSealableBytes : roomOf(context));
			const flags = flagsOf$1(context) & 515;
			return kernel.encodeHandle(record, record.i32(offset.probeDescriptor), flags);
		},
		next: afterEncoding
	},
	{
		name: "write-mount-id",
		act: (context) => context.kernel.writeMountId(context.record, register$2.mountId, (flagsOf$1(context) & AT_HANDLE_MNT_ID_UNIQUE) !== 0),
		next: (context, result) => result < 0 ? unwritten(context, result) : own$2.writeHandle
	},
	{
		name: "write-handle",
		act: ({ kernel, record }) => {
			const bytes = record.i32(offset.result) < 0 ? 0 : record.u32(offset.handleBytes);
			return kernel.writeHandle(record, register$2.handle, bytes);
		},
		next: afterWriting
	},
	{
		name: "answer-value",
		event: "ANSWER",
		act: ({ kernel, record }) => kernel.answerValue(record, 0, 0),
		next: (context, result) => {
			if (result < 0 && result !== -errnoNumbers.EINPROGRESS) return ending.cancelled;
			noteAnswer(context, 0, answerWay.send);
			return ending.answered;
		}
	},
	...recoverySteps({
		recover: own$2.recover,
		resume: ({ record }) => record.threadId === 0 ? own$2.identify : own$2.readPath,
		answers: [own$2.answer],
		injecting: [],
		adding: []
	}),
	{
		name: "locate-mount",
		act: ({ kernel, record }) => kernel.locateMount(record, record.i32(offset.probeDescriptor)),
		next: (context, result) => {
			const { record, policy } = context;
			const mount = record.mount;
			if (result < 0 || mount === void 0) return policy.sealedOnly ? refuse$1(context, "DEPUTY_E_REFUSED_MOUNT_NOT_SHARED") : own$2.encode;
			record.setU8(offset.fileType, result);
			if (mount.verdict < 0) mount.verdict = judgeMount(policy, mount);
			if (mount.verdict === 0) return own$2.openMount;
			return policy.sealedOnly ? refuseByNumber(context, mount.verdict) : own$2.encode;
		}
	},
	{
		name: "open-mount",
		act: ({ kernel, record }) => kernel.openMount(record, record.i32(offset.probeDescriptor)),
		next: (context, result) => {
			if (result < 0) return refuse$1(context, "DEPUTY_E_REFUSED_MOUNT_UNREACHABLE");
			const refusal = judgeOpenedMount(context.policy, context.record.mount);
			return refusal === 0 ? own$2.encode : refuseByNumber(context, refusal);
		}
	},
	sealHandleStep(() => own$2.writeMountId)
];
/** The handler of name_to_handle_at: its steps and the one it starts with. */
const nameToHandleAt = {
	syscall: "name_to_handle_at",
	first: own$2.identify,
	recover: own$2.recover,
	steps: [...endingSteps, ...ownSteps$2]
};
// strategies/seccomp-notify/handlers/confining-steps.ts
/**
* A handle opens any file of its file system, also outside of what is shared. What keeps such ones out is, as
* the policy has it, a seal, or that all of the file system is shared.
*/
function confine(context, places) {
	const { policy, record } = context;
	const mount = record.mount;
	const refusal = judgeOpenedMount(policy, mount);
	if (refusal !== 0) return refuseByNumber(context, refusal);
	if (policy.confinement === "sealed") return places.verifySeal;
	if (policy.confinement === "none" || mount.isWhole === true) return places.confined;
	return mount.isWhole === false ? refuse$1(context, "DEPUTY_E_REFUSED_MOUNT_ROOT") : places.checkRoot;
}
/** Asked once a mount: is its root really the file system's? */
function checkRootStep(places) {
	return {
		name: "check-root",
		act: ({ kernel, record }) => kernel.checkMountRoot(record),
		next: (context, result) => {
			context.record.mount.isWhole = result === 1;
			return confine(context, places);
		}
	};
}
// strategies/seccomp-notify/handlers/truncation-steps.ts
function fingerprint({ kernel, record }) {
	return kernel.fingerprintFile(record, record.i32(offset.probeDescriptor));
}
/**
* Before an open with O_TRUNC, which must not happen twice: what others wrote into the file meanwhile would
* be gone. note-file (the first try remembers what the file looks like), check-truncated (a successor
* compares). `open` is the step that opens.
*/
function truncationSteps(open) {
	return [{
		name: "note-file",
		act: fingerprint,
		next: (context, result) => {
			if (result < 0) return giveErrno$1(context, result);
			context.record.setU32(offset.fingerprint, result);
			mark(context, effectMark.truncate);
			return open;
		}
	}, {
		name: "check-truncated",
		act: fingerprint,
		next: (context, result) => {
			if (result < 0) return giveErrno$1(context, result);
			if (result !== context.record.u32(offset.fingerprint)) mark(context, effectMark.truncated);
			return open;
		}
	}];
}
/** Has a predecessor begun to truncate? */
function mayBeTruncated(context) {
	return isMarked(context, effectMark.truncate);
}
/** Is it known that it did? */
function isTruncated(context) {
	return isMarked(context, effectMark.truncated);
}
// strategies/seccomp-notify/handlers/open-call.ts
/** The registers of open_by_handle_at(int mount_fd, struct file_handle *handle, int flags). */
const register$1 = {
	mountDescriptor: 0,
	handle: 1,
	flags: 2
};
const O_ACCMODE = 3;
const O_WRONLY = 1;
const O_TRUNC = 512;
const O_CLOEXEC$2 = 524288;
const O_PATH = 2097152;
const R_OK$1 = 4;
/** The flags that the caller gave. */
function flagsOf({ record }) {
	return record.argumentInt(register$1.flags);
}
function wantsPathDescriptor(context) {
	return (flagsOf(context) & O_PATH) !== 0;
}
/** A handle names a file that exists. */
function wantsCreation(context) {
	return (flagsOf(context) & 4194368) !== 0 && !wantsPathDescriptor(context);
}
/** O_PATH heeds no O_TRUNC (open(2)). */
function wantsTruncation(context) {
	return (flagsOf(context) & 2097664) === O_TRUNC;
}
function wantsDirectory(context) {
	return (flagsOf(context) & context.kernel.abi.O_DIRECTORY) !== 0;
}
/** The flags of the first, harmless open: O_PATH, with those flags that O_PATH itself heeds (open(2)). */
function probeFlags(context) {
	if (!wantsPathDescriptor(context)) return 2621440;
	const { O_DIRECTORY, O_NOFOLLOW } = context.kernel.abi;
	return 2621440 | flagsOf(context) & (O_DIRECTORY | O_NOFOLLOW);
}
/** The flags of the open whose descriptor the target gets, but for the mark. */
function realFlags(context) {
	const flags = flagsOf(context);
	if ((flags & 2097152) === 0) return (isTruncated(context) ? flags & -513 : flags) | O_CLOEXEC$2;
	const { O_DIRECTORY, O_NOFOLLOW } = context.kernel.abi;
	return 526336 | flags & (O_DIRECTORY | O_NOFOLLOW);
}
function accessMode(context) {
	const flags = flagsOf(context);
	if ((flags & 2097152) !== 0) return R_OK$1;
	const access = flags & O_ACCMODE;
	const wanted = access === 0 ? R_OK$1 : access === O_WRONLY ? 2 : 6;
	return (flags & O_TRUNC) === 0 ? wanted : wanted | 2;
}
// strategies/seccomp-notify/handlers/direct-open-steps.ts
/**
* A sealed handle says what type its file is of, and a file's type never changes. So where nothing else needs
* a look at the file first, it is opened at once, and looked at then.
*/
function mayOpenDirectly(context) {
	const { record, policy } = context;
	if (!isSealed(context) || wantsTruncation(context)) return false;
	if (wantsPathDescriptor(context) && policy.exactPathDescriptors) return false;
	const type = record.u8(offset.fileType);
	return type === fileType.directory || type === fileType.regular && !wantsDirectory(context);
}
/** What follows: open-direct, describe-opened, check-opened, close-opened. */
function directSteps({ openDirect, openProbe, answering }) {
	const checkOpened = openDirect + 2;
	return [
		{
			name: "open-direct",
			act: (context) => {
				const flags = realFlags(context);
				return context.kernel.openByHandle(context.record, flags | markAtOpen(flags));
			},
			next: (context, result) => {
				const { record } = context;
				const isPath = wantsPathDescriptor(context);
				record.setU8(offset.openMode, isPath ? openMode.fast : openMode.plain);
				if (result >= 0) {
					record.setI32(offset.sourceDescriptor, result);
					return openDirect + 1;
				}
				if (isPath) return openProbe;
				return denied(context, result);
			}
		},
		{
			name: "describe-opened",
			act: ({ kernel, record }) => kernel.describeFile(record, record.i32(offset.sourceDescriptor)),
			next: (context, result) => {
				if (result < 0) return giveErrno$1(context, result);
				if (result !== context.record.u8(offset.fileType)) return refuse$1(context, "DEPUTY_E_REFUSED_SEAL_FILE_TYPE");
				return context.policy.enforceDac || wantsPathDescriptor(context) ? checkOpened : afterOpen(context, answering);
			}
		},
		{
			name: "check-opened",
			act: (context) => {
				const { kernel, record } = context;
				return kernel.checkAccess(record, record.i32(offset.sourceDescriptor), accessMode(context));
			},
			next: (context, result) => {
				if (result >= 0) return afterOpen(context, answering);
				return wantsPathDescriptor(context) ? openDirect + 3 : denied(context, result);
			}
		},
		{
			name: "close-opened",
			act: ({ kernel, record }) => kernel.closeDescriptor(record.i32(offset.sourceDescriptor)),
			next: ({ record }) => {
				record.setI32(offset.sourceDescriptor, -1);
				return openProbe;
			}
		}
	];
}
/** With `dac: enforce` a missing right is deputy's own no, whoever finds it. */
function denied(context, result) {
	return context.policy.enforceDac && result === -errnoNumbers.EACCES ? refuse$1(context, "DEPUTY_E_REFUSED_ACCESS") : giveErrno$1(context, result);
}
// strategies/seccomp-notify/handlers/open-by-handle-at.ts
const own$1 = {
	identify: 7,
	readHandle: 8,
	validate: 9,
	findMount: 10,
	openMount: 11,
	assumeIdentity: 12,
	openProbe: 13,
	describe: 14,
	checkAccess: 15,
	open: 16,
	addDescriptor: 17,
	inject: 18,
	injected: 19,
	adoptDescriptor: 21,
	noteFile: 27,
	checkTruncated: 28,
	recover: 29,
	verifySeal: 37,
	openDirect: 38,
	checkRoot: 42
};
/** The kernel's own checks of the header, in its order, then whether the bytes themselves could be read. */
function checkHandle(context) {
	const { record } = context;
	if (record.i32(offset.result) < 8) return giveErrno$1(context, -errnoNumbers.EFAULT);
	const handleBytes = record.u32(offset.handleBytes);
	if (handleBytes > 128 || handleBytes === 0) return giveErrno$1(context, -errnoNumbers.EINVAL);
	const type = record.i32(offset.handleType);
	if (type < 0 || (type & -262144) !== 0) return giveErrno$1(context, -errnoNumbers.EINVAL);
	return own$1.findMount;
}
/**
* After the mount: what the kernel finds next is a handle that it can't copy; then ours, flags that create.
*/
function checkHandleBytes(context) {
	const { record } = context;
	if (record.i32(offset.result) < 8 + record.u32(offset.handleBytes)) return giveErrno$1(context, -errnoNumbers.EFAULT);
	if (wantsCreation(context)) return refuse$1(context, "DEPUTY_E_REFUSED_CREATING_FLAGS");
	return confine(context, confining);
}
/** What may be done with a file of this type: the exact way for O_PATH, an ordinary open for files only. */
function judgeType(context, type) {
	const { record, policy } = context;
	const ordinary = type === fileType.regular || type === fileType.directory;
	if (wantsPathDescriptor(context)) {
		const fast = ordinary && !policy.exactPathDescriptors;
		record.setU8(offset.openMode, fast ? openMode.fast : openMode.exact);
		return fast ? own$1.checkAccess : own$1.inject;
	}
	record.setU8(offset.openMode, openMode.plain);
	return judgePlain(context, type);
}
/**
* An open without O_PATH: what the kernel finds wrong before it looks at permissions comes first
* (fs/namei.c).
*/
function judgePlain(context, type) {
	if (type === fileType.symlink) return giveErrno$1(context, -errnoNumbers.ELOOP);
	if (wantsDirectory(context) && type !== fileType.directory) return giveErrno$1(context, -errnoNumbers.ENOTDIR);
	if (type === fileType.socket) return giveErrno$1(context, -errnoNumbers.ENXIO);
	if (type !== fileType.regular && type !== fileType.directory) return refuse$1(context, "DEPUTY_E_REFUSED_FILE_TYPE");
	const writes = (accessMode(context) & 2) !== 0;
	if (type === fileType.directory && writes) return giveErrno$1(context, -errnoNumbers.EISDIR);
	return context.policy.enforceDac ? own$1.checkAccess : beforeOpen(context);
}
/** O_TRUNC is an effect that must not happen twice. */
function beforeOpen(context) {
	if (!wantsTruncation(context)) return own$1.open;
	return mayBeTruncated(context) ? own$1.checkTruncated : own$1.noteFile;
}
/** A successor goes on with the arguments that were copied: it acts on what its predecessor acted on. */
function resume$1(context) {
	const { record } = context;
	const left = formerStep(context);
	if (left === ending.answerErrno || left === ending.answerRefusal) return left;
	if (left <= own$1.validate) return record.threadId === 0 ? own$1.identify : own$1.readHandle;
	if (left > own$1.openMount) record.setI32(offset.result, 8 + record.u32(offset.handleBytes));
	return own$1.findMount;
}
const recovering = {
	recover: own$1.recover,
	resume: resume$1,
	answers: [own$1.adoptDescriptor + 2],
	injecting: [own$1.inject, own$1.injected],
	adding: [own$1.addDescriptor, ...[
		0,
		1,
		3,
		4
	].map((step) => own$1.adoptDescriptor + step)]
};
const confining = {
	verifySeal: own$1.verifySeal,
	checkRoot: own$1.checkRoot,
	confined: own$1.assumeIdentity
};
const answering = {
	add: own$1.addDescriptor,
	adopt: own$1.adoptDescriptor,
	closeOnExec: (context) => (flagsOf(context) & O_CLOEXEC$2) !== 0,
	flags: realFlags
};
const ownSteps$1 = [
	identifyStep(own$1.readHandle),
	{
		name: "read-handle",
		act: ({ kernel, record }) => kernel.readHandle(record, register$1.handle),
		next: ({ record }, result) => {
			record.setI32(offset.result, result);
			return own$1.validate;
		}
	},
	validateStep(checkHandle),
	findMountStep(own$1.openMount, ({ record }) => record.argumentInt(register$1.mountDescriptor)),
	{
		name: "open-mount",
		act: ({ kernel, record }) => kernel.openMount(record),
		next: (context, result) => result < 0 ? refuse$1(context, "DEPUTY_E_REFUSED_MOUNT_UNREACHABLE") : checkHandleBytes(context)
	},
	assumeIdentityStep((context) => mayOpenDirectly(context) ? own$1.openDirect : own$1.openProbe),
	{
		name: "open-probe",
		act: (context) => context.kernel.openByHandle(context.record, probeFlags(context)),
		next: (context, result) => {
			if (result < 0) return giveErrno$1(context, result);
			context.record.setI32(offset.probeDescriptor, result);
			return own$1.describe;
		}
	},
	{
		name: "describe-file",
		act: ({ kernel, record }) => kernel.describeFile(record, record.i32(offset.probeDescriptor)),
		next: (context, result) => {
			if (result < 0) return giveErrno$1(context, result);
			if (!isTypeAsSealed(context, result)) return refuse$1(context, "DEPUTY_E_REFUSED_SEAL_FILE_TYPE");
			context.record.setU8(offset.fileType, result);
			return judgeType(context, result);
		}
	},
	{
		name: "check-access",
		act: (context) => context.kernel.checkAccess(context.record, context.record.i32(offset.probeDescriptor), accessMode(context)),
		next: (context, result) => {
			if (result >= 0) return beforeOpen(context);
			if (wantsPathDescriptor(context)) return exactInstead(context);
			return result === -errnoNumbers.EACCES ? refuse$1(context, "DEPUTY_E_REFUSED_ACCESS") : giveErrno$1(context, result);
		}
	},
	{
		name: "open",
		act: (context) => {
			const flags = realFlags(context);
			return context.kernel.openByHandle(context.record, flags | markAtOpen(flags));
		},
		next: (context, result) => {
			if (result < 0) return wantsPathDescriptor(context) ? exactInstead(context) : giveErrno$1(context, result);
			context.record.setI32(offset.sourceDescriptor, result);
			return afterOpen(context, answering);
		}
	},
	addDescriptorStep(answering),
	{
		name: "inject-descriptor",
		event: "INJECT",
		act: (context) => context.kernel.injectDescriptor(context.record, context.record.i32(offset.probeDescriptor), (flagsOf(context) & O_CLOEXEC$2) !== 0),
		next: (context, result) => result < 0 ? refuse$1(context, "DEPUTY_E_REFUSED_INJECTION_UNAVAILABLE") : -2
	},
	{
		name: "injected",
		next: judgeInjection
	},
	{
		name: "injection-completed",
		event: "INJECTED",
		next: () => ending.closeSource
	},
	...answeringSteps(answering),
	...truncationSteps(own$1.open),
	...recoverySteps(recovering),
	verifySealStep(own$1.assumeIdentity),
	...directSteps({
		openDirect: own$1.openDirect,
		openProbe: own$1.openProbe,
		answering
	}),
	checkRootStep(confining)
];
function exactInstead({ record }) {
	record.setU8(offset.openMode, openMode.exact);
	return own$1.inject;
}
function judgeInjection(context) {
	const { record } = context;
	const outcome = record.u16(offset.injectionOutcome);
	const result = record.i32(offset.result);
	if (outcome === injectionOutcome.completed) {
		noteAnswer(context, result, answerWay.inject);
		return own$1.injected + 1;
	}
	if (outcome === injectionOutcome.traced) return refuse$1(context, "DEPUTY_E_REFUSED_TRACED");
	if (outcome === injectionOutcome.filtered) return refuse$1(context, "DEPUTY_E_REFUSED_INJECTION_UNAVAILABLE");
	if (outcome === injectionOutcome.errno) return giveErrno$1(context, result);
	return ending.cancelled;
}
/** The handler of open_by_handle_at: its steps and the one it starts with. */
const openByHandleAt = {
	syscall: "open_by_handle_at",
	first: own$1.identify,
	recover: own$1.recover,
	steps: [...endingSteps, ...ownSteps$1]
};
// strategies/seccomp-notify/handlers/unlisted.ts
const own = {
	judge: 7,
	answerContinue: 8,
	recover: 9
};
/** Numbers and arguments of another architecture mean something else; they are not looked at any further. */
function isForeign({ record, kernel }) {
	const { auditArchitecture, foreignSyscallBit } = kernel.abi;
	return record.u32(offset.auditArchitecture) !== auditArchitecture || (record.syscallNumber & foreignSyscallBit) !== 0;
}
const ownSteps = [
	{
		name: "judge-call",
		next: (context) => isForeign(context) ? refuse$1(context, "DEPUTY_E_REFUSED_ARCHITECTURE") : own.answerContinue
	},
	{
		name: "answer-continue",
		event: "ANSWER",
		act: ({ kernel, record }) => kernel.answerContinue(record),
		next: (context, result) => {
			if (result < 0 && result !== -errnoNumbers.EINPROGRESS) return ending.cancelled;
			noteAnswer(context, 0, answerWay.continue);
			return ending.answered;
		}
	},
	...recoverySteps({
		recover: own.recover,
		resume: () => own.judge,
		answers: [own.answerContinue],
		injecting: [],
		adding: []
	})
];
/** Answers what the policy does not list or no handler knows, so that no call is ever left waiting. */
const unlisted = {
	syscall: "unlisted",
	first: own.judge,
	recover: own.recover,
	steps: [...endingSteps, ...ownSteps]
};
// strategies/seccomp-notify/handlers/registry.ts
/** Which handler serves a request. Total: what is unknown, or not in the policy, goes to `other`. */
function handlersBut(other) {
	return (record, abi, policy) => {
		if (record.u32(offset.auditArchitecture) !== abi.auditArchitecture) return other;
		const number = record.syscallNumber;
		const handler = number === abi.openByHandleAt ? openByHandleAt : number === abi.nameToHandleAt ? nameToHandleAt : other;
		return policy.syscalls.has(handler.syscall) ? handler : other;
	};
}
/** The same with `unlisted` for what is unknown. */
const handlerOf = handlersBut(unlisted);
// simulator/faults/fault-plan.ts
/** Which faults happen when. Times are the runner's to schedule; all others are asked for at each point. */
var FaultPlan = class {
	random;
	armed = [];
	firedCount = 0;
	constructor(faults, random) {
		this.random = random;
		for (const fault of faults) this.arm(fault);
	}
	/** Faults that happen at a time, for whoever has the clock. */
	timed() {
		return this.armed.flatMap(({ fault, trigger }) => "atUs" in trigger ? [{
			fault,
			atUs: trigger.atUs
		}] : []);
	}
	/** How many have happened. */
	get fired() {
		return this.firedCount;
	}
	noteFired() {
		this.firedCount++;
	}
	/** May anything still happen at a point? Asked often, so that runs without faults pay nothing. */
	get isQuiet() {
		return this.stepTriggers.length === 0;
	}
	stepTriggers = [];
	/** The faults of a point, once each. */
	at(place) {
		const due = [];
		for (const armed of this.stepTriggers) {
			if (!this.isDue(armed, place)) continue;
			armed.left--;
			this.firedCount++;
			due.push(armed.fault);
		}
		if (due.length > 0) this.stepTriggers = this.stepTriggers.filter(({ left }) => left > 0);
		return due;
	}
	arm(fault) {
		const trigger = fault.when;
		const armed = {
			fault,
			trigger,
			left: "probability" in trigger ? trigger.limit : 1,
			skips: "step" in trigger ? trigger.occurrence - 1 : 0
		};
		this.armed.push(armed);
		if (!("atUs" in trigger)) this.stepTriggers.push(armed);
	}
	isDue(armed, { point, kind, name }) {
		const { trigger } = armed;
		if ("point" in trigger) return trigger.point === point;
		if ("atUs" in trigger) return false;
		if (trigger.by !== void 0 && trigger.by !== kind) return false;
		if ("probability" in trigger) return this.random.chance(trigger.probability);
		if (trigger.step !== name) return false;
		return armed.skips-- <= 0;
	}
};
// simulator/kernel/open-description.ts
/** An open file description: several descriptors, of several processes, may share it. */
var OpenDescription = class {
	references = 0;
	refer() {
		this.references++;
	}
	release() {
		this.references--;
		if (this.references === 0) this.released();
	}
	get referenceCount() {
		return this.references;
	}
	/** The last descriptor is closed. */
	released() {}
};
/** A file that is open. */
var OpenFile = class extends OpenDescription {
	file;
	mountId;
	pathOnly;
	statusFlags;
	kind = "file";
	constructor(file, mountId, pathOnly, statusFlags) {
		super();
		this.file = file;
		this.mountId = mountId;
		this.pathOnly = pathOnly;
		this.statusFlags = statusFlags;
	}
};
/** What nobody looks into: standard streams and the like. */
var PlainDescription = class extends OpenDescription {
	kind = "plain";
};
/** One end of a socket pair, with the descriptions that wait in it (SCM_RIGHTS of unix(7)). */
var SocketEnd = class extends OpenDescription {
	inode;
	kind = "socket";
	queue = [];
	peer;
	constructor(inode) {
		super();
		this.inode = inode;
	}
	/** Puts a description on its way to whoever reads from this end. */
	deliver(description) {
		description.refer();
		this.queue.push(description);
	}
	released() {
		for (const waiting of this.queue.splice(0)) waiting.release();
	}
};
/** One end of a channel of packets (SOCK_SEQPACKET of unix(7)). */
var PacketSocket = class extends OpenDescription {
	kind = "socket";
	packets = [];
	peer;
	isPeerClosed = false;
	/** Called when there is something to read, or nothing more will come. */
	whenReadable;
	/** Sends to the other end: bytes, or undefined when that is closed. */
	send(bytes, passed) {
		const { peer } = this;
		if (peer === void 0 || this.isPeerClosed) return void 0;
		for (const description of passed) description.refer();
		peer.packets.push({
			bytes: bytes.slice(),
			passed
		});
		peer.whenReadable?.();
		return bytes.length;
	}
	released() {
		for (const { passed } of this.packets.splice(0)) for (const one of passed) one.release();
		if (this.peer === void 0) return;
		this.peer.isPeerClosed = true;
		this.peer.whenReadable?.();
	}
};
// simulator/kernel/filter.ts
/** One call in the notifier (seccomp_unotify(2)). */
var Notification = class {
	id;
	filter;
	thread;
	number;
	instructionPointer;
	values;
	callNumber;
	state = "init";
	response;
	constructor(id, filter, thread, number, instructionPointer, values, callNumber) {
		this.id = id;
		this.filter = filter;
		this.thread = thread;
		this.number = number;
		this.instructionPointer = instructionPointer;
		this.values = values;
		this.callNumber = callNumber;
	}
};
/** The listener's open file description; the filter is lost with the last descriptor of it. */
var ListenerEnd = class extends OpenDescription {
	filter;
	kind = "listener";
	statusFlags = flag.O_RDWR;
	constructor(filter) {
		super();
		this.filter = filter;
	}
	released() {
		this.filter.detach();
	}
};
/** A seccomp filter with a listener: the calls that wait in it, by id. */
var Filter = class {
	key;
	isKillable;
	numbers;
	hooks;
	notifications = /* @__PURE__ */ new Map();
	/** Undefined once nobody holds it. */
	listener = new ListenerEnd(this);
	/** Who polls: called when there is something to receive, or nothing more will come. */
	watchers = /* @__PURE__ */ new Set();
	/** Processes under the filter. */
	users = 0;
	/** Calls that came and were not received: RECV waits until there are some, answered meanwhile or not. */
	requests = 0;
	nextId;
	constructor(key, isKillable, numbers, random, hooks) {
		this.key = key;
		this.isKillable = isKillable;
		this.numbers = numbers;
		this.hooks = hooks;
		this.nextId = 1n << 63n | BigInt(random.next() >>> 1) << 32n | BigInt(random.next());
	}
	/** A thread makes a call that the filter notifies of. Undefined: nobody listens, and it gets ENOSYS. */
	notify(thread, number, instructionPointer, values, call) {
		if (this.listener === void 0) return void 0;
		const id = this.nextId;
		this.nextId = BigInt.asUintN(64, id + 1n);
		const notification = new Notification(id, this, thread, number, instructionPointer, values, call);
		this.notifications.set(id, notification);
		this.requests++;
		this.wakeWatchers();
		return notification;
	}
	/** SECCOMP_IOCTL_NOTIF_RECV, for who has polled: the eldest call that nobody has received. */
	receive() {
		for (const notification of this.notifications.values()) {
			if (notification.state !== "init") continue;
			notification.state = "sent";
			this.requests = Math.max(0, this.requests - 1);
			return notification;
		}
	}
	/** RECV for who has not polled: the call, -ENOENT for one that went meanwhile; undefined: it would wait. */
	receiveAnyway() {
		const notification = this.receive();
		if (notification !== void 0) return notification;
		if (this.requests === 0 && !this.hasHungUp) return void 0;
		this.requests = Math.max(0, this.requests - 1);
		return no("ENOENT");
	}
	/** A copy that faulted puts the call back, and whoever waits is woken. */
	putBack(notification) {
		if (this.notifications.get(notification.id) !== notification) return;
		notification.state = "init";
		this.requests++;
	}
	/** SECCOMP_IOCTL_NOTIF_ID_VALID: 0 or -ENOENT. */
	check(id) {
		return this.notifications.get(id)?.state === "sent" ? 0 : no("ENOENT");
	}
	/** SECCOMP_IOCTL_NOTIF_SEND: 0, -ENOENT, or -EINPROGRESS when it is answered already. */
	send(id, response) {
		const notification = this.notifications.get(id);
		if (notification === void 0) return no("ENOENT");
		if (notification.state !== "sent") return no("EINPROGRESS");
		notification.state = "replied";
		notification.response = response;
		this.hooks.replied(notification);
		return 0;
	}
	/**
	* SECCOMP_IOCTL_NOTIF_ADDFD: the number in the caller's table. `setNumber` is SECCOMP_ADDFD_FLAG_SETFD,
	* `answers` SECCOMP_ADDFD_FLAG_SEND. The kernel takes the source with fget(), which knows no O_PATH
	* descriptors.
	*/
	addDescriptor(id, source, closeOnExec, setNumber, answers = false) {
		if (source === void 0 || source instanceof OpenFile && source.pathOnly) return no("EBADF");
		const notification = this.notifications.get(id);
		if (notification === void 0) return no("ENOENT");
		if (notification.state !== "sent") return no("EINPROGRESS");
		const { table } = notification.thread;
		if (setNumber !== void 0 && setNumber >= table.limit) return no("EBADF");
		let number = setNumber ?? -1;
		if (setNumber === void 0) number = table.add(source, closeOnExec);
		else table.put(setNumber, source, closeOnExec);
		if (number < 0) return number;
		this.hooks.added(notification, number, source);
		if (answers) this.send(id, {
			value: number,
			error: 0,
			isContinue: false
		});
		return number;
	}
	/** The call is over: answered and gone on, interrupted, or its thread is dead. */
	remove(notification) {
		this.notifications.delete(notification.id);
	}
	/** The last descriptor of the listener is closed: all that wait get ENOSYS, and so does all that comes. */
	detach() {
		this.listener = void 0;
		for (const notification of this.notifications.values()) {
			if (notification.state === "replied") continue;
			notification.state = "replied";
			notification.response = {
				value: 0,
				error: no("ENOSYS"),
				isContinue: false
			};
			this.hooks.replied(notification);
		}
	}
	/** One process fewer is under the filter; with the last one the listener hangs up (POLLHUP). */
	leave() {
		this.users--;
		if (this.users === 0) this.wakeWatchers();
	}
	get hasHungUp() {
		return this.users === 0;
	}
	/** POLLIN: is there a call that nobody has received? */
	get isReadable() {
		for (const { state } of this.notifications.values()) if (state === "init") return true;
		return false;
	}
	/** POLLOUT: is there a call that was received and not answered? */
	get hasReceived() {
		for (const { state } of this.notifications.values()) if (state === "sent") return true;
		return false;
	}
	/** Does the thread's wait end for a signal that is not fatal? */
	isInterruptible({ state }) {
		return state !== "replied" && !(this.isKillable && state === "sent");
	}
	wakeWatchers() {
		for (const watcher of this.watchers) watcher();
	}
};
// simulator/random/generator.ts
const golden = 11400714819323198485n;
const mask = 18446744073709551615n;
/** One round of splitmix64 (Steele, Lea and Flood, 2014): spreads a seed's bits. */
function splitmix(state) {
	let mixed = state & mask;
	mixed = (mixed ^ mixed >> 30n) * 13787848793156543929n & mask;
	mixed = (mixed ^ mixed >> 27n) * 10723151780598845931n & mask;
	return mixed ^ mixed >> 31n;
}
/**
* The one source of chance: xoshiro128** (Blackman and Vigna, 2018), seeded with splitmix64. `fork` gives
* another stream of the same seed for a purpose, so that a fault that is added shifts nobody else's numbers.
*/
var Generator = class Generator {
	seed;
	state = /* @__PURE__ */ new Uint32Array(4);
	constructor(seed) {
		this.seed = seed;
		const low = splitmix(seed + golden);
		const high = splitmix(seed + 2n * golden);
		this.state.set([
			low & 4294967295n,
			low >> 32n,
			high & 4294967295n,
			high >> 32n
		].map(Number));
		if (this.state.every((word) => word === 0)) this.state[0] = 1;
	}
	/** Another stream of the same seed, always the same for the same purpose. */
	fork(purpose) {
		let mixed = this.seed;
		for (let index = 0; index < purpose.length; index++) mixed = splitmix(mixed + golden + BigInt(purpose.charCodeAt(index)));
		return new Generator(mixed);
	}
	/** 32 random bits. */
	next() {
		const { state } = this;
		const second = state[1];
		const result = Math.imul(rotate(Math.imul(second, 5), 7), 9) >>> 0;
		const shifted = second << 9;
		state[2] = state[2] ^ state[0];
		state[3] = state[3] ^ second;
		state[1] = second ^ state[2];
		state[0] = state[0] ^ state[3];
		state[2] = state[2] ^ shifted;
		state[3] = rotate(state[3], 11);
		return result;
	}
	/** A whole number from 0 to before `bound`. */
	below(bound) {
		return Math.floor(this.next() / 4294967296 * bound);
	}
	/** A whole number from `low` to `high`, both included. */
	between(low, high) {
		return low + this.below(high - low + 1);
	}
	/** True with this probability. */
	chance(probability) {
		return this.next() < probability * 4294967296;
	}
};
function rotate(value, bits) {
	return value << bits | value >>> 32 - bits;
}
// core/injector/ptrace-registers.ts
/** Byte offsets in `struct user_regs_struct` of x86-64 (sys/user.h), the layout of PTRACE_GETREGS. */
const register = {
	r10: 56,
	r9: 64,
	r8: 72,
	rax: 80,
	rdx: 96,
	rsi: 104,
	rdi: 112,
	/** The number of the system call that the thread is in, -1 for none: what decides about restarts. */
	originalRax: 120,
	rip: 128,
	rsp: 152
};
/** Where a system call's six arguments are. */
const argumentRegisters = [
	register.rdi,
	register.rsi,
	register.rdx,
	register.r10,
	register.r8,
	register.r9
];
const restartErrnos = /* @__PURE__ */ new Set([
	-512,
	-513,
	-514,
	-516
]);
/** Is it one of the kernel's own ERESTART values, which a program never sees (linux/errno.h)? */
function isRestartErrno(value) {
	return restartErrnos.has(value);
}
// simulator/kernel/file-tree.ts
function isWholeMount({ isWhole, root }) {
	return isWhole ?? root === "/";
}
function rootName(mountId) {
	return `root of mount ${mountId}`;
}
/** Is it the root of this mount? */
function isMountRoot({ name }, mountId) {
	return name === rootName(mountId);
}
/** Files and mounts. Paths are plain names: what is modelled is what they name, not how they are walked. */
var FileTree = class {
	mounts = /* @__PURE__ */ new Map();
	byName = /* @__PURE__ */ new Map();
	byInode = /* @__PURE__ */ new Map();
	addMount(mount) {
		this.mounts.set(mount.mountId, mount);
	}
	add(file) {
		const added = {
			...file,
			changes: 0,
			truncations: 0,
			isDeleted: false
		};
		this.byName.set(file.name, added);
		this.byInode.set(`${file.device}/${file.inode}/${file.generation}`, added);
		return added;
	}
	named(name) {
		const file = this.byName.get(name);
		return file?.isDeleted === true ? void 0 : file;
	}
	/** Another file takes a file's name, inode and generation. */
	replace(name, type) {
		const former = this.named(name);
		if (former === void 0) return;
		former.isDeleted = true;
		this.add({
			...former,
			type
		});
	}
	/** What a handle decodes to on a file system: ESTALE when that is gone. */
	decode(device, inode, generation) {
		const file = this.byInode.get(`${device}/${inode}/${generation}`);
		return file?.isDeleted === true ? void 0 : file;
	}
	/** A mount's own root directory. */
	rootOf({ mountId, device }) {
		const name = rootName(mountId);
		const root = {
			name,
			inode: 2,
			generation: mountId,
			type: 4,
			device,
			user: 0,
			mode: 493
		};
		return this.byName.get(name) ?? this.add(root);
	}
	get all() {
		return [...this.byName.values()];
	}
};
// simulator/kernel/descriptor-table.ts
/** A process's table of descriptors: a new one gets the lowest free number (open(2)). */
var DescriptorTable = class DescriptorTable {
	limit;
	slots = [];
	constructor(limit) {
		this.limit = limit;
	}
	/** The new descriptor's number, or -EMFILE. */
	add(description, closeOnExec = false) {
		const number = this.lowestFree;
		if (number >= this.limit) return no("EMFILE");
		this.put(number, description, closeOnExec);
		return number;
	}
	/** Puts it at a number, in the place of what is there (dup3(2)). */
	put(number, description, closeOnExec = false) {
		description.refer();
		this.slots[number]?.description.release();
		this.slots[number] = {
			description,
			closeOnExec
		};
	}
	get lowestFree() {
		let number = 0;
		while (this.slots[number] !== void 0) number++;
		return number;
	}
	at(number) {
		return this.slots[number]?.description;
	}
	descriptor(number) {
		return this.slots[number];
	}
	close(number) {
		const known = this.slots[number];
		if (known === void 0) return no("EBADF");
		this.slots[number] = void 0;
		known.description.release();
		return 0;
	}
	closeAll() {
		for (let number = 0; number < this.slots.length; number++) {
			const known = this.slots[number];
			this.slots[number] = void 0;
			known?.description.release();
		}
	}
	/** A table with the same descriptors (fork(2), unshare(2)). */
	copy() {
		const copied = new DescriptorTable(this.limit);
		for (const [number, { description, closeOnExec }] of this.entries()) copied.put(number, description, closeOnExec);
		return copied;
	}
	/** Everything that is open, by its number. */
	entries() {
		const found = [];
		this.slots.forEach((descriptor, number) => {
			if (descriptor !== void 0) found.push([number, descriptor]);
		});
		return found;
	}
};
// simulator/kernel/registers.ts
const twoTo32$1 = 4294967296;
/** A thread's registers, as PTRACE_GETREGS lays them out. */
var Registers = class {
	bytes = /* @__PURE__ */ new Uint8Array(216);
	words = new Uint32Array(this.bytes.buffer);
	signed = new Int32Array(this.bytes.buffer);
	get(at) {
		return this.signed[(at >> 2) + 1] * twoTo32$1 + this.words[at >> 2];
	}
	set(at, value) {
		this.words[at >> 2] = value % twoTo32$1;
		this.words[(at >> 2) + 1] = Math.floor(value / twoTo32$1);
	}
	argument(index) {
		return this.get(argumentRegisters[index]);
	}
	setArgument(index, value) {
		this.set(argumentRegisters[index], value);
	}
};
// simulator/kernel/thread-memory.ts
/** A process's memory: a few mappings, looked up by address. */
var ThreadMemory = class {
	regions = [];
	nextMapped = 0x7f1000000000;
	add(start, bytes, isAnonymous = true) {
		const region = {
			start,
			bytes: new Uint8Array(bytes),
			isAnonymous
		};
		this.regions.push(region);
		return region;
	}
	/** mmap(2) of anonymous memory: its address. */
	map(bytes) {
		const start = this.nextMapped;
		this.nextMapped += Math.ceil(bytes / 4096) * 4096;
		this.add(start, bytes);
		return start;
	}
	unmap(start) {
		const index = this.regions.findIndex((region) => region.start === start);
		if (index >= 0) this.regions.splice(index, 1);
		return index >= 0;
	}
	unmapAll() {
		this.regions.length = 0;
	}
	find(address) {
		return this.regions.find(({ start, bytes }) => address >= start && address < start + bytes.length);
	}
	/** The bytes from an address on, as many as are mapped; undefined when none is. */
	view(address, count) {
		const region = this.find(address);
		if (region === void 0) return void 0;
		const at = address - region.start;
		return region.bytes.subarray(at, Math.min(region.bytes.length, at + count));
	}
};
// simulator/kernel/process.ts
/** A process of the modelled machine: one of deputy's, or a target's. */
var ModelProcess = class {
	processId;
	actor;
	alive = true;
	heldUntilUs = 0;
	table;
	threads = [];
	memory = new ThreadMemory();
	handlers = /* @__PURE__ */ new Map();
	/** Signals that it ignores (SIG_IGN). */
	ignored = /* @__PURE__ */ new Set();
	/** How often each signal's handler ran. */
	handled = /* @__PURE__ */ new Map();
	/** The one filter with a listener that its threads are under. */
	filter;
	/** Calls that another filter of the program's own answers with SIGSYS. */
	fatalCalls = /* @__PURE__ */ new Set();
	/** SIGSTOP has stopped it, and SIGCONT has not come. */
	isStopped = false;
	whenDead = [];
	/** A tracer's wait: called when a thread that it traces has stopped or ended. */
	whenStopped;
	constructor(processId, actor, descriptorLimit) {
		this.processId = processId;
		this.actor = actor;
		this.table = new DescriptorTable(descriptorLimit);
	}
};
/** A thread of a target. */
var ModelThread = class {
	threadId;
	process;
	user;
	actor;
	workingMount;
	registers = new Registers();
	mode = "user";
	beganAtUs = 0;
	signalMask = /* @__PURE__ */ new Set();
	pending = [];
	notification;
	tracing;
	/** CAP_DAC_READ_SEARCH: it opens by handle itself, and what it may not read. */
	holdsReadSearch = false;
	/** A tracer interrupted it and is gone: on its way out of the kernel it looks for signals all the same. */
	looksForSignals = false;
	/** SIGSTOP reached its process. */
	isStopRequested = false;
	/** In a call of its program's, and whom to tell when that returns. */
	call;
	whenReturned;
	/** A call that its program makes as soon as it runs again. */
	deferred;
	/** What a tracer that is gone left: its last status has not been taken. */
	isReaped = true;
	/** A table of its own, since unshare(CLONE_FILES); else it shares its process's. */
	ownTable;
	/** The filter that it is under: that of its process when it began, or one that it installed itself. */
	filter;
	/** Its group, like its user's number unless somebody says otherwise. */
	group;
	/** The directory that relative paths begin at; its mount's root if undefined. */
	workingDirectory;
	constructor(threadId, process, user, actor, workingMount) {
		this.threadId = threadId;
		this.process = process;
		this.user = user;
		this.actor = actor;
		this.workingMount = workingMount;
		this.filter = process.filter;
		this.group = user;
	}
	get table() {
		return this.ownTable ?? this.process.table;
	}
	/** unshare(2) of CLONE_FILES: a copy of the table, for this thread alone. */
	unshareTable() {
		this.ownTable = this.table.copy();
	}
	/** Its own table, if it has one, is gone. */
	dropTable() {
		this.ownTable?.closeAll();
		this.ownTable = void 0;
	}
	/** Where its program's one `syscall` instruction stands. */
	callSite = 4198400;
};
/** The first thread's stack is below. */
const stackTop = 0x7ffd00004000;
// simulator/kernel/path-base.ts
/** Where a thread's path begins: at its descriptor, or its working directory; undefined: at neither. */
function baseOf(files, thread, descriptor) {
	const held = descriptor === -100 ? void 0 : thread.table.at(descriptor);
	if (descriptor !== -100 && !(held instanceof OpenFile)) return void 0;
	const mountId = held instanceof OpenFile ? held.mountId : thread.workingMount;
	const mount = files.mounts.get(mountId);
	if (mount === void 0) return void 0;
	const root = files.rootOf(mount);
	const base = held instanceof OpenFile ? held.file : thread.workingDirectory ?? root;
	return {
		base,
		file: base,
		root,
		mountId
	};
}
// simulator/kernel/path-walk.ts
const componentLimit = 255;
const linkLimit = 40;
const X_OK$2 = 1;
/**
* What a path names (path_resolution(7)): the file, or minus an errno. The root's name is not part of any
* other's: files are named by their paths from it.
*/
function walkPath(walker, path, follow) {
	return walk(walker, path.startsWith("/") ? walker.root : walker.base, path, follow, { links: 0 });
}
function walk(walker, from, path, follow, count) {
	let at = from;
	const parts = path.split("/").filter((part) => part !== "");
	for (const [index, part] of parts.entries()) {
		if (at.type !== fileType.directory) return no("ENOTDIR");
		if (!walker.may(at, X_OK$2)) return no("EACCES");
		if (part.length > componentLimit) return no("ENAMETOOLONG");
		const found = step(walker, at, part);
		if (found === void 0) return no("ENOENT");
		const entered = index === parts.length - 1 && !follow && !path.endsWith("/") ? found : through(walker, at, found, count);
		if (typeof entered === "number") return entered;
		at = entered;
	}
	return path.endsWith("/") && at.type !== fileType.directory ? no("ENOTDIR") : at;
}
/** What a symlink leads to; anything else is what it is. */
function through(walker, directory, found, count) {
	if (found.type !== fileType.symlink || found.linksTo === void 0) return found;
	if (++count.links > linkLimit) return no("ELOOP");
	return walk(walker, found.linksTo.startsWith("/") ? walker.root : directory, found.linksTo, true, count);
}
function step({ files, root }, directory, part) {
	const here = directory === root ? "" : directory.name;
	if (part === ".") return directory;
	if (part !== "..") return files.named(here === "" ? part : `${here}/${part}`);
	if (here === "") return root;
	const above = here.slice(0, Math.max(0, here.lastIndexOf("/")));
	return above === "" ? root : files.named(above);
}
// simulator/kernel/native-handles.ts
const headerBytes$1 = 8;
const maximumHandleBytes$1 = 128;
const AT_SYMLINK_FOLLOW = 1024;
const AT_EMPTY_PATH = 4096;
const pathLimit$1 = 4096;
/**
* open_by_handle_at(2) of a caller without CAP_DAC_READ_SEARCH: EPERM, behind the errors that the kernel
* finds before it looks for the capability (handle_to_path() of fs/fhandle.c).
*/
function openByHandle(kernel, thread, mount, pointer) {
	const header = thread.process.memory.view(pointer, headerBytes$1);
	if (header === void 0 || header.length < headerBytes$1) return no("EFAULT");
	const words = new DataView(header.buffer, header.byteOffset);
	const bytes = words.getUint32(0, true);
	const type = words.getInt32(4, true);
	if (bytes === 0 || bytes > maximumHandleBytes$1) return no("EINVAL");
	if (type < 0 || (type & -262144) !== 0) return no("EINVAL");
	const held = thread.table.at(mount | 0);
	const isAnchor = held instanceof OpenFile && !held.pathOnly;
	if ((mount | 0) !== -100 && !isAnchor) return no("EBADF");
	if (!thread.holdsReadSearch || !isAnchor) return no("EPERM");
	return openHeld(kernel, thread, held.mountId, pointer);
}
/** The same of one with CAP_DAC_READ_SEARCH: reading needs no permission then, writing does. */
function openHeld(kernel, thread, mountId, pointer) {
	const handle = thread.process.memory.view(pointer, 16);
	if (handle === void 0 || handle.length < 16) return no("EFAULT");
	const words = new DataView(handle.buffer, handle.byteOffset);
	const [inode, generation] = [words.getUint32(8, true), words.getUint32(12, true)];
	const device = kernel.files.mounts.get(mountId)?.device ?? 0;
	const file = kernel.files.decode(device, inode, generation);
	if (file === void 0) return no("ESTALE");
	const flags = thread.registers.argument(2);
	if ((flags & flag.O_ACCMODE) !== 0 && !mayAccess(thread, file, 2)) return no("EACCES");
	return thread.table.add(new OpenFile(file, mountId, (flags & flag.O_PATH) !== 0, flags));
}
/** name_to_handle_at(2) with the caller's own rights; it asks for no capability. */
function nameToHandle(kernel, thread) {
	const { registers, process } = thread;
	const flags = registers.argument(4);
	if ((flags & -5121) !== 0) return no("EINVAL");
	const file = namedFile(kernel, thread, registers.argument(1), flags);
	if (typeof file === "number") return file;
	const handle = process.memory.view(registers.argument(2), 16);
	if (handle === void 0 || handle.length < headerBytes$1) return no("EFAULT");
	const words = new DataView(handle.buffer, handle.byteOffset, handle.length);
	const room = words.getUint32(0, true);
	if (room > maximumHandleBytes$1) return no("EINVAL");
	const mountId = process.memory.view(registers.argument(3), 4);
	if (mountId === void 0 || mountId.length < 4) return no("EFAULT");
	new DataView(mountId.buffer, mountId.byteOffset).setInt32(0, mountOf$1(thread), true);
	words.setUint32(0, 8, true);
	words.setInt32(4, room < 8 ? 255 : 1, true);
	if (room < 8) return no("EOVERFLOW");
	if (handle.length < 16) return no("EFAULT");
	words.setUint32(8, file.inode, true);
	words.setUint32(12, file.generation, true);
	return 0;
}
/** The mount of the call's base; what the model's paths name is on the same one. */
function mountOf$1(thread) {
	const held = thread.table.at(thread.registers.argument(0) | 0);
	return held instanceof OpenFile ? held.mountId : thread.workingMount;
}
function namedFile(kernel, thread, pointer, flags) {
	const path = readPath$1(thread, pointer);
	if (typeof path === "number") return path;
	if (path === "" && (flags & AT_EMPTY_PATH) === 0) return no("ENOENT");
	const base = baseOf(kernel.files, thread, thread.registers.argument(0) | 0);
	if (base === void 0) return no("EBADF");
	if (path === "") return base.file;
	const may = (file, mode) => mayAccess(thread, file, mode);
	return walkPath({
		files: kernel.files,
		...base,
		may
	}, path, (flags & AT_SYMLINK_FOLLOW) !== 0);
}
function readPath$1(thread, pointer) {
	const bytes = thread.process.memory.view(pointer, pathLimit$1);
	if (bytes === void 0) return no("EFAULT");
	const end = bytes.indexOf(0);
	if (end < 0) return bytes.length < pathLimit$1 ? no("EFAULT") : no("ENAMETOOLONG");
	return String.fromCharCode(...bytes.subarray(0, end));
}
/** Do a user and a group have these rights to a file, by its permission bits alone? */
function mayAccess({ user, group }, file, mode) {
	const shift = file.user === user ? 6 : (file.group ?? file.user) === group ? 3 : 0;
	return (file.mode >> shift & mode) === mode;
}
// simulator/kernel/native-calls.ts
/** struct msghdr of recvmsg(2), in bytes. */
const messageHeader$1 = {
	control: 32,
	controlLength: 40,
	flags: 48
};
const CLONE_FILES = 1024;
const oneDescriptorLength$1 = 20;
const oneDescriptorSpace = 24;
const SCM_RIGHTS = 1;
const SOL_SOCKET = 1;
const MSG_CTRUNC = 8;
const MSG_CMSG_CLOEXEC = 1073741824;
/** What the kernel itself does on a call, with the caller's own rights. An unknown one fails loudly. */
function runNative(kernel, thread, number) {
	const { registers, process } = thread;
	const argument = (index) => registers.argument(index);
	if ((number & 1073741824) !== 0) return no("ENOSYS");
	switch (number) {
		case syscall.openByHandleAt: return openByHandle(kernel, thread, argument(0), argument(1));
		case syscall.nameToHandleAt: return nameToHandle(kernel, thread);
		case syscall.close: return thread.table.close(argument(0));
		case syscall.dup: return duplicateLowest(thread, argument(0));
		case syscall.unshare: return unshare(thread, argument(0));
		case syscall.dup3: return duplicate(thread, argument(0), argument(1), argument(2));
		case syscall.recvmsg: return receiveMessage(thread, argument(0), argument(1), argument(2));
		case syscall.mmap: return process.memory.map(argument(1));
		case syscall.munmap: return process.memory.unmap(argument(0)) ? 0 : no("EINVAL");
		default: throw deputyError("DEPUTY_E_MODEL_GAP", { what: `system call ${number}` });
	}
}
function duplicateLowest({ table }, from) {
	const description = table.at(from);
	return description === void 0 ? no("EBADF") : table.add(description);
}
/** unshare(2): of the table of descriptors only. */
function unshare(thread, flags) {
	if (flags !== CLONE_FILES) throw deputyError("DEPUTY_E_MODEL_GAP", { what: `unshare(${flags})` });
	thread.unshareTable();
	return 0;
}
function duplicate({ table }, from, to, flags) {
	const description = table.at(from);
	if (description === void 0) return no("EBADF");
	if (from === to) return no("EINVAL");
	if (to >= table.limit) return no("EBADF");
	table.put(to, description, (flags & flag.O_CLOEXEC) !== 0);
	return to;
}
/** recvmsg(2) of a datagram without bytes: what counts are the descriptors that come with it. */
function receiveMessage({ process, table }, number, header, flags) {
	const socket = table.at(number);
	if (socket === void 0) return no("EBADF");
	if (!(socket instanceof SocketEnd)) return no("ENOTSOCK");
	const bytes = process.memory.view(header, 56);
	if (bytes === void 0 || bytes.length < 56) return no("EFAULT");
	const passed = socket.queue.shift();
	if (passed === void 0) return no("EAGAIN");
	const words = new DataView(bytes.buffer, bytes.byteOffset);
	const control = Number(words.getBigUint64(messageHeader$1.control, true));
	const room = process.memory.view(control, oneDescriptorSpace);
	const given = table.add(passed, (flags & MSG_CMSG_CLOEXEC) !== 0);
	passed.release();
	if (given < 0 || room === void 0) {
		words.setBigUint64(messageHeader$1.controlLength, 0n, true);
		words.setUint32(messageHeader$1.flags, MSG_CTRUNC, true);
		return 0;
	}
	const message = new DataView(room.buffer, room.byteOffset);
	message.setBigUint64(0, BigInt(oneDescriptorLength$1), true);
	message.setInt32(8, SOL_SOCKET, true);
	message.setInt32(12, SCM_RIGHTS, true);
	message.setInt32(16, given, true);
	words.setBigUint64(messageHeader$1.controlLength, BigInt(oneDescriptorSpace), true);
	return 0;
}
// simulator/kernel/tracing.ts
/** PTRACE_O_ options (ptrace(2)). */
const traceOption$1 = {
	EXITKILL: 1048576,
	SUSPEND_SECCOMP: 2097152
};
const killedStatus = 9;
function stopsAtCalls({ tracing }) {
	return tracing?.stopsAtCalls === true;
}
function isTraced({ tracing }) {
	return tracing !== void 0;
}
/** The thread's filters are not asked while its tracer wants that. */
function suspendsFilters({ tracing }) {
	return tracing !== void 0 && (tracing.options & traceOption$1.SUSPEND_SECCOMP) !== 0;
}
function enterStop(thread, stop, signal = 0) {
	const { tracing } = thread;
	if (tracing === void 0) return;
	thread.mode = "trace-stopped";
	tracing.stop = stop;
	tracing.stopSignal = signal;
	tracing.isUnreported = true;
	tracing.stopsAtCalls = false;
	tracing.tracer.whenStopped?.(thread);
}
/** PTRACE_SEIZE: 0, -ESRCH, -EPERM. */
function seize(kernel, tracer, threadId) {
	const thread = kernel.threads.get(threadId);
	if (thread === void 0) return no("ESRCH");
	if (thread.tracing !== void 0) return no("EPERM");
	thread.tracing = {
		tracer,
		options: 0,
		trapPending: false,
		stop: void 0,
		stopSignal: 0,
		isUnreported: false,
		stopsAtCalls: false
	};
	return 0;
}
/** PTRACE_INTERRUPT: 0 or -ESRCH. */
function interrupt(kernel, tracer, threadId) {
	const thread = tracee(kernel, tracer, threadId);
	if (thread?.tracing === void 0) return no("ESRCH");
	thread.tracing.trapPending = true;
	if (thread.mode === "group-stopped") {
		thread.mode = "leaving";
		kernel.wake(thread, () => leaveKernel(kernel, thread));
	} else kernel.interrupt(thread);
	return 0;
}
/** The thread, if it is this tracer's. */
function tracee(kernel, tracer, threadId) {
	const thread = kernel.threads.get(threadId);
	return thread?.tracing?.tracer === tracer ? thread : void 0;
}
/** The thread, if it is this tracer's and has stopped. */
function stopped(kernel, tracer, threadId) {
	const thread = tracee(kernel, tracer, threadId);
	return thread?.mode === "trace-stopped" ? thread : void 0;
}
/** wait4(2) without waiting: a status, 0 when there is nothing new, -ECHILD when it isn't ours. */
function takeStatus(thread, tracer) {
	const { tracing } = thread;
	if (tracing?.tracer !== tracer) return no("ECHILD");
	if (!tracing.isUnreported) return 0;
	tracing.isUnreported = false;
	if (thread.mode === "dead") {
		thread.tracing = void 0;
		return killedStatus;
	}
	if (tracing.stop === "event") return tracing.stopSignal << 8 | 8388735;
	if (tracing.stop === "signal") return tracing.stopSignal << 8 | 127;
	return 34175;
}
/** PTRACE_CONT, PTRACE_SYSCALL and PTRACE_DETACH of a stopped thread, with a signal or 0. */
function resume(kernel, tracer, threadId, signal, how) {
	const thread = stopped(kernel, tracer, threadId);
	if (thread?.tracing === void 0) return no("ESRCH");
	const { tracing } = thread;
	const { stop } = tracing;
	tracing.stop = void 0;
	tracing.isUnreported = false;
	tracing.stopsAtCalls = how === "syscall";
	if (how === "detach") release(thread);
	goOn(kernel, thread, stop, signal, how === "detach");
	return 0;
}
function goOn(kernel, thread, stop, signal, isReleased) {
	thread.mode = "leaving";
	kernel.wake(thread, () => {
		if (stop === "entry") return dispatch(kernel, thread);
		if (stop === "exit" && !isReleased) return leaveCall(kernel, thread);
		if (signal !== 0 && stop !== "event") deliver(kernel, thread, signal);
		leaveKernel(kernel, thread);
	});
}
/** Nobody traces it any more: a stop of its process is its own again. */
function release(thread) {
	if (thread.tracing?.trapPending === true) thread.looksForSignals = true;
	thread.tracing = void 0;
	if (thread.process.isStopped) thread.isStopRequested = true;
}
/** The process may have been a tracer: its threads run on, or die where it had asked for that. */
function endTracer(kernel, tracer) {
	for (const thread of [...kernel.threads.values()]) {
		const { tracing } = thread;
		if (tracing?.tracer !== tracer) continue;
		release(thread);
		if ((tracing.options & traceOption$1.EXITKILL) !== 0) kernel.kill(thread.process);
		else if (thread.mode === "trace-stopped") goOn(kernel, thread, tracing.stop, tracing.stopSignal, true);
	}
}
/** Its tracer learns of a thread's end before anybody else does. */
function tellTracerOfDeath(thread) {
	const { tracing } = thread;
	if (tracing === void 0 || !tracing.tracer.alive) return;
	tracing.isUnreported = true;
	tracing.tracer.whenStopped?.(thread);
}
// simulator/kernel/thread-life.ts
/** The thread runs its program: at a `syscall` instruction it makes the call, behind it it has the result. */
function toUser(kernel, thread) {
	thread.mode = "user";
	if (thread.registers.get(register.rip) === thread.callSite) return enterCall(kernel, thread);
	if (thread.call !== void 0) return returned(kernel, thread);
	const { deferred } = thread;
	thread.deferred = void 0;
	deferred?.();
}
function returned(kernel, thread) {
	const { call, whenReturned } = thread;
	if (call === void 0) return;
	thread.call = void 0;
	thread.whenReturned = void 0;
	const result = thread.registers.get(register.rax);
	kernel.watch.returned?.(thread, call, result);
	whenReturned?.(result);
}
function enterCall(kernel, thread) {
	const { registers } = thread;
	const number = registers.get(register.rax);
	registers.set(register.originalRax, number);
	registers.set(register.rax, no("ENOSYS"));
	registers.set(register.rip, thread.callSite + 2);
	thread.mode = "leaving";
	if (stopsAtCalls(thread)) return enterStop(thread, "entry");
	dispatch(kernel, thread);
}
/** The call itself: under a filter, or as the kernel does it. */
function dispatch(kernel, thread) {
	const { registers, process } = thread;
	const number = registers.get(register.originalRax);
	if (!suspendsFilters(thread)) {
		if (process.fatalCalls.has(number)) return kernel.signal(process, signal.SIGSYS);
		if (thread.filter?.numbers.has(number) === true) return notify(kernel, thread, number);
	}
	finishCall(kernel, thread, runNative(kernel, thread, number));
}
function notify(kernel, thread, number) {
	const { registers } = thread;
	const values = [
		0,
		1,
		2,
		3,
		4,
		5
	].map((index) => registers.argument(index));
	const pointer = registers.get(register.rip);
	const notification = thread.filter?.notify(thread, number, pointer, values, kernel.callCount);
	if (notification === void 0) return finishCall(kernel, thread, no("ENOSYS"));
	thread.notification = notification;
	thread.mode = "waiting";
	kernel.watch.notified?.(notification);
	if (hasWork(thread)) interruptWait(kernel, thread);
}
/** Is anything to be done on the way out (TIF_SIGPENDING)? Only then are calls begun anew. */
function hasWork(thread) {
	if (thread.looksForSignals) return true;
	return thread.isStopRequested || thread.tracing?.trapPending === true || unmasked(thread) > 0;
}
function finishCall(kernel, thread, result) {
	thread.registers.set(register.rax, result);
	if (stopsAtCalls(thread)) return enterStop(thread, "exit");
	leaveCall(kernel, thread);
}
/** Out of a call that has its result: by way of signals and stops if there are any. */
function leaveCall(kernel, thread) {
	if (hasWork(thread)) return leaveKernel(kernel, thread);
	thread.registers.set(register.originalRax, -1);
	toUser(kernel, thread);
}
/** The answer has reached the thread. */
function completeNotified(kernel, notification) {
	const { thread, filter, response } = notification;
	if (thread.notification !== notification || response === void 0) return;
	filter.remove(notification);
	thread.notification = void 0;
	thread.mode = "leaving";
	if (response.isContinue) return finishCall(kernel, thread, runNative(kernel, thread, notification.number));
	finishCall(kernel, thread, response.error === 0 ? response.value : response.error);
}
/** Ends a thread's wait, if what has come may end it: its notification is gone, and the call to be redone. */
function interruptWait(kernel, thread) {
	const { notification } = thread;
	if (notification === void 0 || !notification.filter.isInterruptible(notification)) return;
	notification.filter.remove(notification);
	thread.notification = void 0;
	thread.mode = "leaving";
	kernel.watch.interrupted?.(notification);
	thread.registers.set(register.rax, ERESTARTSYS);
	kernel.wake(thread, () => leaveKernel(kernel, thread));
}
/** The way out of the kernel: stops, signals, restarts, in its order (kernel/signal.c, get_signal()). */
function leaveKernel(kernel, thread) {
	thread.looksForSignals = false;
	for (;;) {
		if (thread.mode === "dead") return;
		thread.mode = "leaving";
		if (thread.tracing?.trapPending === true) {
			thread.tracing.trapPending = false;
			return enterStop(thread, "event", thread.process.isStopped ? signal.SIGSTOP : signal.SIGTRAP);
		}
		if (thread.isStopRequested) return stopWithGroup(thread);
		const number = takeSignal(thread);
		if (number === 0) break;
		if (thread.tracing !== void 0) return enterStop(thread, "signal", number);
		deliver(kernel, thread, number);
	}
	restartIfAsked(thread);
	toUser(kernel, thread);
}
function stopWithGroup(thread) {
	if (thread.tracing === void 0) thread.mode = "group-stopped";
	else {
		thread.isStopRequested = false;
		enterStop(thread, "event", signal.SIGSTOP);
	}
}
/** The program's handler runs; what it interrupts is begun anew, or fails with EINTR. */
function deliver(kernel, thread, number) {
	const { process, registers } = thread;
	if (number === signal.SIGSTOP) return kernel.stopGroup(process);
	const action = process.handlers.get(number);
	if (action === void 0) return kernel.kill(process);
	process.handled.set(number, (process.handled.get(number) ?? 0) + 1);
	if (!(registers.get(register.originalRax) >= 0 && registers.get(register.rax) === -512) || action.restarts) return restartIfAsked(thread);
	registers.set(register.rax, no("EINTR"));
	registers.set(register.originalRax, -1);
}
/** ERESTARTSYS without a handler, and ERESTARTNOINTR always: back to the instruction. */
function restartIfAsked(thread) {
	const { registers } = thread;
	const number = registers.get(register.originalRax);
	const result = registers.get(register.rax);
	registers.set(register.originalRax, -1);
	if (number < 0 || result !== -512 && result !== -513) return;
	registers.set(register.rax, number);
	registers.set(register.rip, registers.get(register.rip) - 2);
}
function unmasked(thread) {
	return thread.pending.find((number) => !thread.signalMask.has(number)) ?? 0;
}
function takeSignal(thread) {
	const number = unmasked(thread);
	if (number !== 0) thread.pending.splice(thread.pending.indexOf(number), 1);
	return number;
}
// simulator/kernel/kernel.ts
/** Costs of what the kernel does by itself, in microseconds: from, to. */
const wakeUpUs = [2, 40];
/** The modelled kernel: processes, threads, descriptors, files, filters. It knows nothing of deputy. */
var Kernel = class {
	scheduler;
	random;
	watch;
	files = new FileTree();
	processes = /* @__PURE__ */ new Map();
	threads = /* @__PURE__ */ new Map();
	filters = [];
	nextProcessId = 100;
	nextSocketInode = 9e3;
	calls = 0;
	constructor(scheduler, random, watch) {
		this.scheduler = scheduler;
		this.random = random;
		this.watch = watch;
	}
	spawn(actor, { descriptorLimit = 1024 } = {}) {
		const process = new ModelProcess(this.nextProcessId++, actor, descriptorLimit);
		this.processes.set(process.processId, process);
		this.watch.spawned?.(process);
		return process;
	}
	/** A thread with memory of its own; `threadId` is given where a number is used again. */
	addThread(process, user, actor, workingMount, threadId) {
		const id = threadId ?? this.nextProcessId++;
		const thread = new ModelThread(id, process, user, actor, workingMount);
		thread.beganAtUs = this.scheduler.nowUs;
		const stack = stackTop - 16384 * (process.threads.length + 1);
		process.memory.add(stack, 4096);
		thread.registers.set(register.rsp, stack + 4096 - 512);
		process.threads.push(thread);
		this.threads.set(id, thread);
		return thread;
	}
	/** Puts a process under a filter that notifies of these calls (SECCOMP_FILTER_FLAG_NEW_LISTENER). */
	installFilter(process, key, isKillable, numbers) {
		const filter = new Filter(key, isKillable, new Set(numbers), this.random, {
			replied: (notification) => this.replied(notification),
			added: (notification, number, source) => this.watch.added?.(notification, number, source)
		});
		process.filter = filter;
		for (const thread of process.threads) thread.filter = filter;
		filter.users++;
		this.filters.push(filter);
		return filter;
	}
	/** seccomp(2) of a thread: its listener's number, or -EBUSY under a filter whose listener is still held. */
	seccomp(thread, key, isKillable, numbers) {
		if (thread.filter?.listener !== void 0) return no("EBUSY");
		const { process } = thread;
		const others = process.threads.filter((other) => other !== thread).map((other) => other.filter);
		const filter = this.installFilter(process, key, isKillable, numbers);
		process.threads.filter((other) => other !== thread).forEach((other, index) => {
			other.filter = others[index];
		});
		return filter.listener === void 0 ? no("EINVAL") : thread.table.add(filter.listener, true);
	}
	/** Two ends of a socket pair. */
	socketPair() {
		const ends = [new SocketEnd(this.nextSocketInode++), new SocketEnd(this.nextSocketInode++)];
		ends[0].peer = ends[1];
		ends[1].peer = ends[0];
		return ends;
	}
	/** A program makes a call; `returned` gets its result, unless the thread dies in it. */
	call(thread, call, returned) {
		const begin = () => {
			const { registers } = thread;
			registers.set(register.rax, call.number);
			call.values.forEach((value, index) => {
				registers.setArgument(index, value);
			});
			registers.set(register.rip, thread.callSite);
			thread.call = call;
			thread.whenReturned = returned;
			this.calls++;
			this.watch.called?.(thread, call);
			toUser(this, thread);
		};
		if (thread.mode === "dead") return;
		if (thread.mode === "user") begin();
		else thread.deferred = begin;
	}
	/** How many calls programs have made: the number of the present one. */
	get callCount() {
		return this.calls;
	}
	/** Sends a signal to a process (kill(2)); its first thread gets it. */
	signal(process, number) {
		if (!process.alive || process.threads.length === 0 && number !== signal.SIGKILL) return;
		this.watch.signalled?.(process, number);
		if (number === signal.SIGKILL) return this.kill(process);
		if (process.ignored.has(number)) return;
		if (number === signal.SIGSTOP) return this.stopGroup(process);
		if (number === signal.SIGCONT) return this.continueGroup(process);
		if (!process.handlers.has(number)) {
			if (!(number === signal.SIGCHLD || number === signal.SIGWINCH)) this.kill(process);
			return;
		}
		const receiver = process.threads.find(({ mode, signalMask }) => mode !== "dead" && !signalMask.has(number)) ?? process.threads[0];
		if (receiver !== void 0) this.queue(receiver, number);
	}
	/** Sends a signal to one thread (tgkill(2)). */
	signalThread(thread, number) {
		const { process } = thread;
		if (thread.mode === "dead") return;
		if (!(process.handlers.has(number) || number === signal.SIGSTOP && isTraced(thread)) || process.ignored.has(number)) return this.signal(process, number);
		this.watch.signalled?.(process, number);
		this.queue(thread, number);
	}
	/** A thread blocks a signal, or no longer does: one that waited comes then. */
	blockSignal(thread, number, isBlocked) {
		const mask = new Set(thread.signalMask);
		if (isBlocked) mask.add(number);
		else mask.delete(number);
		thread.signalMask = mask;
		if (!isBlocked && thread.pending.includes(number)) this.interrupt(thread);
	}
	queue(thread, number) {
		if (thread.pending.includes(number)) return;
		thread.pending.push(number);
		if (!thread.signalMask.has(number)) this.interrupt(thread);
	}
	/** Ends a process at once: its memory is gone, its descriptors are closed, in the kernel's order. */
	kill(process) {
		if (!process.alive) return;
		process.alive = false;
		for (const thread of process.threads) {
			if (thread.notification !== void 0) thread.notification.filter.remove(thread.notification);
			thread.notification = void 0;
			thread.mode = "dead";
			if (this.threads.get(thread.threadId) === thread) this.threads.delete(thread.threadId);
			thread.dropTable();
			tellTracerOfDeath(thread);
		}
		endTracer(this, process);
		process.table.closeAll();
		this.processes.delete(process.processId);
		process.filter?.leave();
		this.watch.died?.(process);
		for (const tell of process.whenDead.splice(0)) tell();
	}
	/** Something is to be done by this thread on its way out of the kernel: a wait that can end, ends. */
	interrupt(thread) {
		if (thread.mode === "waiting") interruptWait(this, thread);
		else if (thread.mode === "user") {
			thread.mode = "leaving";
			this.wake(thread, () => leaveKernel(this, thread));
		}
	}
	/** Has the thread run a little later. */
	wake(thread, run) {
		const [from, to] = wakeUpUs;
		this.scheduler.after(this.random.between(from, to), thread.process, () => {
			if (thread.mode !== "dead") run();
		});
	}
	/** Closes a descriptor of a process: 0 or -EBADF. */
	close(process, number) {
		return process.table.close(number);
	}
	/** Opens one more descriptor in a process. */
	open(process, description, closeOnExec = true) {
		return process.table.add(description, closeOnExec);
	}
	/** Is the thread's instruction pointer right behind its `syscall` instruction? */
	isBehindCall(thread) {
		return thread.registers.get(register.rip) === thread.callSite + 2;
	}
	replied(notification) {
		this.watch.replied?.(notification);
		this.wake(notification.thread, () => completeNotified(this, notification));
	}
	/** SIGSTOP has reached a process: all of its threads stop. */
	stopGroup(process) {
		process.isStopped = true;
		for (const thread of process.threads) {
			thread.isStopRequested = true;
			this.interrupt(thread);
		}
	}
	continueGroup(process) {
		process.isStopped = false;
		for (const thread of process.threads) {
			thread.isStopRequested = false;
			if (thread.tracing !== void 0) {
				thread.tracing.trapPending = true;
				this.interrupt(thread);
			}
			if (thread.mode !== "group-stopped") continue;
			thread.mode = "leaving";
			this.wake(thread, () => leaveKernel(this, thread));
		}
	}
};
// simulator/ports/model-seal-keys.ts
const offsetBasis = 2166136261;
const prime = 16777619;
/** Keys of a modelled world: their MAC is a plain hash, the same in every run, and protects nothing. */
var ModelSealKeys = class {
	currentKey;
	known = /* @__PURE__ */ new Set();
	/** When each key was retired. */
	retiredAtUs = /* @__PURE__ */ new Map();
	constructor(currentKey = 1) {
		this.currentKey = currentKey;
		if (currentKey !== 0) this.known.add(currentKey);
	}
	/** The operator's next key. The one before opens what it sealed from then on as well, unless retired. */
	rotate(retires, nowUs) {
		const former = this.currentKey;
		this.currentKey = former + 1;
		this.known.add(this.currentKey);
		if (!retires) return;
		this.known.delete(former);
		this.retiredAtUs.set(former, nowUs);
	}
	sign(keyId, scope, message, mac) {
		if (!this.known.has(keyId)) return false;
		for (let word = 0; word * 4 < mac.length; word++) {
			const hash = this.hash(keyId + word * 2654435769, scope, message);
			for (let byte = 0; byte < 4; byte++) mac[word * 4 + byte] = hash >>> 8 * byte;
		}
		return true;
	}
	verify(keyId, scope, message, mac) {
		const right = new Uint8Array(mac.length);
		if (!this.sign(keyId, scope, message, right)) return sealVerdict.keyUnknown;
		return right.every((byte, index) => byte === mac[index]) ? sealVerdict.right : sealVerdict.wrong;
	}
	hash(seed, scope, message) {
		let hash = Math.imul(offsetBasis ^ seed, prime);
		for (let index = 0; index < scope.length; index++) hash = Math.imul(hash ^ scope.charCodeAt(index), prime);
		for (const byte of message) hash = Math.imul(hash ^ byte, prime);
		hash ^= hash >>> 16;
		hash = Math.imul(hash, 2246822507);
		hash ^= hash >>> 13;
		return Math.imul(hash, 3266489909);
	}
};
// simulator/scheduler/scheduler.ts
/**
* Virtual time, in whole microseconds, and what happens when: one event at a time, those of one moment in the
* order in which they were asked for. A completion of an asynchronous port is an event as any other.
*/
var Scheduler = class {
	heap = [];
	count = 0;
	nowUs = 0;
	/** The trace entry that the present event goes back to. */
	cause = null;
	get pending() {
		return this.heap.length;
	}
	/** Has `run` called `delayUs` from now, unless its owner is gone by then. */
	after(delayUs, owner, run) {
		const timeUs = this.nowUs + Math.max(0, Math.round(delayUs));
		this.push({
			timeUs,
			order: this.count++,
			owner,
			cause: this.cause,
			run
		});
	}
	/** The time of the next event; infinite when there is none. */
	get nextUs() {
		return this.heap[0]?.timeUs ?? Number.POSITIVE_INFINITY;
	}
	/** Lets the next event happen: false when there is none. */
	step() {
		const event = this.pop();
		if (event === void 0) return false;
		this.nowUs = event.timeUs;
		const { owner } = event;
		if (owner !== void 0 && !owner.alive) return true;
		const heldUntilUs = owner?.heldUntilUs ?? 0;
		if (heldUntilUs > this.nowUs) {
			if (Number.isFinite(heldUntilUs)) this.push({
				...event,
				timeUs: heldUntilUs,
				order: this.count++
			});
			return true;
		}
		this.cause = event.cause;
		event.run();
		return true;
	}
	push(event) {
		const { heap } = this;
		let at = heap.length;
		heap.push(event);
		while (at > 0) {
			const parent = at - 1 >> 1;
			const above = heap[parent];
			if (!isBefore(event, above)) break;
			heap[at] = above;
			at = parent;
		}
		heap[at] = event;
	}
	pop() {
		const { heap } = this;
		const first = heap[0];
		const last = heap.pop();
		if (first === void 0 || last === void 0 || first === last) return first;
		let at = 0;
		for (;;) {
			let child = at * 2 + 1;
			if (child >= heap.length) break;
			const right = heap[child + 1];
			if (right !== void 0 && isBefore(right, heap[child])) child++;
			const below = heap[child];
			if (!isBefore(below, last)) break;
			heap[at] = below;
			at = child;
		}
		heap[at] = last;
		return first;
	}
};
function isBefore(one, other) {
	return one.timeUs < other.timeUs || one.timeUs === other.timeUs && one.order < other.order;
}
// core/journal/open-record-scan.ts
/** Looks a record's place in the order up: is that where its ticket says? */
function holdsIn(at, lowTicket, slot) {
	const entry = at(slot + (lowTicket - slot | 0));
	if (entry === void 0) return true;
	return entry.place === placeIn(slot) + 1 && entry.segment === segmentOf(slot);
}
/**
* Finds what earlier epochs left unfinished, shown to it slot by slot, eldest segment first. Of a request
* that several epochs had in hand only the last record counts.
*/
var OpenRecordScan = class {
	holds;
	open = /* @__PURE__ */ new Map();
	/** The eldest epoch of which something is open: what is finished matters only behind it. */
	eldestOpenEpoch = Number.POSITIVE_INFINITY;
	constructor(holds) {
		this.holds = holds;
	}
	/** Looks at a slot. RECV may have filled one without its loop getting any further. */
	judge(chunk, at, slot) {
		const kind = chunk.getUint32(at + offset.kind, true);
		if (kind !== recordKind.request && kind !== recordKind.free) return;
		const notificationId = chunk.getBigUint64(at + offset.notificationId, true);
		if (notificationId === 0n) return;
		const epoch = chunk.getUint32(at + offset.epoch, true);
		const isFinished = chunk.getUint32(at + offset.commit, true) === 1 && this.holds(chunk.getUint32(at + offset.ticket, true), slot);
		if (isFinished && epoch <= this.eldestOpenEpoch) return;
		const listener = chunk.getUint32(at + offset.listener, true);
		const key = `${listener}/${notificationId}`;
		if (isFinished) {
			this.open.delete(key);
			return;
		}
		this.eldestOpenEpoch = Math.min(this.eldestOpenEpoch, epoch);
		const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset + at, 512).slice();
		this.open.set(key, {
			listener,
			notificationId,
			slot,
			epoch,
			bytes
		});
	}
	/** What is open, in the order of slots. */
	found() {
		return [...this.open.values()].sort((a, b) => a.slot - b.slot);
	}
};
// simulator/storage/journal-files.ts
/** One segment's file. Its bytes survive whoever wrote them: it is mapped, and the kernel has the pages. */
var SegmentFile = class {
	segment;
	epoch;
	wallClockBaseMs;
	openFrom;
	blocks = [];
	/** By place: which record was finished next. */
	order = [];
	/** Payloads of event records, by place. */
	texts = /* @__PURE__ */ new Map();
	constructor(segment, epoch, wallClockBaseMs, openFrom) {
		this.segment = segment;
		this.epoch = epoch;
		this.wallClockBaseMs = wallClockBaseMs;
		this.openFrom = openFrom;
	}
	block(index) {
		const known = this.blocks[index];
		if (known !== void 0) return known;
		const buffer = /* @__PURE__ */ new ArrayBuffer(32768);
		const block = {
			views: new RecordViews({
				buffer,
				address: 0
			}),
			data: new DataView(buffer)
		};
		this.blocks[index] = block;
		return block;
	}
};
/** The journal's directory: what a supervisor leaves, and its successor finds. */
var JournalFiles = class {
	segments = /* @__PURE__ */ new Map();
	/** The disk has no room: no segment can be made. */
	isFull = false;
	/** What the publisher knew when it had published all before a ticket; JSON, as in its file. */
	checkpoint;
	/** Kept for when the store loses its end, the newest first. */
	oldCheckpoints = [];
	/** Makes a segment; undefined when the disk is full. */
	create(segment, epoch, wallClockBaseMs, openFrom) {
		if (this.isFull) return void 0;
		const file = new SegmentFile(segment, epoch, wallClockBaseMs, openFrom);
		this.segments.set(segment, file);
		return file;
	}
	get numbers() {
		return [...this.segments.keys()].sort((a, b) => a - b);
	}
	/** Where the last writer left off; before the first one all are 0. */
	last() {
		return this.segments.get(this.numbers.at(-1) ?? -1) ?? {
			segment: 0,
			epoch: 0,
			openFrom: 0
		};
	}
	/** What earlier epochs left unfinished, as readOpenRecords() finds it. */
	openRecords(from, before) {
		const scan = new OpenRecordScan((ticket, slot) => holdsIn((full) => this.orderAt(full), ticket, slot));
		for (const number of this.numbers) {
			if (number >= before || number < from) continue;
			this.eachSlot(number, (data, at, slot) => scan.judge(data, at, slot));
		}
		return scan.found();
	}
	/** Each slot that was ever reserved. */
	eachSlot(number, visit) {
		this.segments.get(number)?.blocks.forEach((block, index) => {
			for (let place = 0; block !== void 0 && place < 64; place++) visit(block.data, place * 512, number * recordsPerSegment + index * 64 + place);
		});
	}
	/** The block of a slot; undefined when its segment is gone. */
	blockOf(slot) {
		return this.segments.get(segmentOf(slot))?.block(Math.floor(placeIn(slot) / 64));
	}
	orderAt(ticket) {
		const file = this.segments.get(segmentOf(ticket));
		return file === void 0 ? void 0 : file.order[placeIn(ticket)] ?? {
			place: 0,
			segment: 0
		};
	}
};
// simulator/world/state-hash.ts
/**
* A running hash over all that happens, two words of 32 bits: two runs with the same hash went the same way.
* Not for keeping anybody out; collisions are no attack here.
*/
var StateHash = class {
	low = 2166136261;
	high = 2538058380;
	known = /* @__PURE__ */ new Map();
	number(value) {
		this.low = Math.imul(this.low ^ value, 16777619);
		this.high = Math.imul(this.high ^ this.low, 2246822507) ^ this.high >>> 13;
		return this;
	}
	text(value) {
		return this.number(this.hashOf(value));
	}
	get digest() {
		const hex = (word) => (word >>> 0).toString(16).padStart(8, "0");
		return hex(this.high) + hex(this.low);
	}
	/** Names come again and again. */
	hashOf(text) {
		const known = this.known.get(text);
		if (known !== void 0) return known;
		let hash = 2166136261;
		for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 16777619);
		if (this.known.size < 4096) this.known.set(text, hash);
		return hash;
	}
};
// simulator/world/world.ts
/** The world of one run: its time, its kernel, its disk, and the gate that every step goes through. */
var World = class {
	random;
	watch;
	plan;
	scheduler = new Scheduler();
	kernel;
	disk = new JournalFiles();
	hash = new StateHash();
	/** The keys that seal handles, as every supervisor has them. */
	sealKeys = new ModelSealKeys();
	/** Steps of all actors so far: each is a point at which something can go wrong. */
	points = 0;
	/** Calls of ports by real code of strategies. */
	steps = 0;
	applyFault = () => void 0;
	/** Promises may have been settled: microtasks are drained before the next event. */
	hasMicrotasks = false;
	/** Chains of promises that wait for nothing but their turn: drained to their end. */
	asyncWork = 0;
	/** Somebody writes a trace: names are worth making. */
	isTraced = false;
	/** What the wall clock is ahead of virtual time. */
	wallClockBaseMs = 17672256e5;
	constructor(random, watch, plan) {
		this.random = random;
		this.watch = watch;
		this.plan = plan;
		this.kernel = new Kernel(this.scheduler, random.fork("kernel"), watch);
	}
	get nowUs() {
		return this.scheduler.nowUs;
	}
	/** Has a process go on after a time of its own, drawn between two bounds. */
	later(process, fromUs, toUs, run) {
		this.scheduler.after(this.random.between(fromUs, toUs), process, run);
	}
	/**
	* One step of a process: a point where it can die, hang, or be failed. The work says what follows by
	* itself; it isn't called when the process is gone before it.
	*/
	step(process, kind, name, request, work) {
		const seen = {
			point: this.points++,
			process,
			kind,
			name,
			request
		};
		if (this.plan.isQuiet) return this.finish(seen, work(void 0));
		const due = this.plan.at(seen);
		if (due.length === 0) return this.finish(seen, work(void 0));
		this.underFaults(seen, due, work);
	}
	/** As step(), for a process that does not wait in between: the work's result; undefined when it died. */
	stepAtOnce(process, kind, name, request, work) {
		const seen = {
			point: this.points++,
			process,
			kind,
			name,
			request
		};
		const due = this.plan.isQuiet ? [] : this.plan.at(seen);
		for (const fault of due) if (momentOf(fault) === "before") this.apply(fault, process);
		if (!process.alive) return void 0;
		const result = work(void 0);
		this.finish(seen, result);
		for (const fault of due) if ((momentOf(fault) ?? "before") !== "before") this.apply(fault, process);
		return process.alive ? result : void 0;
	}
	underFaults(seen, due, work) {
		const { process } = seen;
		const at = (moment) => due.filter((fault) => momentOf(fault) === moment);
		for (const fault of at("before")) this.apply(fault, process);
		if (!process.alive) return;
		const slow = due.find((fault) => fault.kind === "slow");
		const errno = due.find((fault) => fault.kind === "errno");
		for (const fault of [slow, errno]) if (fault !== void 0) this.apply(fault, process);
		const run = () => {
			const inside = at("inside");
			const result = work({
				diesInside: inside.some((fault) => fault.kind === "crash" && fault.actor === void 0),
				errno: errno === void 0 ? void 0 : errnoOf(errno)
			});
			for (const fault of [...inside, ...at("after")]) this.apply(fault, process);
			this.finish(seen, result);
		};
		const isHeld = process.heldUntilUs > this.nowUs;
		if (slow !== void 0 && slow.kind === "slow") this.scheduler.after(slow.byUs, process, run);
		else if (isHeld) this.scheduler.after(0, process, run);
		else run();
	}
	apply(fault, process) {
		this.watch.faulted?.(fault, process);
		this.hash.text(fault.kind);
		this.applyFault(fault, process);
	}
	finish(seen, result) {
		this.hash.number(this.nowUs).text(seen.process.actor).text(seen.name).number(result);
		this.watch.stepped?.(seen, result);
	}
};
function momentOf(fault) {
	if (fault.kind === "slow" || fault.kind === "errno") return void 0;
	return "moment" in fault ? fault.moment : "before";
}
function errnoOf(fault) {
	return fault.kind === "errno" ? -errnoNumbers[fault.errno] : void 0;
}
// simulator/ports/adopt-descriptor.ts
/**
* What the Linux adapter finds in a thread's table: the same file on the same mount, at the known number,
* else with the status flags and the mark. From then on the supervisor's descriptor is one of that open file
* description.
*/
function adoptDescriptor(process, thread, descriptor, flags, mark, known) {
	const source = process.table.at(descriptor);
	if (!(source instanceof OpenFile)) return no("EBADF");
	for (const [number, { description }] of thread.table.entries()) {
		if (!(description instanceof OpenFile)) continue;
		const isMarked = mark !== 0 && ((description.statusFlags ^ (flags | mark)) & -754625) === 0;
		if (known >= 0 ? number !== known : !isMarked) continue;
		if (description.file !== source.file || description.mountId !== source.mountId) continue;
		process.table.put(descriptor, description, true);
		return number;
	}
	return no("ENOENT");
}
// simulator/ports/check-open.ts
/** What an open finds wrong, in the kernel's order (fs/namei.c, do_open(), may_open()): 0 or an errno. */
function checkOpen(file, flags, isReadOnly, who) {
	if ((flags & flag.O_DIRECTORY) !== 0 && file.type !== fileType.directory) return no("ENOTDIR");
	if ((flags & flag.O_PATH) !== 0) return 0;
	const access = flags & flag.O_ACCMODE;
	const truncates = (flags & flag.O_TRUNC) !== 0;
	const writes = access !== 0 || truncates;
	if (file.type === fileType.symlink) return no("ELOOP");
	if (file.type === fileType.directory && writes) return no("EISDIR");
	if (truncates && isReadOnly) return no("EROFS");
	if (writes && !who.mayWrite) return no("EACCES");
	if (writes && file.isRunning === true) return no("ETXTBSY");
	if ((flags & flag.O_NOATIME) !== 0 && !who.isOwner) return no("EPERM");
	return writes && isReadOnly ? no("EROFS") : 0;
}
// simulator/ports/target-memory.ts
const handleStructBytes = 136;
const headerBytes = 8;
const pathLimit = 4096;
/** Copies struct file_handle: how many bytes could be read, or -EFAULT. */
function readHandle(thread, record, register) {
	if (record.argumentIsWild(register)) return no("EFAULT");
	const bytes = thread?.process.memory.view(record.argumentNumber(register), handleStructBytes);
	if (bytes === void 0) return no("EFAULT");
	record.views.u8.set(bytes, record.base + offset.handle);
	return bytes.length;
}
/** Copies a path up to its end: its length, or -EFAULT. */
function readPath(thread, record, register) {
	if (record.argumentIsWild(register)) return no("EFAULT");
	const bytes = thread?.process.memory.view(record.argumentNumber(register), pathLimit);
	const end = bytes?.indexOf(0) ?? -1;
	if (bytes === void 0) return no("EFAULT");
	if (end < 0) return bytes.length < pathLimit ? no("EFAULT") : no("ENAMETOOLONG");
	record.path = String.fromCharCode(...bytes.subarray(0, end));
	return end;
}
/** The file's handle, into the record: 0, or -EOVERFLOW with the size that is needed. */
function encodeHandle(file, record) {
	const room = record.u32(offset.handleBytes);
	record.setU32(offset.handleBytes, 8);
	record.setI32(offset.handleType, room < 8 ? 255 : 1);
	if (room < 8) return no("EOVERFLOW");
	record.setU32(offset.handleData, file.inode);
	record.setU32(offset.handleData + 4, file.generation);
	return 0;
}
function writeHandle(thread, record, register, bytes) {
	const at = record.base + offset.handle;
	return write(thread, record, register, record.views.u8.subarray(at, at + headerBytes + bytes));
}
function writeMountId(thread, record, register, mountId, unique) {
	const bytes = new Uint8Array(new Uint32Array([mountId, 0]).buffer);
	return write(thread, record, register, unique ? bytes : bytes.subarray(0, 4));
}
function write(thread, record, register, bytes) {
	if (record.argumentIsWild(register)) return no("EFAULT");
	const target = thread?.process.memory.view(record.argumentNumber(register), bytes.length);
	if (target === void 0 || target.length < bytes.length) return no("EFAULT");
	target.set(bytes);
	return 0;
}
// simulator/ports/request-kernel.ts
const W_OK$1 = 2;
const X_OK$1 = 1;
/** What F_SETFL can change: O_APPEND, O_NONBLOCK, O_ASYNC, O_DIRECT, O_NOATIME (fcntl(2)). */
const settableFlags = 289792;
/** What F_GETFL shows of an open's flags: those that there are (VALID_OPEN_FLAGS), but for its own alone. */
const shownFlags$1 = 7863299;
/** The port of handlers over the modelled kernel, for one supervisor's loop. */
var ModelRequestKernel = class {
	world;
	process;
	injection;
	abi = abi;
	identity;
	/** Where encodeHandle() leaves the mount's id for writeMountId(). */
	mountId = 0;
	constructor(world, process, injection) {
		this.world = world;
		this.process = process;
		this.injection = injection;
	}
	identifyThread(record) {
		const thread = this.world.kernel.threads.get(record.threadId);
		if (thread === void 0) return no("ESRCH");
		if (record.u16(offset.formerStep) > 0 && thread.beganAtUs > record.f64(offset.receivedAtUs)) return no("ESRCH");
		record.thread = thread;
		return 0;
	}
	checkNotification(record) {
		return this.filterOf(record)?.check(record.notificationId) ?? no("EBADF");
	}
	readHandle(record, register) {
		return readHandle(this.reached(record), record, register);
	}
	readPath(record, register) {
		return readPath(this.reached(record), record, register);
	}
	findMount(record, descriptor) {
		const thread = this.thread(record);
		if (thread.mode === "dead") return no("EBADF");
		let mountId = thread.workingMount;
		if (descriptor !== -100) {
			const held = thread.table.at(descriptor);
			if (held !== void 0 && !(held instanceof OpenFile)) return no("ENXIO");
			if (!(held instanceof OpenFile) || held.pathOnly) return no("EBADF");
			mountId = held.mountId;
		}
		return this.useMount(record, mountId) ? 0 : no("ENXIO");
	}
	checkMountRoot(record) {
		const { mount } = record.mount;
		return isWholeMount(mount) ? 1 : 0;
	}
	locateMount(record, descriptor) {
		const held = this.file(descriptor);
		if (held === void 0) return no("EBADF");
		return this.useMount(record, held.mountId) ? held.file.type : no("ENXIO");
	}
	openMount(record) {
		const mount = record.mount;
		mount.fileSystemId ??= `${mount.fileSystemType}:${mount.mount.device}`;
		if (mount.descriptor >= 0) return 0;
		const root = this.world.kernel.files.rootOf(mount.mount);
		const opened = this.process.table.add(new OpenFile(root, mount.mountId, false, 0), true);
		if (opened < 0) return opened;
		mount.descriptor = opened;
		return 0;
	}
	assumeIdentity(record) {
		const { user, group } = this.thread(record);
		this.identity = {
			user,
			group
		};
		return 0;
	}
	openByHandle(record, flags) {
		const { mount, mountId, descriptor: anchor } = record.mount;
		if (anchor < 0) return no("EBADF");
		if (!(record.u32(offset.handleBytes) >= 8 && record.i32(offset.handleType) === 1)) return no("ESTALE");
		const inode = record.u32(offset.handleData);
		const file = this.world.kernel.files.decode(mount.device, inode, record.u32(offset.handleData + 4));
		if (file === void 0) return no("ESTALE");
		const who = {
			isOwner: file.user === this.identity?.user,
			mayWrite: this.may(file, W_OK$1)
		};
		const errno = checkOpen(file, flags, mount.isReadOnly, who);
		if (errno < 0) return errno;
		const isPath = (flags & flag.O_PATH) !== 0;
		const opened = new OpenFile(file, mountId, isPath, flags & shownFlags$1);
		const descriptor = this.process.table.add(opened, true);
		if (descriptor < 0) return descriptor;
		if (!isPath && (flags & flag.O_TRUNC) !== 0) {
			file.changes++;
			file.truncations++;
		}
		this.world.watch.opened?.(this.process, record, file, flags);
		return descriptor;
	}
	describeFile(_record, descriptor) {
		return this.file(descriptor)?.file.type ?? no("EBADF");
	}
	checkAccess(_record, descriptor, mode) {
		const held = this.file(descriptor);
		if (held === void 0) return no("EBADF");
		if (!this.may(held.file, mode)) return no("EACCES");
		return this.world.kernel.files.mounts.get(held.mountId)?.isReadOnly === true && (mode & W_OK$1) !== 0 ? no("EROFS") : 0;
	}
	fingerprintFile(_record, descriptor) {
		const held = this.file(descriptor);
		return held === void 0 ? no("EBADF") : 1 + held.file.changes;
	}
	closeDescriptor(descriptor) {
		return this.world.kernel.close(this.process, descriptor);
	}
	openPath(record, descriptor, follow) {
		const thread = this.thread(record);
		const { files } = this.world.kernel;
		const { path } = record;
		const base = baseOf(files, thread, descriptor);
		const held = thread.table.at(descriptor);
		if (base === void 0 && held !== void 0 && !path.startsWith("/")) return path === "" ? this.process.table.add(held, true) : no("ENOTDIR");
		if (base === void 0) return no("EBADF");
		const may = (file, mode) => this.may(file, mode);
		const file = path === "" ? base.file : walkPath({
			files,
			...base,
			may
		}, path, follow);
		if (typeof file === "number") return file;
		const folder = file.folder === void 0 ? void 0 : files.named(file.folder);
		if (folder !== void 0 && !this.may(folder, X_OK$1)) return no("EACCES");
		return this.process.table.add(new OpenFile(file, base.mountId, true, flag.O_PATH));
	}
	encodeHandle(record, descriptor, flags) {
		if (flags !== 0) throw deputyError("DEPUTY_E_MODEL_GAP", { what: `flags 0x${flags.toString(16)} of name_to_handle_at` });
		const held = this.description(descriptor);
		if (held === void 0) return no("EBADF");
		if (held instanceof OpenFile) this.mountId = held.mountId;
		return held instanceof OpenFile && this.fileSystemOf(held) !== "proc" ? encodeHandle(held.file, record) : no("EOPNOTSUPP");
	}
	writeHandle(record, register, bytes) {
		const thread = this.reached(record);
		if (this.checkNotification(record) < 0) return no("ENOENT");
		if (thread !== void 0) this.world.watch.wrote?.(this.process, record, thread);
		return writeHandle(thread, record, register, bytes);
	}
	writeMountId(record, register, unique) {
		const thread = this.reached(record);
		if (this.checkNotification(record) < 0) return no("ENOENT");
		if (thread !== void 0) this.world.watch.wrote?.(this.process, record, thread);
		return writeMountId(thread, record, register, this.mountId, unique);
	}
	addDescriptor(record, descriptor, closeOnExec) {
		const source = this.description(descriptor);
		return this.filterOf(record)?.addDescriptor(record.notificationId, source, closeOnExec) ?? no("EBADF");
	}
	setStatusFlags(descriptor, flags) {
		const held = this.file(descriptor);
		if (held === void 0 || held.pathOnly) return no("EBADF");
		held.statusFlags = held.statusFlags & -289793 | flags & settableFlags;
		return 0;
	}
	adoptDescriptor(record, descriptor, flags, mark) {
		const known = record.i32(offset.addedNumber) - 1;
		return adoptDescriptor(this.process, this.thread(record), descriptor, flags, mark, known);
	}
	withdrawDescriptor(record, descriptor, number) {
		const { injection } = this;
		return injection?.withdraw(record, record.listener, descriptor, number) ?? no("ENOSYS");
	}
	answerValue(record, value, errno) {
		const response = {
			value,
			error: -errno,
			isContinue: false
		};
		return this.filterOf(record)?.send(record.notificationId, response) ?? no("EBADF");
	}
	answerContinue(record) {
		return this.filterOf(record)?.send(record.notificationId, {
			value: 0,
			error: 0,
			isContinue: true
		}) ?? no("EBADF");
	}
	injectDescriptor(record, descriptor, closeOnExec) {
		const { injection } = this;
		return injection?.submit(record, record.listener, descriptor, closeOnExec) ?? no("ENOSYS");
	}
	queryInjection(record) {
		if (this.injection === void 0) return no("ENOSYS");
		this.injection.query(record);
		return 0;
	}
	may(file, mode) {
		return mayAccess(this.identity ?? {
			user: -1,
			group: -1
		}, file, mode);
	}
	fileSystemOf({ mountId }) {
		return this.world.kernel.files.mounts.get(mountId)?.fileSystemType;
	}
	useMount(record, mountId) {
		const listener = record.listener;
		record.setF64(offset.mountId, mountId);
		const mount = listener.mounts.get(mountId) ?? this.look(mountId);
		if (mount === void 0) return false;
		listener.mounts.set(mountId, mount);
		record.mount = mount;
		return true;
	}
	look(mountId) {
		const mount = this.world.kernel.files.mounts.get(mountId);
		if (mount === void 0) return void 0;
		const { fileSystemType, mountPoint, root } = mount;
		return {
			mountId,
			fileSystemType,
			mountPoint,
			root,
			verdict: -1,
			mount,
			descriptor: -1
		};
	}
	/** Memory is reached by a thread's number, whoever has that now (process_vm_readv(2)). */
	reached(record) {
		return this.world.kernel.threads.get(record.threadId);
	}
	thread(record) {
		if (record.thread === void 0) throw new Error(`thread ${record.threadId} is used before it is known`);
		return record.thread;
	}
	description(descriptor) {
		return this.process.table.at(descriptor);
	}
	file(descriptor) {
		const held = this.description(descriptor);
		return held instanceof OpenFile ? held : void 0;
	}
	filterOf(record) {
		const held = this.description(record.listener.descriptor);
		return held instanceof ListenerEnd ? held.filter : void 0;
	}
};
// core/policy/defaults.ts
/** Where the hot loop runs in relation to its targets, unless a policy says otherwise. */
const DEFAULT_PLACEMENT = "follow";
/** The limits that hold where a policy says nothing. */
const defaultLimits = Object.freeze({
	inFlightPerTarget: 64,
	deadlineMs: 0,
	deadlineErrno: "EIO"
});
/** An idle target makes no calls either, so silence alone is told of only where a policy asks for it. */
const defaultDegradation = Object.freeze({
	afterMs: 1e4,
	silentMs: 0
});
/** What holds where a policy says nothing, and without a policy file. */
const defaultFields = Object.freeze({
	syscalls: ["open_by_handle_at", "name_to_handle_at"],
	shares: "all",
	filesystems: [
		"ext4",
		"xfs",
		"btrfs",
		"tmpfs",
		"overlay"
	],
	confinement: "sealed",
	dac: "enforce",
	opath: "fast",
	placement: DEFAULT_PLACEMENT,
	strategies: [
		"seccomp-notify",
		"sidecar-caps",
		"file-handle",
		"dispatcher"
	],
	record: "each",
	limits: defaultLimits,
	degradation: defaultDegradation
});
/** The policy that holds without a file. */
function defaultPolicy() {
	return {
		version: 1,
		defaults: defaultFields,
		targets: []
	};
}
// core/policy/glob.ts
/**
* Does the pattern match the whole text? `*` stands for any characters, `?` for exactly one.
* Greedy with one point to go back to, so the time is at most the product of the two lengths (a policy's
* patterns are bounded), whatever a target puts into its metadata; a regular expression could take forever.
*/
function globMatches(pattern, text) {
	let patternIndex = 0;
	let textIndex = 0;
	let starIndex = -1;
	let resumeIndex = 0;
	while (textIndex < text.length) {
		const wanted = pattern[patternIndex];
		if (wanted === "*") {
			starIndex = patternIndex;
			resumeIndex = textIndex;
			patternIndex += 1;
		} else if (wanted === "?" || wanted !== void 0 && wanted === text[textIndex]) {
			patternIndex += 1;
			textIndex += 1;
		} else if (starIndex >= 0) {
			resumeIndex += 1;
			textIndex = resumeIndex;
			patternIndex = starIndex + 1;
		} else return false;
	}
	while (pattern[patternIndex] === "*") patternIndex += 1;
	return patternIndex === pattern.length;
}
// core/policy/merge.ts
/** The base with what was written put over it; limits are merged one by one, lists are replaced. */
function mergeFields(base, written) {
	const { limits = {}, degradation = {} } = written;
	return {
		syscalls: written.syscalls ?? base.syscalls,
		shares: written.shares ?? base.shares,
		filesystems: written.filesystems ?? base.filesystems,
		confinement: written.confinement ?? base.confinement,
		dac: written.dac ?? base.dac,
		opath: written.opath ?? base.opath,
		placement: written.placement ?? base.placement,
		strategies: written.strategies ?? base.strategies,
		record: written.record ?? base.record,
		limits: {
			inFlightPerTarget: limits.inFlightPerTarget ?? base.limits.inFlightPerTarget,
			deadlineMs: limits.deadlineMs ?? base.limits.deadlineMs,
			deadlineErrno: limits.deadlineErrno ?? base.limits.deadlineErrno
		},
		degradation: {
			afterMs: degradation.afterMs ?? base.degradation.afterMs,
			silentMs: degradation.silentMs ?? base.degradation.silentMs
		}
	};
}
// core/policy/metadata.ts
const maximumMetadataLength = 16384;
const maximumTenantLength = 128;
/** The words of a runtime's metadata: separated by white space or commas. */
function metadataWords(metadata) {
	return metadata.slice(0, maximumMetadataLength).split(/[\s,]+/).filter((word) => word !== "");
}
/** Does the pattern match the metadata as a whole, or one of its words? */
function metadataMatches(pattern, metadata) {
	const bounded = metadata.slice(0, maximumMetadataLength);
	return globMatches(pattern, bounded) || metadataWords(bounded).some((word) => globMatches(pattern, word));
}
/**
* The tenant that `tenant=` in the metadata names.
* Two different ones name nobody: a target must not become another tenant by the order of words.
*/
function metadataTenant(metadata) {
	const named = new Set(metadataWords(metadata).filter((word) => word.startsWith("tenant=")).map((word) => word.slice(7)));
	const [tenant] = named;
	if (named.size !== 1 || !tenant || tenant.length > maximumTenantLength || /\p{Cc}/u.test(tenant)) return;
	return tenant;
}
/** Does the target's filter leave opens of directories to the kernel? So its profile says. */
function hasNativeDirectories(metadata) {
	return metadata !== void 0 && metadataWords(metadata).includes("directories=native");
}
// core/policy/match.ts
/** Finds the policy of a target: the first rule that matches, its fields put over the defaults. */
function resolvePolicy(policy, target) {
	const index = policy.targets.findIndex((rule) => ruleMatches(rule, target));
	const rule = policy.targets[index];
	const fields = rule === void 0 ? policy.defaults : mergeFields(policy.defaults, rule);
	const effective = {
		...tenantOf(rule, target),
		...fields
	};
	const { tenantSource, degradation, ...decisive } = effective;
	return deepFreeze(structuredCopy({
		...effective,
		rule: rule === void 0 ? null : index,
		digest: digestOf(decisive)
	}));
}
function ruleMatches({ match }, target) {
	return (match.container === void 0 || globMatches(match.container, target.containerId)) && (match.metadata === void 0 || metadataMatches(match.metadata, target.metadata));
}
function tenantOf(rule, target) {
	if (rule?.tenant !== void 0) return {
		tenant: rule.tenant,
		tenantSource: "policy"
	};
	const tenant = metadataTenant(target.metadata);
	return tenant === void 0 ? {
		tenant: target.containerId,
		tenantSource: "container"
	} : {
		tenant,
		tenantSource: "metadata"
	};
}
/** A copy, so that freezing never reaches the policy that the caller goes on using. */
function structuredCopy(value) {
	return JSON.parse(JSON.stringify(value));
}
function deepFreeze(value) {
	if (typeof value === "object" && value !== null) {
		Object.values(value).forEach(deepFreeze);
		Object.freeze(value);
	}
	return value;
}
// core/policy/hints.ts
const maximumWordLength = 40;
/** The candidate nearest to the word, if it is near enough to be meant. */
function nearestWord(word, candidates) {
	if (word.length > maximumWordLength) return;
	let best;
	let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
	for (const candidate of candidates) {
		const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
		if (distance < bestDistance) {
			best = candidate;
			bestDistance = distance;
		}
	}
	return best;
}
/** Levenshtein's distance, one row at a time. */
function editDistance(left, right) {
	let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
	for (let row = 1; row <= left.length; row += 1) {
		const current = [row];
		for (let column = 1; column <= right.length; column += 1) {
			const substitution = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
			const insertion = (current[column - 1] ?? 0) + 1;
			const deletion = (previous[column] ?? 0) + 1;
			current.push(Math.min(substitution, insertion, deletion));
		}
		previous = current;
	}
	return previous[right.length] ?? 0;
}
// core/policy/schema.ts
const errnoNames = Object.keys(errnoNumbers);
const pattern = z.string().min(1).max(256);
const name$1 = z.string().min(1).max(128).regex(/^[^\p{Cc}]*$/u, "expected no control characters");
const word$1 = z.string().max(64).regex(/^[a-z0-9][a-z0-9_.-]*$/, "expected lower-case letters, digits, _ . -");
const absolutePath = z.string().max(4095).regex(/^\/(?!.*\/\/)(?!.*\/\.\.?(\/|$))[^\p{Cc}]*$/u, "expected an absolute path without '//', '.' or '..' in it");
const syscallSchema = z.enum(["open_by_handle_at", "name_to_handle_at"]);
/** One mount that a target may use; `path` is where the target sees it. */
const shareSchema = z.strictObject({
	name: name$1,
	path: absolutePath,
	id: name$1.optional()
});
const limitsSchema = z.strictObject({
	inFlightPerTarget: z.int().min(1).max(65536).optional(),
	deadlineMs: z.int().min(0).max(36e5).optional(),
	deadlineErrno: z.enum(errnoNames).optional()
});
/** Bounds keep a look each second from telling of what is no more than a pause. */
const degradationSchema = z.strictObject({
	afterMs: z.union([z.literal(0), z.int().min(1e3).max(36e5)]).optional(),
	silentMs: z.union([z.literal(0), z.int().min(1e3).max(6048e5)]).optional()
});
const fieldShape = {
	syscalls: z.array(syscallSchema).max(64).optional(),
	shares: z.union([z.literal("all"), z.array(shareSchema).max(1024)]).optional(),
	filesystems: z.array(word$1).max(128).optional(),
	confinement: z.enum([
		"sealed",
		"filesystem",
		"none"
	]).optional(),
	dac: z.enum(["enforce", "capability"]).optional(),
	opath: z.enum(["fast", "exact"]).optional(),
	placement: z.enum([
		"none",
		"follow",
		"pin"
	]).optional(),
	strategies: z.array(word$1).min(1).max(16).optional(),
	record: z.enum([
		"each",
		"failures",
		"summary"
	]).optional(),
	limits: limitsSchema.optional(),
	degradation: degradationSchema.optional()
};
const fieldsSchema = z.strictObject(fieldShape);
const matchSchema = z.strictObject({
	metadata: pattern.optional(),
	container: pattern.optional()
});
const ruleSchema = z.strictObject({
	match: matchSchema,
	tenant: name$1.optional(),
	...fieldShape
});
/** A policy file as it is written; what it leaves out is filled in by parsePolicy. */
const policySchema = z.strictObject({
	version: z.literal(1),
	defaults: fieldsSchema.optional(),
	targets: z.array(ruleSchema).max(4096).optional()
});
// core/policy/problems.ts
const keysByParent = {
	"": Object.keys(policySchema.shape),
	defaults: Object.keys(fieldsSchema.shape),
	targets: Object.keys(ruleSchema.shape),
	match: Object.keys(matchSchema.shape),
	shares: Object.keys(shareSchema.shape),
	limits: Object.keys(limitsSchema.shape)
};
/** One line for each problem that the schema found: the path of the wrong field, and what is wrong. */
function policyProblems(issues, input) {
	return issues.flatMap((issue) => issueLines(issue, [], input));
}
function issueLines(issue, prefix, input) {
	const path = [...prefix, ...issue.path];
	switch (issue.code) {
		case "unrecognized_keys": return issue.keys.map((key) => unknownKeyLine([...path, key]));
		case "invalid_union": return unionLines(issue, path, input);
		case "invalid_value": return [expectedLine(path, alternatives(issue.values), input)];
		case "invalid_type": return [expectedLine(path, article(issue.expected), input)];
		case "too_small":
		case "too_big": return [expectedLine(path, sizeText(issue), input)];
		case "invalid_format": return [expectedLine(path, issue.message.replace(/^expected /, ""), input)];
		default: return [`${pathText$1(path)}: ${issue.message}`];
	}
}
/** Of a union's branches, the one that got furthest into the value is the one that was meant. */
function unionLines(issue, path, input) {
	const meant = issue.errors.find((branch) => branch.some((inner) => inner.path.length > 0));
	if (meant !== void 0) return meant.flatMap((inner) => issueLines(inner, path, input));
	return [expectedLine(path, "'all' or a list of { name, path }", input)];
}
function unknownKeyLine(path) {
	const key = String(path.at(-1));
	const parent = path.slice(0, -1).findLast((part) => typeof part === "string") ?? "";
	const hint = nearestWord(key, keysByParent[String(parent)] ?? []);
	return `${pathText$1(path)}: unknown key${hint === void 0 ? "" : `; did you mean '${hint}'?`}`;
}
function expectedLine(path, expected, input) {
	const value = valueAt(input, path);
	const where = pathText$1(path);
	return value === void 0 ? `${where}: missing; expected ${expected}` : `${where}: expected ${expected}, got ${valueText(value)}`;
}
function alternatives(values) {
	const texts = values.map(valueText);
	if (texts.length > 8) return `one of ${texts.slice(0, 4).join(", ")} and ${texts.length - 4} more`;
	return texts.length < 2 ? texts.join("") : `${texts.slice(0, -1).join(", ")} or ${texts.at(-1)}`;
}
function sizeText(issue) {
	return `${issue.code === "too_small" ? `at least ${issue.minimum}` : `at most ${issue.maximum}`}${{
		string: " characters",
		array: " entries"
	}[issue.origin] ?? ""}`;
}
function article(type) {
	return {
		array: "a list",
		object: "a mapping",
		int: "a whole number"
	}[type] ?? `a ${type}`;
}
function pathText$1(path) {
	return path.map((part) => typeof part === "number" ? `[${part}]` : `.${keyText(String(part))}`).join("").replace(/^\./, "") || "policy";
}
function keyText(key) {
	return escapeText(key, 80);
}
function valueAt(input, path) {
	let value = input;
	for (const part of path) value = value?.[part];
	return value;
}
function valueText(value) {
	if (typeof value === "string") return `'${escapeText(value, 80)}'`;
	if (Array.isArray(value)) return "a list";
	return typeof value === "object" && value !== null ? "a mapping" : String(value);
}
// core/policy/parse.ts
/**
* Checks a policy, as read from YAML or JSON, and completes its defaults.
* Throws DEPUTY_E_POLICY_INVALID with one line a problem in its message and as a list in `details.problems`.
*/
function parsePolicy(input, options = {}) {
	const result = policySchema.safeParse(input);
	const problems = result.success ? [...repeatedShares(result.data), ...unknownStrategies(result.data, options.knownStrategies)] : policyProblems(result.error.issues, input);
	if (!result.success || problems.length > 0) throw invalid$1(problems, options.source);
	const { version, defaults, targets } = result.data;
	return {
		version,
		defaults: mergeFields(defaultFields, defaults ?? {}),
		targets: targets ?? []
	};
}
function invalid$1(problems, source = "(given as an object)") {
	return deputyError("DEPUTY_E_POLICY_INVALID", {
		source,
		text: problems.map((problem) => `  ${problem}`).join("\n"),
		problems
	});
}
/** The places in a policy that hold fields, with the path that an error shows. */
function sections(policy) {
	const rules = (policy.targets ?? []).map((rule, index) => ({
		path: `targets[${index}]`,
		fields: rule
	}));
	return [{
		path: "defaults",
		fields: policy.defaults ?? {}
	}, ...rules];
}
/** A seal names its share, so one name for two mounts would let a handle move between them. */
function repeatedShares(policy) {
	return sections(policy).flatMap(({ path, fields }) => {
		const names = (Array.isArray(fields.shares) ? fields.shares : []).map((share) => share.name);
		return names.flatMap((name, index) => names.indexOf(name) < index ? [`${path}.shares[${index}].name: '${name}' is already taken`] : []);
	});
}
function unknownStrategies(policy, known) {
	return sections(policy).flatMap(({ path, fields }) => (fields.strategies ?? []).flatMap((name, index) => {
		if (known === void 0 || known.includes(name)) return [];
		const near = nearestWord(name, known);
		return [`${path}.strategies[${index}]: unknown strategy '${name}'; ${near === void 0 ? `known: ${known.join(", ")}` : `did you mean '${near}'?`}`];
	}));
}
// core/serving/transfer-policy.ts
/** Makes what a loop needs of a policy. */
function transferPolicy(policy) {
	return {
		...compilePolicy(policy),
		inFlightPerTarget: policy.limits.inFlightPerTarget,
		placement: policy.placement
	};
}
// simulator/invariants/acts-for-its-caller.ts
/** Safety: a thread's number may be another's by the time that it is used. */
const actsForItsCaller = {
	id: "acts-for-its-caller",
	sentence: "What is opened for a call, and written for it, is for the thread that made the call.",
	begin: (_, broken) => {
		const check = (process, record, thread) => {
			const { descriptor } = record.listener;
			const held = process.table.at(descriptor);
			const { filter } = thread.process;
			if (held instanceof ListenerEnd ? filter === held.filter : filter !== void 0) return;
			const notification = record.notificationId.toString(16);
			broken({
				process: process.actor,
				notification,
				stranger: thread.process.actor
			});
		};
		return {
			opened: (process, record) => {
				if (record.thread !== void 0) check(process, record, record.thread);
			},
			wrote: check
		};
	}
};
// simulator/invariants/all-settles.ts
/** Liveness: after the last fault the world heals. */
const allSettles = {
	id: "all-settles",
	sentence: "When nothing goes wrong any more somebody serves, nothing is under way, and the store has it all.",
	begin: (stage, broken) => ({ finished: () => {
		const { cast } = stage();
		const { active } = cast.agent;
		if (cast.targets.some(({ isDone }) => !isDone)) return;
		if (active === void 0) return broken({ missing: "a supervisor that serves" });
		if (!active.isServing) return broken({
			missing: "the end of its take-over",
			who: active.parts.process.actor
		});
		if (!active.loop.isIdle) broken({
			missing: "the end of a request",
			who: active.parts.process.actor
		});
		if (!active.publisher.isIdle) broken({
			missing: "events in the store",
			who: active.parts.process.actor
		});
	} })
};
// simulator/invariants/answered-once.ts
/** Safety: no call is answered twice, and none that is over is told of twice. */
const answeredOnce = {
	id: "answered-once",
	sentence: "A call is answered at most once, and one event tells of it.",
	begin: (_, broken) => {
		const answered = /* @__PURE__ */ new Set();
		const told = /* @__PURE__ */ new Map();
		const forget = (event) => told.delete(notificationOf(event) ?? "");
		return {
			replied: ({ id, filter }) => {
				const name = `${filter.key}/${id}`;
				if (answered.has(name)) broken({ notification: name });
				answered.add(name);
			},
			storeLost: (lost) => lost.forEach(forget),
			stored: (event) => {
				const name = notificationOf(event);
				if (name === void 0) return;
				const earlier = told.get(name);
				if (earlier !== void 0) broken({
					notification: name,
					events: [earlier, event.id]
				});
				told.set(name, event.id);
			}
		};
	}
};
function notificationOf({ type, delegationId, data }) {
	if (!type.startsWith("request.")) return void 0;
	const { notificationId } = data;
	return `${delegationId}/${notificationId}`;
}
// simulator/invariants/expected-answer.ts
const maximumHandleBytes = 128;
const O_TMPFILE_BIT = 4194304;
const type = {
	directory: 4,
	regular: 8,
	symlink: 10,
	socket: 12
};
const R_OK = 4;
const W_OK = 2;
const X_OK = 1;
/**
* open_by_handle_at(2), from fs/fhandle.c and fs/namei.c and the policy alone: written without a look at the
* handlers, so that it can judge them.
*/
function expectedOpen(kernel, thread, { values }, policy, isOpenable) {
	const [descriptor = 0, pointer = 0, flags = 0] = values;
	const header = thread.process.memory.view(pointer, 8);
	if (header === void 0 || header.length < 8) return errno("EFAULT");
	const words = new DataView(header.buffer, header.byteOffset);
	const bytes = words.getUint32(0, true);
	if (bytes === 0 || bytes > maximumHandleBytes || words.getInt32(4, true) < 0) return errno("EINVAL");
	const mount = mountOf(kernel, thread, descriptor);
	if (mount === void 0) return errno("EBADF");
	if (!isShared(mount, policy)) return errno("EPERM");
	if (policy.confinement === "filesystem" && mount.root !== "/") return errno("EPERM");
	const isPath = (flags & flag.O_PATH) !== 0;
	if (!isPath && (flags & (flag.O_CREAT | O_TMPFILE_BIT)) !== 0) return errno("EINVAL");
	const handle = thread.process.memory.view(pointer + 8, bytes);
	if (handle === void 0 || handle.length < bytes) return errno("EFAULT");
	if (policy.confinement === "filesystem" && mount.isWhole === false) return errno("EPERM");
	const isSealed = policy.confinement === "sealed";
	if (isSealed && !isOpenable({
		bytes: handle,
		type: words.getInt32(4, true)
	}, mount)) return errno("ESTALE");
	if (bytes < 8) return errno("ESTALE");
	const at = new DataView(handle.buffer, handle.byteOffset);
	const file = kernel.files.decode(mount.device, at.getUint32(0, true), at.getUint32(4, true));
	if (file === void 0) return errno("ESTALE");
	const expected = isPath ? expectedPath(file, mount, thread.user, flags, policy) : expectedPlain(file, mount, thread.user, flags, policy);
	if (!isSealed || handle[handle.length - sealBytes + sealOffset.fileType] === file.type) return expected;
	const writes = (flags & (flag.O_ACCMODE | flag.O_TRUNC)) !== 0;
	const others = "errnos" in expected ? expected.errnos : [];
	return { errnos: [no("ESTALE"), ...others.filter((one) => writes || one !== no("EACCES"))] };
}
function expectedPath(file, mount, user, flags, { opath }) {
	if ((flags & flag.O_DIRECTORY) !== 0 && file.type !== type.directory) return errno("ENOTDIR");
	const isOrdinary = file.type === type.regular || file.type === type.directory;
	const mayStandIn = opath === "fast" && isOrdinary && may(file, user, R_OK);
	return {
		file,
		mountId: mount.mountId,
		flags,
		path: mayStandIn ? "may-be-plain" : "exact"
	};
}
function expectedPlain(file, mount, user, flags, { dac }) {
	if (file.type === type.symlink) return errno("ELOOP");
	if ((flags & flag.O_DIRECTORY) !== 0 && file.type !== type.directory) return errno("ENOTDIR");
	if (file.type === type.socket) return errno("ENXIO");
	if (file.type !== type.regular && file.type !== type.directory) return errno("EPERM");
	const access = flags & flag.O_ACCMODE;
	const writes = access !== 0 || (flags & flag.O_TRUNC) !== 0;
	if (file.type === type.directory && writes) return errno("EISDIR");
	const reads = access !== flag.O_WRONLY;
	const isRefused = dac === "enforce" && reads && !may(file, user, R_OK) || writes && !may(file, user, W_OK);
	const errnos = [];
	if (isRefused) errnos.push(no("EACCES"));
	if (writes && mount.isReadOnly) errnos.push(no("EROFS"));
	if (errnos.length > 0) return { errnos };
	return {
		file,
		mountId: mount.mountId,
		flags,
		path: "plain"
	};
}
/** How many bytes a handle of the model has that name_to_handle_at(2) gives through this mount. */
function namedBytes(mount, policy) {
	return 8 + (policy.confinement === "sealed" && mount !== void 0 && isShared(mount, policy) ? sealBytes : 0);
}
/** name_to_handle_at(2) of a name: what it returns. */
function expectedName(kernel, thread, { values }, policy) {
	const [descriptor = 0, path = 0, handle = 0] = values;
	const bytes = thread.process.memory.view(path, 4096);
	const end = bytes?.indexOf(0) ?? -1;
	if (bytes === void 0 || end < 0) return errno("EFAULT");
	const file = kernel.files.named(String.fromCharCode(...bytes.subarray(0, end)));
	if (file === void 0) return errno("ENOENT");
	const folder = file.folder === void 0 ? void 0 : kernel.files.named(file.folder);
	if (folder !== void 0 && !may(folder, thread.user, X_OK)) return errno("EACCES");
	const header = thread.process.memory.view(handle, 8);
	if (header === void 0 || header.length < 8) return errno("EFAULT");
	const room = new DataView(header.buffer, header.byteOffset).getUint32(0, true);
	if (room > maximumHandleBytes) return errno("EINVAL");
	return { errnos: [room < namedBytes(mountOf(kernel, thread, descriptor), policy) ? no("EOVERFLOW") : 0] };
}
/** The mount that a caller's descriptor is on. */
function mountOf(kernel, thread, descriptor) {
	if (descriptor === -100) return kernel.files.mounts.get(thread.workingMount);
	const held = thread.process.table.at(descriptor);
	return held instanceof OpenFile && !held.pathOnly ? kernel.files.mounts.get(held.mountId) : void 0;
}
/** Does the policy let this mount be used? */
function isShared(mount, { filesystems, shares }) {
	if (!filesystems.includes(mount.fileSystemType)) return false;
	return shares === "all" || shares.some(({ path }) => path === mount.mountPoint);
}
function may(file, user, mode) {
	return ((file.user === user ? file.mode >> 6 : file.mode) & mode) === mode;
}
function errno(name) {
	return { errnos: [no(name)] };
}
// simulator/invariants/sealed-handles.ts
/**
* May this handle be opened at `nowUs`? It was given to somebody of the tenant through this share, as it is,
* and its key was not retired before then.
*/
function isOpenable({ cast, world }, handle, nowUs = world.nowUs) {
	const retiredAtUs = world.sealKeys.retiredAtUs.get(keyOf$1(handle));
	return cast.handles.has(handle) && (retiredAtUs === void 0 || retiredAtUs > nowUs);
}
/** What is wrong with the seal of a handle that a caller was just given; undefined when it is right. */
function sealProblem({ cast, world }, handle, fileType) {
	const trailer = handle.bytes.subarray(handle.bytes.length - sealBytes);
	if (trailer[sealOffset.version] !== 1) return "it has no seal";
	if (trailer[sealOffset.fileType] !== fileType) return "its seal says another type";
	const key = keyOf$1(handle);
	if (key < 1 || key > world.sealKeys.currentKey) return `there is no key ${key}`;
	return cast.handles.hasUnequal(handle) ? "it has another seal than before" : void 0;
}
function keyOf$1({ bytes }) {
	if (bytes.length <= sealBytes) return 0;
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(bytes.length - sealBytes + sealOffset.keyId, true);
}
// simulator/invariants/answers-are-right.ts
/** Flags that a program finds again with F_GETFL, and that deputy uses as marks. */
const shownFlags = flag.O_ACCMODE | flag.O_APPEND | flag.O_NONBLOCK;
/** How often an injection is asked for (core/injector/injection-client.ts). */
const injectionTries = 3;
/** Safety: the target can't tell deputy's answer from the kernel's. */
const answersAreRight = {
	id: "answers-are-right",
	sentence: "A call returns what the kernel would give a privileged caller, within the policy.",
	begin: (stage, broken) => {
		const begun = /* @__PURE__ */ new Map();
		const injected = /* @__PURE__ */ new Set();
		const interrupting = /* @__PURE__ */ new Set();
		let injectorDeaths = 0;
		const expected = (thread, call) => {
			const { kernel } = stage().world;
			if ((call.number & 1073741824) !== 0) return { errnos: [no("EPERM")] };
			const policy = policyOf(stage(), thread);
			if (call.number !== syscall.openByHandleAt) return expectedName(kernel, thread, call, policy);
			return expectedOpen(kernel, thread, call, policy, (handle, mount) => isOpenable(stage(), {
				...handle,
				mount,
				tenant: policy.tenant
			}));
		};
		return {
			faulted: (fault) => {
				if (fault.kind === "errno") injected.add(-errnoNumbers[fault.errno]);
			},
			signalled: ({ actor, handlers }, signal) => {
				if (handlers.get(signal)?.restarts === false) interrupting.add(actor);
			},
			died: ({ actor }) => {
				if (actor.startsWith("injector")) injectorDeaths++;
			},
			called: (thread, call) => begun.set(thread, expected(thread, call)),
			returned: (thread, call, result) => {
				const before = begun.get(thread);
				begun.delete(thread);
				if (injected.has(result)) return;
				if (result === no("EIO") && injectorDeaths >= injectionTries) return;
				if (result === no("EINTR") && interrupting.has(thread.process.actor)) return;
				const problems = [before, expected(thread, call)].filter((one) => one !== void 0).map((one) => difference$1(thread, one, result, injectorDeaths));
				if (problems.some((problem) => problem === void 0)) return;
				broken({
					thread: thread.actor,
					syscall: call.number,
					values: call.values,
					result,
					problem: problems[0]
				});
			}
		};
	}
};
function policyOf({ cast }, { process }) {
	const target = cast.targets.find((one) => one.process === process);
	if (target === void 0) throw new Error(`${process.actor} is no target`);
	return target.policy;
}
/** What is wrong with a result; undefined when it is right. */
function difference$1(thread, expected, result, injectorDeaths) {
	if ("errnos" in expected) return expected.errnos.includes(result) ? void 0 : `expected ${expected.errnos.join(" or ")}`;
	const { table } = thread.process;
	const placesTaken = 1 + injectorDeaths;
	if (result === no("EMFILE") && table.lowestFree >= table.limit - placesTaken) return void 0;
	if (result < 0) return "expected a descriptor";
	const held = table.descriptor(result);
	if (!(held?.description instanceof OpenFile)) return "it is no open file";
	const { description, closeOnExec } = held;
	if (description.file !== expected.file) return `it is ${description.file.name}, not ${expected.file.name}`;
	if (description.mountId !== expected.mountId) return "it is on another mount";
	if (closeOnExec !== ((expected.flags & flag.O_CLOEXEC) !== 0)) return "O_CLOEXEC differs";
	return flagsDifference(expected, description);
}
function flagsDifference({ flags, path }, description) {
	if (path === "exact") return description.pathOnly ? void 0 : "it is no O_PATH descriptor";
	if (description.pathOnly) return path === "plain" ? "it is an O_PATH descriptor" : void 0;
	const wanted = path === "plain" ? flags & shownFlags : flag.O_NONBLOCK;
	const found = description.statusFlags & shownFlags;
	return found === wanted ? void 0 : `its status flags are 0${found.toString(8)}, not 0${wanted.toString(8)}`;
}
// simulator/invariants/calls-return.ts
/** Liveness: what a target asked for, it gets. */
const callsReturn = {
	id: "calls-return",
	sentence: "Every call returns, unless its target is dead.",
	begin: (stage, broken) => ({ finished: () => {
		for (const thread of stage().world.kernel.threads.values()) {
			const isStopped = thread.mode === "group-stopped" || thread.mode === "dead";
			if (thread.call === void 0 || isStopped) continue;
			broken({
				thread: thread.actor,
				syscall: thread.call.number,
				notification: thread.notification?.id.toString(16),
				state: thread.notification?.state,
				mode: thread.mode
			});
		}
	} })
};
// simulator/invariants/dispatch/container-ends-as-payload.ts
/** Safety: what a runtime is told of a container is what became of its payload. */
const containerEndsAsPayload = {
	id: "container-ends-as-payload",
	sentence: "A container that ends by itself ends behind what deputy put into it, and with the code of that.",
	begin: (stage, broken) => ({ finished: () => {
		const { containers, started } = stage().dispatch.parts;
		for (const { lives } of containers.values()) for (const life of lives) {
			const { status, state } = life.init;
			if (state === "running" || status === void 0 || (status & 127) !== 0) continue;
			const codes = [...started].filter((one) => one.space === life.init.space && one.actor.startsWith("payload")).filter((one) => one.state !== "running").map((one) => codeOf(one.status));
			if (!codes.includes(status >> 8)) broken({
				container: life.init.actor,
				code: status >> 8,
				codes
			});
		}
	} })
};
function codeOf(status = 0) {
	const signal = status & 127;
	return signal === 0 ? status >> 8 : 128 + signal;
}
// simulator/invariants/dispatch/container-ends-with-payload.ts
/** Liveness: a container does not outlive what it is for. */
const containerEndsWithPayload = {
	id: "container-ends-with-payload",
	sentence: "A container whose payload has ended ends as well.",
	begin: (stage, broken) => ({ finished: () => {
		const { scenario, dispatch } = stage();
		if (!scenario.dispatch.placeholder) return;
		const { payloads } = dispatch.parts;
		for (const { life, process, isExecuted } of payloads) if (process.state !== "running" && isExecuted && life.init.state === "running") broken({ container: life.init.actor });
	} })
};
// simulator/invariants/dispatch/container-has-its-payload.ts
/** Liveness: dispatches reach their targets, whatever died, and payloads get to their end. */
const containerHasItsPayload = {
	id: "container-has-its-payload",
	sentence: "When nothing goes wrong any more each container has had its payload, and that has done its work.",
	begin: (stage, broken) => ({ finished: () => {
		const { scenario, dispatch } = stage();
		if (scenario.dispatch.program === "missing") return;
		const { containers, payloads } = dispatch.parts;
		for (const { name } of scenario.targets) {
			const life = containers.get(name)?.current;
			if (life === void 0 || life.init.state !== "running") continue;
			const own = payloads.filter((one) => one.life === life);
			if (own.length === 0) broken({
				container: life.init.actor,
				restartCount: life.restartCount
			});
			else if (own.some(({ process }) => process.state === "running")) broken({
				container: life.init.actor,
				waits: own.map(({ process }) => process.actor)
			});
		}
	} })
};
// simulator/invariants/dispatch/dispatch-events-are-legal.ts
/** Safety: the events of a delegation follow from each other. */
const dispatchEventsAreLegal = {
	id: "dispatch-events-are-legal",
	sentence: "Each event of a dispatch is one that its delegation's state allows.",
	begin: (stage, broken) => ({ finished: () => {
		for (const log of stage().dispatch.parts.folders.all.flatMap(({ logs }) => logs)) if (log.illegal.length > 0) broken({ illegal: log.illegal });
	} })
};
// simulator/invariants/dispatch/payload-end.ts
/** A status of wait(2) as an end; both as texts, to be compared. */
function statusText(status) {
	const signal = status & 127;
	return signal === 0 ? `exited ${status >> 8}` : `signaled ${signal}`;
}
/** A signal ended it: between the word to execute and the execution that looks like a payload's end. */
function isKilled({ process }) {
	return process.state !== "running" && ((process.status ?? 0) & 127) !== 0;
}
function endAsText(end) {
	if (end.kind === "exited") return `exited ${end.code}`;
	return end.kind === "signaled" ? `signaled ${end.signal}` : "unknown";
}
// simulator/invariants/dispatch/end-is-learnt.ts
const unknown = "unknown";
/** What was told of the payloads of one life of a container: by events, by exit codes, and by a word on stderr. */
function toldOf({ dispatch }, { init }, containerId) {
	const own = dispatch.operators.filter(({ container }) => container.id === containerId);
	const texts = (ends) => ends.filter(({ startTime }) => startTime === init.startTime).map(({ end }) => endAsText(end));
	const { logs } = dispatch.parts.folders.of(containerId, init.startTime);
	return {
		byEvent: logs.flatMap((log) => log.toldEnds.map(endAsText)),
		byExit: own.map(({ learned }) => texts(learned).filter((text) => text !== unknown)),
		bySaying: own.flatMap(({ said }) => texts(said)),
		isUnknown: own.some(({ learned }) => texts(learned).includes(unknown))
	};
}
/** The ends that there were. One that never was executed had none of its own, unless it was killed. */
function endsOf({ dispatch }, life) {
	const own = dispatch.parts.payloads.filter((one) => one.life === life && one.process.state !== "running");
	const text = ({ process }) => statusText(process.status ?? 0);
	return {
		possible: own.filter((one) => one.isExecuted || isKilled(one)).map(text),
		needed: own.filter(({ isExecuted }) => isExecuted).map(text)
	};
}
/** Was a shim of this life's killed, and did one know an end? It is on record from then on. */
function shimsOf({ dispatch }, { init }, containerId) {
	const { folders, shims } = dispatch.parts;
	const folder = folders.of(containerId, init.startTime);
	const own = shims.filter((one) => one.folder === folder);
	const isKilledOne = ({ self }) => ((self.status ?? 0) & 127) !== 0;
	return {
		wasOneKilled: own.some(isKilledOne),
		didOneKnow: own.some((one) => one.shim.knownEnd !== void 0)
	};
}
/** The record of a killed shim was taken by a dispatch that was killed, too. */
function diedWithTheEnd({ dispatch }, containerId) {
	return dispatch.operators.filter(({ container }) => container.id === containerId).some(({ deputies }) => deputies.some((deputy) => deputy.diedWithTheEnd));
}
/**
* Safety: nothing is invented, and no caller is told twice; liveness: every end is an event, and the exit code
* of a command, or said to be unknown where whoever knew it was killed.
*/
const endIsLearnt = {
	id: "end-is-learnt",
	sentence: "How a payload ended is learnt truly, by an event and once by its caller, or said to be unknown.",
	begin: (stage, broken) => ({ finished: () => {
		const { containers, scenario } = stage().dispatch.parts;
		for (const [id, { lives }] of containers) for (const life of lives) {
			const { possible, needed } = endsOf(stage(), life);
			const { byEvent, byExit, bySaying, isUnknown } = toldOf(stage(), life, id);
			const { wasOneKilled, didOneKnow } = shimsOf(stage(), life, id);
			const invented = [
				...byEvent,
				...byExit.flat(),
				...bySaying
			].filter((text) => text !== unknown).filter((text) => !possible.includes(text));
			if (invented.length > 0) broken({
				invented,
				possible
			});
			const twice = byExit.find((texts) => texts.length > possible.length);
			if (twice !== void 0) broken({ twice });
			if (isUnknown && !wasOneKilled) broken({ unknown: possible });
			if (wasOneKilled && !didOneKnow) continue;
			for (const end of needed) {
				if (!byEvent.includes(end)) broken({ noEvent: end });
				if (diedWithTheEnd(stage(), id)) continue;
				if (scenario.dispatch.follows) continue;
				if (!byExit.flat().includes(end) && !bySaying.includes(end)) broken({ neverTold: end });
			}
		}
	} })
};
// simulator/invariants/dispatch/found-when-there.ts
/** Safety: a target that is there is found. */
const foundWhenThere = {
	id: "found-when-there",
	sentence: "No dispatch fails because its target is unknown, when the runtime knows it.",
	begin: (stage, broken) => ({ finished: () => {
		for (const { failures, container } of stage().dispatch.operators) {
			const count = failures.filter((code) => code === "DEPUTY_E_TARGET_UNKNOWN").length;
			if (count > 0) broken({
				container: container.id,
				count
			});
		}
	} })
};
// simulator/invariants/dispatch/joins-only-its-target.ts
/** Safety: a number that was used again leads nowhere. */
const joinsOnlyItsTarget = {
	id: "joins-only-its-target",
	sentence: "No process of deputy's is ever in a container that it was not dispatched to.",
	begin: (stage, broken) => {
		const told = /* @__PURE__ */ new Set();
		return { stepped: () => {
			const { scenario, dispatch } = stage();
			const { started, containers } = dispatch.parts;
			const meant = new Set(scenario.targets.map(({ name }) => name));
			for (const [id, { lives }] of containers) {
				if (meant.has(id)) continue;
				for (const process of started) {
					if (!lives.some(({ init }) => init.namespaces.mnt === process.namespaces.mnt) || told.has(process)) continue;
					told.add(process);
					broken({
						process: process.actor,
						in: id
					});
				}
			}
		} };
	}
};
// simulator/invariants/dispatch/no-lock-left.ts
/** Liveness: what was locked is free. */
const noLockLeft = {
	id: "no-lock-left",
	sentence: "When a payload has ended and somebody has heard how, nobody holds its lock.",
	begin: (stage, broken) => ({ finished: () => {
		const { folders, payloads, tree } = stage().dispatch.parts;
		if (payloads.some(({ process }) => process.state === "running")) return;
		for (const { lock } of folders.all) {
			if (lock.holder === void 0) continue;
			broken({ holders: tree.all.filter(({ process }) => process.table.entries().some(([, { description }]) => description === lock.holder)).map(({ actor }) => actor) });
		}
	} })
};
// simulator/invariants/dispatch/no-zombies.ts
/** Longer than anybody takes who reaps as soon as it hears of an end. */
const reapedWithinUs = 1e6;
/** Safety: whoever has ended is waited for. */
const noZombies = {
	id: "no-zombies",
	sentence: "Whoever has ended is reaped within a second, in a container as outside of it.",
	begin: (stage, broken) => {
		const told = /* @__PURE__ */ new Set();
		const look = (withinUs) => {
			const { world, dispatch } = stage();
			for (const process of dispatch.parts.tree.all) {
				if (process.state !== "zombie" || told.has(process)) continue;
				if ((process.parent?.process.heldUntilUs ?? 0) > world.nowUs || world.nowUs - process.endedAtUs < withinUs) continue;
				told.add(process);
				broken({
					zombie: process.actor,
					parent: process.parent?.actor ?? "nobody"
				});
			}
		};
		const lookNow = () => look(reapedWithinUs);
		return {
			stepped: lookNow,
			returned: lookNow,
			finished: () => look(0)
		};
	}
};
// simulator/processes/capability-sets.ts
/** Capabilities by number (linux/capability.h). */
const capability = {
	DAC_OVERRIDE: 1,
	DAC_READ_SEARCH: 2,
	KILL: 5,
	SETGID: 6,
	SETUID: 7,
	SETPCAP: 8,
	SYS_CHROOT: 18,
	SYS_PTRACE: 19,
	SYS_ADMIN: 21
};
/** A capability as a bit of a set. */
function bit(number) {
	return 1n << BigInt(number);
}
/** Everything that the modelled machine has. */
const allCapabilities = (1n << 41n) - 1n;
/** The five sets of one process and what decides how they change (capabilities(7)). */
var CapabilitySets = class CapabilitySets {
	effective = 0n;
	permitted = 0n;
	inheritable = 0n;
	bounding = allCapabilities;
	ambient = 0n;
	user = 0;
	noNewPrivileges = false;
	/** PR_SET_KEEPCAPS: what is permitted stays when the user is root no longer. */
	keeps = false;
	/** SECBIT_NOROOT: user 0 gains nothing by executing. */
	noRoot = false;
	static root() {
		const sets = new CapabilitySets();
		sets.effective = sets.permitted = allCapabilities;
		return sets;
	}
	copy() {
		return Object.assign(new CapabilitySets(), this);
	}
	has(number) {
		return (this.effective & bit(number)) !== 0n;
	}
	/** PR_CAPBSET_DROP of all but these. */
	cutBounding(left) {
		if (!this.has(capability.SETPCAP)) return no("EPERM");
		this.bounding &= left;
		return 0;
	}
	/** setresuid(2): root's end takes what is effective, and all of it unless it is to be kept. */
	setUser(user) {
		if (user !== this.user && !this.has(capability.SETUID)) return no("EPERM");
		if (this.user === 0 && user !== 0) {
			this.effective = this.ambient = 0n;
			if (!this.keeps) this.permitted = 0n;
		}
		this.user = user;
		return 0;
	}
	/** capset(2) with the same bits as effective, permitted and inheritable. */
	set(bits) {
		if ((bits & ~this.permitted) !== 0n) return no("EPERM");
		if ((bits & ~(this.inheritable | this.permitted)) !== 0n) return no("EPERM");
		this.effective = this.permitted = this.inheritable = bits;
		this.ambient &= bits;
		return 0;
	}
	raiseAmbient(bits) {
		if ((bits & ~(this.permitted & this.inheritable)) !== 0n) return no("EPERM");
		this.ambient |= bits;
		return 0;
	}
	/** execve(2) of a program without file capabilities. */
	execute() {
		const gained = this.user === 0 && !this.noRoot ? this.inheritable | this.bounding : this.ambient;
		this.effective = this.permitted = this.noNewPrivileges ? gained & (this.permitted | this.ambient) : gained;
		this.keeps = false;
	}
	/** All sets, as /proc/PID/status has them: effective, permitted, inheritable, bounding, ambient. */
	get all() {
		return [
			this.effective,
			this.permitted,
			this.inheritable,
			this.bounding,
			this.ambient
		];
	}
};
// simulator/processes/join-namespaces.ts
/** What a payload joins; the user namespace stays deputy's. */
const payloadNamespaces = [
	"net",
	"pid",
	"ipc",
	"mnt",
	"cgroup",
	"uts"
];
/**
* setns(2) with a pidfd: all of the named namespaces, or none and minus an errno. That of the numbers is not
* the caller's own from then on, but that of its children.
*/
function joinNamespaces(caller, target, names) {
	const { process } = target;
	if (target.hasEnded) return no("ESRCH");
	if (names.length === 0) return no("EINVAL");
	if (names.includes("user") && process.namespaces.user === caller.namespaces.user) return no("EINVAL");
	if (!caller.sets.has(capability.SYS_ADMIN)) return no("EPERM");
	if (names.includes("mnt") && !caller.sets.has(capability.SYS_CHROOT)) return no("EPERM");
	if (names.includes("pid") && !process.space.lineage.includes(caller.space)) return no("EINVAL");
	const joined = { ...caller.namespaces };
	for (const name of names) if (name !== "pid") joined[name] = process.namespaces[name];
	caller.namespaces = joined;
	if (names.includes("pid")) caller.childSpace = process.space;
	return 0;
}
/** Is a process in all of these namespaces of another one, and are its children? */
function sharesNamespaces(process, other, names = payloadNamespaces) {
	return names.every((name) => name === "pid" ? process.childSpace === other.space : process.namespaces[name] === other.namespaces[name]);
}
// simulator/invariants/dispatch/nothing-half-joined.ts
/** Safety: whoever is charged to a target is in it; liveness: nobody stays who is no payload. */
const nothingHalfJoined = {
	id: "nothing-half-joined",
	sentence: "No process of deputy's is charged to a target without being in it, or stays without being a payload.",
	begin: (stage, broken) => {
		const told = /* @__PURE__ */ new Set();
		return {
			stepped: () => {
				const { started, containers } = stage().dispatch.parts;
				for (const process of started) {
					if (process.state !== "running" || told.has(process)) continue;
					for (const { lives } of containers.values()) {
						const life = lives.find(({ cgroup }) => cgroup === process.cgroup);
						if (life === void 0 || sharesNamespaces(process, life.init)) continue;
						told.add(process);
						broken({ charged: process.actor });
					}
				}
			},
			finished: () => {
				const { started, payloads } = stage().dispatch.parts;
				for (const process of started) {
					if (process.state !== "running" || payloads.some((one) => one.process === process)) continue;
					broken({ left: process.actor });
				}
			}
		};
	}
};
// simulator/invariants/dispatch/one-payload.ts
/** Those of a container's life that are the payload, or wait to become it. */
function candidatesOf({ dispatch }, life) {
	return [...dispatch.parts.started].filter(({ space, state, actor }) => {
		return space === life.init.space && state === "running" && actor.startsWith("payload-");
	}).map(({ actor }) => actor);
}
/** It was told that the end of this life's payload is not to be had, or it is lost: a dispatch begins anew. */
function isGivenUp(stage, { init }, containerId) {
	if (diedWithTheEnd(stage, containerId)) return true;
	const { logs } = stage.dispatch.parts.folders.of(containerId, init.startTime);
	return logs.some((log) => log.toldEnds.some(({ kind }) => kind === "unknown"));
}
/** Safety: one delegation, one payload: none beside it, not even one that waits, and none behind it. */
const onePayload = {
	id: "one-payload",
	sentence: "In each life of a container one payload is executed, and nobody else's waits to be.",
	begin: (stage, broken) => {
		let looked = 0;
		const told = /* @__PURE__ */ new Set();
		return { stepped: () => {
			const { started, containers, payloads } = stage().dispatch.parts;
			const count = started.size + payloads.length;
			if (count === looked) return;
			looked = count;
			for (const [id, { lives }] of containers) {
				const life = lives.at(-1);
				if (life === void 0 || told.has(life)) continue;
				const beside = candidatesOf(stage(), life);
				const executed = payloads.filter((one) => one.life === life && one.isExecuted);
				const again = payloads.findLast((one) => one.life === life);
				const isAgain = executed.some((one) => one !== again) && !isGivenUp(stage(), life, id);
				if (beside.length < 2 && !isAgain) continue;
				told.add(life);
				broken(beside.length > 1 ? { beside } : { again: again?.process.actor });
			}
		} };
	}
};
// simulator/invariants/dispatch/program-fits-its-flags.ts
/** Safety: what is executed is what the flags were made for. */
const programFitsItsFlags = {
	id: "program-fits-its-flags",
	sentence: "The program that runs is the one that deputy opened and whose flags it gave.",
	begin: (stage, broken) => ({ finished: () => {
		for (const { process, version, flagsVersion, isExecuted } of stage().dispatch.parts.payloads) if (isExecuted && version !== flagsVersion) broken({
			payload: process.actor,
			version,
			flagsVersion
		});
	} })
};
// simulator/invariants/dispatch/success-is-execution.ts
/** Safety: success is told behind the execution, not before it, and of the payload that it is of. */
const successIsExecution = {
	id: "success-is-execution",
	sentence: "A dispatch that says it serves has a payload that was executed, and is attached to it.",
	begin: (stage, broken) => ({ noted: (actor, name) => {
		if (name !== "delegation.active") return;
		const { operators, parts } = stage().dispatch;
		const deputy = operators.flatMap(({ deputies }) => deputies).find(({ self }) => self.actor === actor);
		const number = deputy?.work.session?.processNumber;
		const { hostSpace } = parts.tree;
		if (!parts.payloads.filter(({ process, containerId }) => containerId === deputy?.containerId && process.numberIn(hostSpace) === number).some((one) => one.isExecuted || isKilled(one))) broken({ deputy: actor });
	} })
};
// simulator/processes/cgroup.ts
/** A folder of the unified hierarchy (cgroups(7), version 2). */
var Cgroup = class {
	path;
	parent;
	members = /* @__PURE__ */ new Set();
	children = /* @__PURE__ */ new Set();
	/** Controllers are enabled for its children: it takes no processes of its own then. */
	hasControllers = false;
	isFrozen = false;
	isRemoved = false;
	constructor(path, parent) {
		this.path = path;
		this.parent = parent;
		parent?.children.add(this);
	}
	/** A write of a process to cgroup.procs: 0, or what the kernel says. */
	attach(process) {
		if (this.isRemoved) return no("ENODEV");
		if (this.hasControllers && this.parent !== void 0) return no("EBUSY");
		process.cgroup.members.delete(process);
		process.cgroup = this;
		this.members.add(process);
		process.freeze(this.isFrozen);
		return 0;
	}
	/** A write to cgroup.subtree_control. */
	enableControllers() {
		if (this.members.size > 0 && this.parent !== void 0) return no("EBUSY");
		this.hasControllers = true;
		return 0;
	}
	/** A write to cgroup.freeze. */
	freeze(isFrozen) {
		this.isFrozen = isFrozen;
		for (const member of this.members) member.freeze(isFrozen);
	}
	/** rmdir(2). */
	remove() {
		if (this.members.size > 0 || this.children.size > 0) return no("EBUSY");
		this.isRemoved = true;
		this.parent?.children.delete(this);
		return 0;
	}
};
// simulator/processes/pid-namespace.ts
/** A pid namespace (pid_namespaces(7)): numbers of its own, and a first process whose end is everybody's. */
var PidNamespace = class {
	parent;
	members = /* @__PURE__ */ new Map();
	/** Its first process; the children of those that nobody is left to wait for become its children. */
	init;
	/** Its first process has begun to end: nobody can be born here any more (ENOMEM of clone(2)). */
	isClosed = false;
	nextNumber = 1;
	constructor(parent) {
		this.parent = parent;
	}
	/** A number for a process. `wanted`: one that was used before, and is free. */
	add(process, wanted) {
		const number = wanted ?? this.nextNumber++;
		this.members.set(number, process);
		return number;
	}
	/** This one, the one around it, and so on to the outermost. */
	get lineage() {
		return this.parent === void 0 ? [this] : [this, ...this.parent.lineage];
	}
};
// simulator/processes/tree-process.ts
/** A process in the tree of all: who waits for it, where it is, what it may, and how it ended. */
var TreeProcess = class {
	process;
	space;
	namespaces;
	cgroup;
	sets;
	startTime;
	state = "running";
	/** As wait(2) has it: a signal's number, or an exit code times 256. */
	status;
	parent;
	children = /* @__PURE__ */ new Set();
	/** Its number in its own pid namespace and in each around that. */
	numbers = /* @__PURE__ */ new Map();
	/** Where its children are born: setns(2) changes this alone. */
	childSpace;
	/** PR_SET_CHILD_SUBREAPER. */
	isSubreaper = false;
	/** When it ended, in microseconds. */
	endedAtUs = 0;
	/** SIGCHLD is ignored: its children are reaped by the kernel. */
	ignoresChildren = false;
	/** The program that it executes. */
	program = "";
	/** Told when a child of its has ended: SIGCHLD, with the user that the child had. */
	whenChildEnded;
	whenEnded = [];
	whenReaped = [];
	constructor(process, space, namespaces, cgroup, sets, startTime) {
		this.process = process;
		this.space = space;
		this.namespaces = namespaces;
		this.cgroup = cgroup;
		this.sets = sets;
		this.startTime = startTime;
		this.childSpace = space;
	}
	get actor() {
		return this.process.actor;
	}
	/** Its number as a namespace has it; 0 for whoever is not in that one. */
	numberIn(space) {
		return this.numbers.get(space) ?? 0;
	}
	/** It does nothing while its cgroup is frozen, but it can be killed. */
	freeze(isFrozen) {
		if (isFrozen) this.process.heldUntilUs = Number.POSITIVE_INFINITY;
		else if (this.process.heldUntilUs === Number.POSITIVE_INFINITY) this.process.heldUntilUs = 0;
	}
};
// simulator/processes/process-tree.ts
const SIGKILL = 9;
/** Ticks of 10 ms, as sysconf(_SC_CLK_TCK) says on x86-64. */
const tickUs = 1e4;
/** How a process ended, by its status of wait(2). */
function exitedWith(code) {
	return code << 8;
}
/** The processes of the modelled machine: birth, end, who becomes whose parent, and who is reaped by whom. */
var ProcessTree = class {
	kernel;
	all = [];
	hostSpace = new PidNamespace(void 0);
	rootCgroup = new Cgroup("/");
	init;
	nextInode = 4026531840;
	constructor(kernel) {
		this.kernel = kernel;
		const namespaces = this.freshNamespaces();
		this.init = this.make("host-init", this.hostSpace, namespaces, this.rootCgroup, CapabilitySets.root());
		this.hostSpace.init = this.init;
		this.init.ignoresChildren = true;
	}
	/** fork(2), or clone(2) with new namespaces. Minus an errno where the namespace takes nobody any more. */
	fork(parent, actor, options = {}) {
		const { isContainer = false, keeps, number } = options;
		if (parent.childSpace.isClosed) return no("ENOMEM");
		const space = isContainer ? new PidNamespace(parent.childSpace) : parent.childSpace;
		const namespaces = isContainer ? {
			...this.freshNamespaces(),
			user: parent.namespaces.user
		} : parent.namespaces;
		const child = this.make(actor, space, namespaces, parent.cgroup, parent.sets.copy(), number);
		space.init ??= child;
		child.parent = parent;
		parent.children.add(child);
		for (const [at, descriptor] of parent.process.table.entries()) if (keeps === void 0 || keeps.includes(at)) give$1(child, at, descriptor);
		child.freeze(parent.cgroup.isFrozen);
		return child;
	}
	/** It ends by itself, with a code. */
	exit(process, code) {
		if (!process.process.alive) return;
		process.status = exitedWith(code);
		this.kernel.kill(process.process);
	}
	/** A signal that ends it; SIGKILL if none is named. */
	kill(process, signal = SIGKILL) {
		if (!process.process.alive) return;
		process.status = signal;
		this.kernel.kill(process.process);
	}
	/** waitpid(-1, WNOHANG): a child that had ended, which is gone then; or undefined. */
	wait(parent) {
		for (const child of parent.children) {
			if (child.state !== "zombie" || isHeldUp(child)) continue;
			this.reap(child);
			return child;
		}
	}
	/** The process that a number means in a pid namespace. */
	find(space, number) {
		return space.members.get(number);
	}
	make(actor, space, namespaces, cgroup, sets, number) {
		const process = this.kernel.spawn(actor);
		const made = new TreeProcess(process, space, namespaces, cgroup, sets, Math.floor(this.kernel.scheduler.nowUs / tickUs) * 1e3 + this.all.length);
		for (const one of space.lineage) made.numbers.set(one, one.add(made, one === this.hostSpace ? number : void 0));
		cgroup.members.add(made);
		this.all.push(made);
		process.whenDead.push(() => this.ended(made));
		return made;
	}
	freshNamespaces() {
		const next = () => this.nextInode++;
		return {
			mnt: next(),
			net: next(),
			ipc: next(),
			uts: next(),
			cgroup: next(),
			user: next()
		};
	}
	ended(process) {
		process.status ??= SIGKILL;
		process.endedAtUs = this.kernel.scheduler.nowUs;
		process.cgroup.members.delete(process);
		for (const tell of process.whenEnded.splice(0)) tell();
		if (process.space.init === process) this.endSpace(process.space);
		this.leaveChildren(process);
		this.becomeZombie(process);
	}
	/** The first process of a namespace is gone: all others are killed (zap_pid_ns_processes()). */
	endSpace(space) {
		space.isClosed = true;
		for (const member of [...space.members.values()]) this.kernel.kill(member.process);
	}
	/** Children go to a subreaper above, or to the first process of their parent's namespace. */
	leaveChildren(process) {
		const heir = this.heirOf(process);
		for (const child of [...process.children]) {
			process.children.delete(child);
			child.parent = heir;
			heir.children.add(child);
			if (child.state === "zombie") this.tell(heir, child);
		}
	}
	heirOf(process) {
		const { space } = process;
		let above = process.parent;
		while (above !== void 0 && above.space === space) {
			if (above.isSubreaper && above.process.alive) return above;
			above = above.parent;
		}
		return space.init === void 0 || space.init === process ? process : space.init;
	}
	becomeZombie(process) {
		process.state = "zombie";
		const { space } = process;
		if (space.init === process) {
			for (const child of [...process.children]) if (child.state === "zombie") this.reap(child);
			if (space.members.size > 1) return;
		}
		if (process.parent !== void 0) this.tell(process.parent, process);
	}
	tell(parent, child) {
		if (isHeldUp(child)) return;
		const reapsItself = parent.space.isClosed && parent.space.init === parent;
		if (parent.ignoresChildren || reapsItself) return this.reap(child);
		if (parent.process.alive) parent.whenChildEnded?.(child.sets.user);
	}
	reap(child) {
		child.state = "reaped";
		child.parent?.children.delete(child);
		for (const [space, number] of child.numbers) if (space.members.get(number) === child) space.members.delete(number);
		for (const tell of child.whenReaped.splice(0)) tell();
		const { init } = child.space;
		if (init !== void 0 && init !== child && init.state === "zombie" && child.space.members.size === 1 && init.parent !== void 0) this.tell(init.parent, init);
	}
};
/** The first process of a namespace can be waited for only when it is the last one there. */
function isHeldUp(child) {
	return child.space.init === child && child.space.members.size > 1;
}
function give$1(child, at, { description, closeOnExec }) {
	child.process.table.put(at, description, closeOnExec);
}
// simulator/actors/handle-book.ts
/** Every handle that a program was given: what nobody was given opens nothing, where handles are sealed. */
var HandleBook = class {
	given = [];
	texts = /* @__PURE__ */ new Set();
	add(handle) {
		const last = this.last(handle.program, handle.file);
		this.texts.add(textOf(handle, handle.bytes));
		if (!isSame(last, handle)) this.given.push(handle);
	}
	/** Was just this one given to somebody of this tenant, through this share? */
	has(handle) {
		return this.texts.has(textOf(handle, handle.bytes));
	}
	/** The one that a program was given last for a file. */
	last(program, file) {
		return this.given.findLast((one) => one.program === program && one.file === file);
	}
	/** One that another program was given for a file. */
	ofAnother(program, file) {
		return this.given.findLast((one) => one.program !== program && one.file === file);
	}
	/** Was another handle given for the same file, tenant, share and key? Equal handles have to be equal. */
	hasUnequal(handle) {
		const end = handle.bytes.length - sealBytes + sealOffset.mac;
		const message = textOf(handle, handle.bytes.subarray(0, end));
		return this.given.some((one) => one.bytes.length === handle.bytes.length && textOf(one, one.bytes.subarray(0, end)) === message && !isSame(one, handle));
	}
};
function isSame(one, other) {
	return one !== void 0 && textOf(one, one.bytes) === textOf(other, other.bytes);
}
function textOf({ tenant, mount, type }, bytes) {
	return `${tenant} ${mount.device} ${mount.mountPoint} ${type} ${bytes.join(".")}`;
}
// core/engine/can-be-adopted.ts
/**
* May a successor go on with a delegation that was left open? One that had not begun to be established was
* cut off before anything of it was there: `settlePredecessors` says so, and its target is delegated to anew.
*/
function canBeAdopted({ state }) {
	return delegationLife[state]["delegation.recovering"] !== void 0;
}
// strategies/dispatcher/fitness.ts
const CAP_SYS_PTRACE = 1n << 19n;
/** Capability numbers as the mask that /proc/PID/status has. */
function capabilityMask(numbers) {
	return numbers.reduce((mask, number) => mask | 1n << BigInt(number), 0n);
}
/**
* Why a process of the target could take the payload over, or undefined. ptrace(2) takes CAP_SYS_PTRACE, or
* the same uid and all the capabilities of the one that is traced; a user namespace of the target's own makes
* neither count for a payload that is not in it.
*/
function takeOver(facts, spec) {
	if (!facts.userNamespaceIsOurs) return void 0;
	const held = facts.permittedCapabilities | facts.boundingCapabilities;
	if ((held & CAP_SYS_PTRACE) !== 0n) return "it may hold CAP_SYS_PTRACE";
	const wanted = capabilityMask(spec.capabilities);
	if (facts.userIds.some((id) => id === spec.user) && wanted !== 0n && (held & wanted) === wanted) return `it runs as uid ${spec.user} too, and may hold all capabilities that the payload gets`;
}
// strategies/dispatcher/verify.ts
const sets = [
	"effective",
	"permitted",
	"inheritable",
	"bounding",
	"ambient"
];
/** What of a payload is not the target's: a text for each. */
function placeDeviations(facts) {
	const found = [];
	if (!facts.noNewPrivileges) found.push("no_new_privs is not set");
	if (!facts.sameNamespaces) found.push("its namespaces are not the target's");
	if (!facts.sameCgroups) found.push("its cgroups are not the target's");
	if (!facts.parentIsInit) found.push("its parent is not the target's init");
	return found;
}
/** What is not as it was asked for, of a process that is about to become the payload. */
function joinedDeviations(facts, spec) {
	const wanted = capabilityMask(spec.capabilities);
	const found = placeDeviations(facts);
	for (const [at, held] of facts.capabilities.entries()) if (held !== wanted) found.push(`${sets[at]} capabilities are ${held.toString(16)}`);
	if (!facts.userIds.every((id) => id === spec.user)) found.push(`its uids are ${facts.userIds.join(" ")}`);
	return found;
}
/** The same of a payload that runs: it may have given up some of what it had, and gained nothing. */
function runningDeviations(facts, spec) {
	const wanted = capabilityMask(spec.capabilities);
	const found = placeDeviations(facts);
	for (const [at, held] of facts.capabilities.entries()) if ((held & ~wanted) !== 0n) found.push(`${sets[at]} capabilities are ${held.toString(16)}`);
	return found;
}
// strategies/dispatcher/steps.ts
function describe(facts) {
	return {
		processId: String(facts.processId),
		startTime: facts.startTime,
		effective: (facts.capabilities[0] ?? 0n).toString(16),
		user: String(facts.userIds[0])
	};
}
/** Undefined when it has ended, as a payload may that has little to do. */
async function inspect(dispatch, deviations) {
	const facts = await dispatch.session.inspect();
	if (facts === void 0) return void 0;
	dispatch.payload = facts;
	const wrong = deviations(facts, dispatch.spec);
	if (wrong.length > 0) throw deputyError("DEPUTY_E_PAYLOAD_UNVERIFIED", { detail: wrong.join("; ") });
	return describe(facts);
}
/**
* The dispatcher's steps. Until `go` the process in the target only waits; whoever dies before, it goes with
* the shim. From there on it is on record, and a second dispatch attaches to it.
*/
const dispatchSteps = [
	{
		name: "identify",
		act: async (dispatch) => {
			const facts = await dispatch.session.identify();
			dispatch.target = facts;
			const { processId, startTime, namespaces, cgroups } = facts;
			return {
				evidence: {
					processId: String(processId),
					startTime,
					pidNamespace: namespaces["pid"] ?? "",
					cgroup: cgroups.at(-1) ?? ""
				},
				next: "judge"
			};
		}
	},
	{
		name: "judge",
		act: async ({ target, spec }) => {
			const facts = target;
			if (!facts.isInit) throw deputyError("DEPUTY_E_TARGET_NOT_INIT", { processId: facts.processId });
			const reason = takeOver(facts, spec);
			if (reason !== void 0) throw deputyError("DEPUTY_E_TARGET_COULD_TAKE_OVER", { detail: reason });
			return {
				evidence: {},
				next: "lock"
			};
		}
	},
	{
		name: "lock",
		act: async (dispatch) => {
			const result = await dispatch.session.lock();
			dispatch.isAdopted = result === "running";
			if (result === "taken" && dispatch.target?.frozen === true) throw deputyError("DEPUTY_E_TARGET_PAUSED", { what: "its cgroup is frozen" });
			return {
				evidence: { lock: result },
				next: result === "running" ? "attach" : "open-program"
			};
		}
	},
	{
		name: "open-program",
		act: async ({ session }) => ({
			evidence: { program: await session.openProgram() },
			next: "join"
		})
	},
	{
		name: "join",
		act: async ({ session }) => ({
			evidence: { reports: (await session.join()).join(", ") },
			next: "verify-joined"
		})
	},
	{
		name: "verify-joined",
		act: async (dispatch) => {
			const evidence = await inspect(dispatch, joinedDeviations);
			if (evidence === void 0) throw deputyError("DEPUTY_E_TARGET_GONE", { detail: "the payload was ended" });
			return {
				evidence,
				next: "name"
			};
		}
	},
	{
		name: "name",
		act: async ({ session }) => ({
			evidence: { placeholder: await session.name() ? "told" : "none" },
			next: "execute"
		})
	},
	{
		name: "execute",
		act: async ({ session }) => {
			await session.execute();
			return {
				evidence: {},
				next: "await-ready"
			};
		}
	},
	{
		name: "attach",
		act: async ({ session }) => {
			const { reports, isOver } = await session.attach();
			return {
				evidence: { reports: reports.join(", ") },
				next: isOver ? "done" : "name"
			};
		}
	},
	{
		name: "await-ready",
		act: async ({ session }) => ({
			evidence: { ready: await session.ready() },
			next: "verify"
		})
	},
	{
		name: "verify",
		act: async (dispatch) => ({
			evidence: await inspect(dispatch, runningDeviations) ?? { state: "ended" },
			next: "done"
		})
	}
];
/** Runs the steps from the first on. `tell` is called behind each, with what it saw. */
async function runDispatch(dispatch, tell, steps = dispatchSteps) {
	for (let name = "identify"; name !== "done";) {
		const step = steps.find((one) => one.name === name);
		if (step === void 0) throw new RangeError(`no step ${name}`);
		const { evidence, next } = await step.act(dispatch);
		tell(step.name, evidence);
		name = next;
	}
}
// strategies/dispatcher/strategy.ts
const SIGTERM = 15;
const noCounts$2 = {
	answered: 0,
	refused: 0,
	cancelled: 0,
	lost: 0
};
/** How a payload ended, as a sentence for an event. */
function endText(end) {
	if (end.kind === "exited") return `the payload exited with ${end.code}`;
	if (end.kind === "signaled") return `the payload was ended by signal ${end.signal}`;
	return `the payload ended, and how is not to be had: ${end.reason}`;
}
/** A payload at work: one way in, no requests of which deputy would know. */
var Dispatched = class {
	session;
	entries = 1;
	constructor(session) {
		this.session = session;
	}
	async join() {
		throw deputyError("DEPUTY_E_LISTENER_INVALID", { detail: "a dispatched payload takes no listeners" });
	}
	setPolicy() {}
	counts() {
		return noCounts$2;
	}
	async release() {
		this.session.signal(SIGTERM);
		await this.session.ended;
	}
	async forget() {
		await this.session.forget?.();
	}
};
/** Every step is told as an event; a payload that was started and isn't as asked for is ended. */
async function establish(options, context) {
	const { target, hooks } = context;
	const spec = options.payload(target);
	const session = options.payloads.open(target, spec);
	options.onSession?.(session);
	const dispatch = {
		session,
		spec,
		isAdopted: false
	};
	try {
		await runDispatch(dispatch, (step, evidence) => hooks.stepped?.(step, evidence), options.steps);
	} catch (error) {
		if (!dispatch.isAdopted) await session.abandon();
		throw error;
	}
	hooks.serving();
	session.ended.then((end) => hooks.ended(endText(end)));
	return new Dispatched(session);
}
/**
* The dispatcher strategy: a payload with exactly the asked capabilities is started from outside and lives in
* the target's namespaces and cgroup, below the target's init.
*/
function dispatcher(options) {
	return {
		name: "dispatcher",
		needs: {
			capabilities: [
				"CAP_SYS_ADMIN",
				"CAP_SYS_CHROOT",
				"CAP_SETPCAP",
				"CAP_SETUID",
				"CAP_SETGID",
				"CAP_SYS_RESOURCE",
				"CAP_SYS_PTRACE",
				"CAP_KILL"
			],
			syscalls: [
				"setns",
				"clone3",
				"pidfd_open",
				"pidfd_send_signal",
				"execveat"
			],
			ports: ["PayloadHost"]
		},
		enforces: ["opath"],
		async assess() {
			const obstacle = await options.payloads.obstacle();
			return {
				possible: obstacle === void 0,
				reasons: obstacle === void 0 ? [] : [obstacle]
			};
		},
		establish: (context) => establish(options, context)
	};
}
// strategies/dispatcher/command.ts
/** Each is waited for, and there may be a new one any time: a container that restarts all the while. */
const earlierLivesMax = 16;
const done = "done";
/** The delegation that a predecessor left open, if it can be gone on with. */
async function leftOpen({ stateDirectory }) {
	const [open] = await stateDirectory.sequencer.caughtUp();
	return open !== void 0 && canBeAdopted(open) ? open : void 0;
}
/** No payload is begun where one ended of which nobody was told. */
async function findUntold$1(command) {
	const open = await leftOpen(command.opened);
	command.left = await command.work.findUntold?.(open !== void 0);
	return command.left === void 0 ? "begin" : "settle-untold";
}
/** Goes on with the delegation that a predecessor left open, or begins one. */
async function begin({ opened }) {
	const { engine, stateDirectory, target } = opened;
	const open = await leftOpen(opened);
	if (open === void 0) {
		await engine.settlePredecessors();
		await engine.delegate({
			target,
			strategy: "dispatcher",
			origin: "dispatch"
		});
		return "follow";
	}
	await engine.adopt({
		delegationId: open.delegationId,
		strategy: "dispatcher",
		targets: [target],
		reason: "whoever dispatched it is gone",
		inFlight: 0,
		previousEpoch: stateDirectory.epoch - 1,
		leavesGone: true
	});
	return "follow";
}
async function collectLeft(command) {
	const left = command.left;
	await left.collect();
	command.outcome = {
		kind: "ended",
		end: left.end
	};
	return done;
}
/**
* The steps of `deputy dispatch`. A shim forgets how a payload ended only behind the step that has told it:
* whoever is killed between two of them leaves it for the next one.
*
* A container that was started again is another delegation. What became of the payloads of its earlier lives,
* if nobody has heard of it yet, is said first; their shims end with that.
*/
const commandSteps = [
	{
		name: "find-earlier",
		act: async (command) => {
			command.left = command.lives++ < earlierLivesMax ? await command.work.findEarlier() : void 0;
			if (command.left !== void 0) return "settle-earlier";
			return command.work.settleEarlier === void 0 ? "open" : "settle-silent";
		}
	},
	{
		name: "settle-earlier",
		act: async ({ left }) => {
			await left?.settle();
			return "collect-earlier";
		}
	},
	{
		name: "collect-earlier",
		act: async ({ left }) => {
			await left?.collect();
			return "find-earlier";
		}
	},
	{
		name: "settle-silent",
		act: async ({ work }) => {
			await work.settleEarlier?.();
			return "open";
		}
	},
	{
		name: "open",
		act: async (command) => {
			const opened = await command.work.open();
			if (opened !== void 0) command.opened = opened;
			else command.outcome = { kind: "running" };
			return opened === void 0 ? done : "find-untold";
		}
	},
	{
		name: "find-untold",
		act: findUntold$1
	},
	{
		name: "begin",
		act: begin
	},
	{
		name: "follow",
		act: async (command) => {
			const end = await command.work.follow();
			command.outcome = end === void 0 ? { kind: "left" } : {
				kind: "ended",
				end
			};
			return end === void 0 ? done : "close";
		}
	},
	{
		name: "close",
		act: async ({ opened }) => {
			await opened?.engine.close("the payload ended");
			return "collect";
		}
	},
	{
		name: "collect",
		act: async ({ work }) => {
			await work.collect();
			return done;
		}
	},
	{
		name: "settle-untold",
		act: async ({ opened, left }) => {
			await opened?.engine.settlePredecessors(void 0, left && endText(left.end));
			return "collect-untold";
		}
	},
	{
		name: "collect-untold",
		act: collectLeft
	},
	{
		name: "find-late",
		act: async (command) => {
			command.left = await command.work.findLate();
			if (command.left !== void 0) return "settle-late";
			await command.work.settleEarlier?.();
			return done;
		}
	},
	{
		name: "settle-late",
		act: async ({ left }) => {
			await left?.settle();
			return "collect-late";
		}
	},
	{
		name: "collect-late",
		act: collectLeft
	},
	{
		name: "await-restart",
		act: async (command) => {
			command.isRestarted = await command.work.awaitRestart?.(command.failure) === true;
			return done;
		}
	}
];
/**
* A dispatch from its start to its payload's end, and, where the container is followed, of each life of that.
* Throws what the dispatch failed with.
*/
async function runCommand(work, steps = commandSteps) {
	for (;;) {
		const command = {
			work,
			lives: 0
		};
		await runLife(command, steps);
		const { outcome } = command;
		if (outcome !== void 0 && outcome.kind !== "ended") return outcome;
		if (work.awaitRestart !== void 0) await runFrom("await-restart", command, steps);
		if (command.isRestarted) continue;
		if (outcome === void 0) throw command.failure;
		return outcome;
	}
}
/**
* One life of the container. Where that is gone, the exit code of a payload that ended with it may still wait
* for somebody.
*/
async function runLife(command, steps) {
	const { work } = command;
	try {
		await runFrom("find-earlier", command, steps);
	} catch (error) {
		await work.shut(error);
		command.failure = error;
		delete command.outcome;
		if (isGone(error)) await runFrom("find-late", command, steps);
		return;
	}
	await work.shut();
}
async function runFrom(first, command, steps) {
	for (let name = first; name !== done;) {
		const step = steps.find((one) => one.name === name);
		if (step === void 0) throw new RangeError(`no step ${name}`);
		name = await step.act(command);
	}
}
/** Does an error say that there is no such container now? */
function isGone(error) {
	return isDeputyError(error, "DEPUTY_E_TARGET_UNKNOWN") || isDeputyError(error, "DEPUTY_E_TARGET_GONE");
}
// simulator/actors/dispatch/former-ways.ts
/**
* Faults that the dispatcher itself had: each brings the old behaviour back, so that a scenario shows which
* invariant catches it.
*/
const formerWays = ["forgotten-before-told"];
/** Where each step of a command leads instead: by its name, the step that it says, and the one that is made. */
const otherWays = { "forgotten-before-told": {
	follow: { close: "collect" },
	collect: { done: "close" },
	close: { collect: "done" },
	"find-late": { "settle-late": "collect-late" },
	"collect-late": { done: "settle-late" },
	"settle-late": { "collect-late": "done" },
	"find-earlier": { "settle-earlier": "collect-earlier" },
	"collect-earlier": { "find-earlier": "settle-earlier" },
	"settle-earlier": { "collect-earlier": "find-earlier" }
} };
/** The real tables, or with a former way in them. */
function formerTables(ways) {
	let command = commandSteps;
	for (const way of ways) command = command.map((step) => {
		const others = otherWays[way][step.name] ?? {};
		return {
			...step,
			act: async (given) => {
				const next = await step.act(given);
				return others[next] ?? next;
			}
		};
	});
	return {
		command,
		strategy: dispatchSteps
	};
}
// simulator/actors/dispatch/old-ways.ts
/**
* What the code that the dispatcher was learnt from did, ten faults that can be read in it: each brings the
* old behaviour back, so that a scenario shows which invariant catches it.
*/
const oldWays = [
	"success-before-execution",
	"overwritten-target",
	"bare-pid",
	"placeholder-never-reaps",
	"placeholder-exits-zero",
	"one-signal-one-child",
	"cgroup-first",
	"dispatched-once",
	"program-of-the-target",
	"log-of-the-target"
];
// simulator/scenario/scenario-schema.ts
const name = z.string().min(1).max(64).regex(/^[a-z0-9][a-z0-9-]*$/, "expected lower-case letters, digits, -");
const us = z.int().min(0).max(36e8);
const count$2 = z.int().min(1).max(1e5);
const user = z.int().min(0).max(4294967294);
/** Which processes there are, and what they keep. A setting of its own, so that setups can be compared. */
const setupSchema = z.strictObject({
	strategy: z.enum(["seccomp-notify", "dispatcher"]).default("seccomp-notify"),
	/** A process that holds the listeners. Without one the supervisor holds them alone, as others do it. */
	keeper: z.boolean().default(true),
	/** A second supervisor that waits, warm. */
	standby: z.boolean().default(true),
	/** Requests are written down before they are acted on, and read at a take-over. */
	journal: z.boolean().default(true),
	injector: z.boolean().default(true),
	/** A service manager that stores descriptors (FDSTORE) and starts the agent again. */
	serviceManager: z.boolean().default(true),
	/** Where events go: files beside the journal, or a stream on a NATS server. */
	store: z.enum(["files", "jetstream"]).default("files")
});
const fileTypes = [
	"fifo",
	"character-device",
	"directory",
	"block-device",
	"regular",
	"symlink",
	"socket"
];
const mountSchema = z.strictObject({
	at: z.string().min(1).max(256),
	type: z.string().min(1).max(64).default("ext4"),
	/** Mounts of one file system have one device. */
	device: z.int().min(1).max(1e3),
	readOnly: z.boolean().default(false),
	/** The path within its file system that is its root. */
	root: z.string().min(1).max(256).default("/"),
	/** Not whole: its root looks like the file system's own, and is not (a subvolume, say). */
	whole: z.boolean().default(true)
});
const fileSchema = z.strictObject({
	name,
	type: z.enum(fileTypes).default("regular"),
	device: z.int().min(1).max(1e3).default(1),
	user: user.default(107),
	/** Permission bits, octal as text: '0644'. */
	mode: z.string().regex(/^0[0-7]{3}$/, "expected octal digits such as '0644'").default("0644"),
	/** The folder that it is in: to find it by name, a caller must be allowed to search that. */
	folder: name.optional()
});
const openFlags = [
	"O_RDONLY",
	"O_WRONLY",
	"O_RDWR",
	"O_CREAT",
	"O_TRUNC",
	"O_APPEND",
	"O_NONBLOCK",
	"O_DIRECTORY",
	"O_NOFOLLOW",
	"O_CLOEXEC",
	"O_PATH"
];
/**
* What stands in a call's struct file_handle: the kernel's own handle of the file, or what a program may give
* instead. `named` and those behind it are the one that name_to_handle_at(2) gave this program last, for this
* file, as it is, or: with a bit of it turned (another one each time), without its seal's MAC, as another
* program has it, cut short, and of another handle type.
*/
const handleKinds = [
	"right",
	"bad-pointer",
	"stale",
	"too-long",
	"empty",
	"bad-type",
	"named",
	"bit-flipped",
	"forged",
	"foreign",
	"cut-short",
	"other-type"
];
const timing = {
	times: count$2.default(1),
	everyUs: us.default(50)
};
/** What a thread does, one after the other. */
const callSchema = z.union([
	z.strictObject({
		/** open_by_handle_at(2) of a file by its handle, through the mount's descriptor. */
		open: name,
		flags: z.array(z.enum(openFlags)).default(["O_RDONLY"]),
		/** A mount point, or a number that is no descriptor of a mount. */
		mount: z.union([z.string(), z.int()]).default("/share"),
		handle: z.enum(handleKinds).default("right"),
		/** Close what was opened before the next call. */
		close: z.boolean().default(true),
		...timing
	}),
	z.strictObject({
		nameToHandle: name,
		room: z.int().min(0).max(128).default(128),
		/** The mount whose descriptor the path begins at; the first one if not given. */
		mount: z.string().optional(),
		...timing
	}),
	z.strictObject({
		foreignNameToHandle: name,
		...timing
	}),
	z.strictObject({
		write: name,
		...timing
	}),
	z.strictObject({
		remove: name,
		...timing
	}),
	z.strictObject({
		replace: name,
		by: z.enum(fileTypes),
		...timing
	}),
	z.strictObject({
		rotateKey: z.enum(["keep", "retire"]),
		...timing
	}),
	z.strictObject({
		sleepUs: us,
		...timing
	})
]);
const targetSchema = z.strictObject({
	name,
	user: user.default(107),
	/** SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV. */
	killable: z.boolean().default(false),
	descriptorLimit: z.int().min(4).max(1024).default(64),
	/** Descriptors that the target holds besides its standard streams and its mounts. */
	heldDescriptors: z.int().min(0).max(1024).default(0),
	/** Signals by number, and whether their handlers have SA_RESTART. */
	handlers: z.record(z.string().regex(/^\d+$/), z.enum(["restart", "interrupt"])).default({}),
	/** Calls by number that a filter of its own answers with SIGSYS. */
	fatalCalls: z.array(z.int().min(0).max(1e3)).max(16).default([]),
	metadata: z.string().max(256).default(""),
	threads: z.array(z.strictObject({
		startUs: us.default(0),
		calls: z.array(callSchema).min(1).max(1e3)
	})).min(1).max(64)
});
/** What the dispatcher does in a scenario: the payload of each target makes the calls of its threads. */
const dispatchSchema = z.strictObject({
	/** So many dispatches of one delegation begin at the same time. */
	dispatches: z.int().min(1).max(8).default(1),
	/** Do they have one state directory, as commands have, or each its own, as engines of a library may? */
	states: z.enum(["shared", "own"]).default("shared"),
	/** How often a runtime starts a container again when it has ended. */
	restarts: z.int().min(0).max(16).default(0),
	/** Is the container's first process a placeholder, which ends with the payload, or one that only reaps? */
	placeholder: z.boolean().default(true),
	/** Does a dispatch follow its container into its next life (`--on-restart dispatch`)? */
	follows: z.boolean().default(false),
	capabilities: z.array(z.int().min(0).max(40)).max(41).default([2]),
	/** The payload's own exit code, when its calls are made. */
	exitCode: z.int().min(0).max(124).default(3),
	/** Is the program there when it is to be executed? */
	program: z.enum(["there", "missing"]).default("there"),
	/** The version of what deputy starts, with its flags, and that of what the target has by the same name. */
	version: z.int().min(1).max(1e3).default(1),
	targetVersion: z.int().min(1).max(1e3).default(1),
	/** Somebody in the target has filled the pipe that its first process writes to. */
	logIsFull: z.boolean().default(false),
	/** Programs executed in the target whose parents left: its first process has to reap them. */
	orphans: z.array(z.strictObject({
		atUs: us,
		user,
		runUs: us
	})).max(64).default([]),
	/** Faults of the code that the dispatcher was learnt from, brought back. */
	oldWays: z.array(z.enum(oldWays)).max(oldWays.length).default([]),
	/** Faults that the dispatcher itself had once, brought back. */
	formerWays: z.array(z.enum(formerWays)).max(formerWays.length).default([])
});
/** A scenario: a machine, targets and what they do, what goes wrong, and what is expected of it all. */
const scenarioSchema = z.strictObject({
	version: z.literal(1).default(1),
	name,
	sentence: z.string().min(1).max(512),
	setup: setupSchema.prefault({}),
	policy: policySchema.default({ version: 1 }),
	machine: z.strictObject({
		mounts: z.array(mountSchema).max(64).default([]),
		files: z.array(fileSchema).max(256).default([])
	}).prefault({}),
	targets: z.array(targetSchema).min(1).max(16),
	dispatch: dispatchSchema.prefault({}),
	faults: z.array(faultSchema).max(256).default([]),
	/** Invariants that break, and are meant to: the scenario shows what others lose. */
	expect: z.strictObject({ broken: z.array(z.string()).default([]) }).prefault({}),
	limits: z.strictObject({
		virtualUs: us.default(6e7),
		points: z.int().min(1).max(1e8).default(2e6)
	}).prefault({})
});
// simulator/scenario/build-machine.ts
/** S_IFMT shifted right by 12, in the order of `fileTypes`. */
const typeNumbers = [
	1,
	2,
	4,
	6,
	8,
	10,
	12
];
const firstMountId = 7;
const firstInode = 10;
/** What a scenario has that describes no machine: a share, and a file of each kind. */
const usualMounts = [
	{
		at: "/share",
		type: "ext4",
		device: 1,
		readOnly: false
	},
	{
		at: "/read-only",
		type: "ext4",
		device: 1,
		readOnly: true
	},
	{
		at: "/proc",
		type: "proc",
		device: 9,
		readOnly: false
	}
];
const usualFiles = [
	{
		name: "own",
		type: "regular",
		user: 107,
		mode: "0644"
	},
	{
		name: "secret",
		type: "regular",
		user: 0,
		mode: "0600"
	},
	{
		name: "readable",
		type: "regular",
		user: 0,
		mode: "0644"
	},
	{
		name: "folder",
		type: "directory",
		user: 107,
		mode: "0755"
	},
	{
		name: "link",
		type: "symlink",
		user: 107,
		mode: "0777"
	},
	{
		name: "fifo",
		type: "fifo",
		user: 107,
		mode: "0666"
	},
	{
		name: "socket",
		type: "socket",
		user: 107,
		mode: "0666"
	},
	{
		name: "device",
		type: "character-device",
		user: 0,
		mode: "0666"
	}
];
/** A file type as the kernel's port has it. */
function fileTypeNumber(type) {
	return typeNumbers[fileTypes.indexOf(type)];
}
/** Makes a scenario's mounts and files. */
function buildMachine(files, { machine }) {
	(machine.mounts.length > 0 ? machine.mounts : usualMounts).forEach(({ at, type, device, readOnly, ...rest }, index) => {
		const mountId = firstMountId + index;
		const root = "root" in rest ? rest.root : "/";
		const place = {
			mountPoint: at,
			root,
			isReadOnly: readOnly,
			isWhole: root === "/" && !("whole" in rest && !rest.whole)
		};
		files.addMount({
			mountId,
			device,
			fileSystemType: type,
			...place
		});
	});
	(machine.files.length > 0 ? machine.files : usualFiles).forEach(({ name, type, user, mode, ...rest }, index) => {
		files.add({
			name,
			inode: firstInode + index,
			generation: 1,
			type: fileTypeNumber(type),
			device: "device" in rest ? rest.device : 1,
			user,
			mode: Number.parseInt(mode, 8),
			..."folder" in rest ? { folder: rest.folder } : {}
		});
	});
}
// simulator/actors/target-handles.ts
/** The handles that one program puts into its calls. */
var TargetHandles = class {
	program;
	book;
	turned = 0;
	constructor(program, book) {
		this.program = program;
		this.book = book;
	}
	/** struct file_handle of a file, or of what a program may give instead. */
	structOf(name, file, kind) {
		const { program, book } = this;
		const given = (kind === "foreign" ? book.ofAnother(program, name) : void 0) ?? book.last(program, name);
		if (given === void 0) return nativeStruct(file, kind);
		switch (kind) {
			case "named":
			case "foreign": return struct(given, given.bytes);
			case "bit-flipped": return struct(given, this.withTurnedBit(given));
			case "forged": return struct(given, withoutMac(given));
			case "cut-short": return struct(given, given.bytes.subarray(0, -1));
			case "other-type": return struct({ type: given.type + 1 }, given.bytes);
			default: return nativeStruct(file, kind);
		}
	}
	withTurnedBit({ bytes }) {
		const turned = bytes.slice();
		const bit = this.turned++ % (turned.length * 8);
		turned[bit >> 3] = turned[bit >> 3] ^ 1 << (bit & 7);
		return turned;
	}
};
function withoutMac({ bytes }) {
	const forged = bytes.slice();
	if (forged.length > sealBytes) forged.fill(0, forged.length - sealBytes + sealOffset.mac);
	return forged;
}
function struct({ type }, bytes) {
	const made = new Uint8Array(8 + bytes.length);
	made.set(new Uint8Array(new Int32Array([bytes.length, type]).buffer));
	made.set(bytes, 8);
	return made;
}
function nativeStruct(file, kind) {
	const size = kind === "too-long" ? 129 : kind === "empty" ? 0 : 8;
	const type = kind === "bad-type" ? -1 : 1;
	const generation = kind === "stale" ? 57005 : file?.generation ?? 0;
	return new Uint8Array(new Int32Array([
		size,
		type,
		file?.inode ?? 0,
		generation
	]).buffer);
}
// simulator/actors/target.ts
const dataStart = 0x7f0000000000;
const dataBytes = 8192;
const foreignName = syscall.nameToHandleAt | foreignBit;
const place$1 = {
	path: 1024,
	mountId: 2048,
	badPointer: 4096
};
/** Time of its own that a program takes between two calls. */
const programUs = [1, 30];
/** A target's program: threads that make calls, one after the other, and keep what they get. */
var TargetProgram = class {
	world;
	scenario;
	containerId;
	policy;
	book;
	runningIn;
	process;
	/** Threads that have something left to do. */
	busy = 0;
	/** Descriptors that the program knows of, as its calls returned them. */
	known = /* @__PURE__ */ new Set();
	/** Descriptors that it began with. */
	initial;
	mountDescriptors = /* @__PURE__ */ new Map();
	handles;
	constructor(world, scenario, containerId, policy, book, runningIn) {
		this.world = world;
		this.scenario = scenario;
		this.containerId = containerId;
		this.policy = policy;
		this.book = book;
		this.runningIn = runningIn;
		const { kernel } = world;
		const { name, descriptorLimit, killable, heldDescriptors } = scenario;
		this.process = runningIn?.process ?? kernel.spawn(name, { descriptorLimit });
		this.handles = new TargetHandles(this.process, book);
		this.openInitial(heldDescriptors);
		this.initial = new Set(this.process.table.entries().map(([number]) => number));
		for (const [number, action] of Object.entries(scenario.handlers)) this.process.handlers.set(Number(number), { restarts: action === "restart" });
		for (const number of scenario.fatalCalls) this.process.fatalCalls.add(number);
		const numbers = [
			syscall.openByHandleAt,
			syscall.nameToHandleAt,
			foreignName
		];
		if (runningIn === void 0) kernel.installFilter(this.process, name, killable, numbers);
		this.process.memory.add(dataStart, dataBytes * scenario.threads.length);
	}
	/** Its threads begin. */
	start() {
		const { kernel, scheduler } = this.world;
		const [mountId = 0] = kernel.files.mounts.keys();
		this.scenario.threads.forEach(({ startUs, calls }, index) => {
			const actor = `${this.process.actor}/thread-${index + 1}`;
			const thread = kernel.addThread(this.process, this.scenario.user, actor, mountId);
			thread.holdsReadSearch = this.runningIn?.holdsReadSearch === true;
			this.busy++;
			scheduler.after(startUs, this.process, () => this.run(thread, index, calls, 0, 0));
		});
	}
	/** Gives another process what this program has in its memory and of mounts. */
	resemble(other) {
		const memory = this.process.memory.view(dataStart, dataBytes * this.scenario.threads.length);
		if (memory !== void 0) other.memory.add(dataStart, memory.length).bytes.set(memory);
		for (const [mountPoint, number] of this.mountDescriptors) {
			const mount = [...this.world.kernel.files.mounts.values()].find((one) => one.mountPoint === mountPoint);
			if (mount === void 0) continue;
			const root = this.world.kernel.files.rootOf(mount);
			other.table.put(number, new OpenFile(root, mount.mountId, false, flag.O_DIRECTORY));
		}
	}
	get isDone() {
		return this.busy === 0 || !this.process.alive;
	}
	get firstMount() {
		const [first = ""] = this.mountDescriptors.keys();
		return first;
	}
	openInitial(held) {
		for (let number = 0; number < 3; number++) this.process.table.add(new PlainDescription());
		for (const mount of this.world.kernel.files.mounts.values()) {
			const root = this.world.kernel.files.rootOf(mount);
			const number = this.process.table.add(new OpenFile(root, mount.mountId, false, flag.O_DIRECTORY));
			this.mountDescriptors.set(mount.mountPoint, number);
		}
		for (let count = 0; count < held; count++) this.process.table.add(new PlainDescription());
	}
	run(thread, index, calls, at, time) {
		const call = calls[at];
		if (call === void 0) {
			this.busy--;
			if (this.busy === 0) this.runningIn?.whenDone();
			return;
		}
		const isLast = time + 1 >= call.times;
		const next = () => {
			const [from, to] = programUs;
			this.world.later(this.process, from + call.everyUs, to + call.everyUs, () => this.run(thread, index, calls, isLast ? at + 1 : at, isLast ? 0 : time + 1));
		};
		this.make(thread, index, call, next);
	}
	make(thread, index, call, next) {
		const { kernel, scheduler } = this.world;
		if ("open" in call) kernel.call(thread, this.openCall(call, index), (result) => {
			this.keep(result, call.close);
			next();
		});
		else if ("nameToHandle" in call) kernel.call(thread, this.nameCall(call, index), (result) => {
			if (result === 0) this.noteHandle(call, index);
			next();
		});
		else if ("foreignNameToHandle" in call) {
			const name = {
				nameToHandle: call.foreignNameToHandle,
				room: 8
			};
			const { values } = this.nameCall(name, index);
			kernel.call(thread, {
				number: foreignName,
				values
			}, next);
		} else if ("write" in call) {
			const file = kernel.files.named(call.write);
			if (file !== void 0) file.changes++;
			next();
		} else if ("remove" in call) {
			const file = kernel.files.named(call.remove);
			if (file !== void 0) file.isDeleted = true;
			next();
		} else if ("replace" in call) {
			kernel.files.replace(call.replace, fileTypeNumber(call.by));
			next();
		} else if ("rotateKey" in call) {
			this.world.sealKeys.rotate(call.rotateKey === "retire", this.world.nowUs);
			next();
		} else scheduler.after(call.sleepUs, this.process, next);
	}
	/** A descriptor that a call returned: closed at once, or kept. */
	keep(number, closes) {
		if (number < 0) return;
		if (closes) this.world.kernel.close(this.process, number);
		else this.known.add(number);
	}
	openCall(call, index) {
		const base = dataStart + index * dataBytes;
		const file = this.world.kernel.files.named(call.open);
		const { memory } = this.process;
		memory.view(base, 136)?.set(this.handles.structOf(call.open, file, call.handle));
		const pointer = call.handle === "bad-pointer" ? place$1.badPointer : base;
		const descriptor = typeof call.mount === "number" ? call.mount : this.mountDescriptors.get(call.mount) ?? 999;
		let flags = 0;
		for (const name of call.flags) flags |= name === "O_RDONLY" ? 0 : flag[name];
		return {
			number: syscall.openByHandleAt,
			values: [
				descriptor,
				pointer,
				flags,
				0,
				0,
				0
			]
		};
	}
	/** What name_to_handle_at(2) left in the program's memory. */
	noteHandle({ nameToHandle: file, mount: at }, index) {
		const bytes = this.process.memory.view(dataStart + index * dataBytes, 136)?.slice();
		const mount = [...this.world.kernel.files.mounts.values()].find(({ mountPoint }) => mountPoint === (at ?? this.firstMount));
		if (bytes === void 0 || mount === void 0) return;
		const words = new DataView(bytes.buffer);
		const type = words.getInt32(4, true);
		const handle = bytes.subarray(8, 8 + words.getUint32(0, true));
		this.book.add({
			program: this.process,
			file,
			tenant: this.policy.tenant,
			mount,
			type,
			bytes: handle
		});
	}
	nameCall({ nameToHandle: name, room, mount = this.firstMount }, index) {
		const base = dataStart + index * dataBytes;
		const path = Uint8Array.from(`${name}\0`, (character) => character.charCodeAt(0));
		const { memory } = this.process;
		memory.view(base + place$1.path, path.length)?.set(path);
		memory.view(base, 136)?.set(new Uint8Array(new Uint32Array([room, 0]).buffer));
		const descriptor = this.mountDescriptors.get(mount) ?? 999;
		return {
			number: syscall.nameToHandleAt,
			values: [
				descriptor,
				base + place$1.path,
				base,
				base + place$1.mountId,
				0,
				0
			]
		};
	}
};
// simulator/actors/dispatch/acting.ts
/** What a system call, or a short look at something, takes. */
const callUs = [5, 60];
/** The steps of one process, one after the other: each is a point at which it may die. */
var Acting = class {
	world;
	self;
	kind;
	constructor(world, self, kind) {
		this.world = world;
		this.self = self;
		this.kind = kind;
	}
	get isAlive() {
		return this.self.process.alive;
	}
	/**
	* Makes a call a little later: resolves to what it gives, and never, if the process is gone by then. What
	* it throws is thrown here.
	*/
	call(name, work, [from, to] = callUs) {
		const { world, self } = this;
		return new Promise((resolve, reject) => {
			world.later(self.process, from, to, () => world.step(self.process, this.kind, name, null, () => {
				if (this.kind === "deputy") world.steps++;
				let settle;
				let shown = 0;
				try {
					const result = work();
					if (typeof result === "number") shown = result;
					settle = () => resolve(result);
				} catch (error) {
					shown = -1;
					settle = () => reject(error);
				}
				this.soon(settle);
				return shown;
			}));
		});
	}
	/** Resolves after this time, if the process is there then. */
	sleep(delayUs) {
		return new Promise((resolve) => this.later(delayUs, resolve));
	}
	/** Has `run` called by this process after a time. */
	later(delayUs, run) {
		this.world.scheduler.after(delayUs, this.self.process, () => {
			this.world.hasMicrotasks = true;
			run();
		});
	}
	/** A promise's chain goes on in an event of its process: a dead one's never does. */
	soon(settle) {
		this.later(0, settle);
		this.later(1, () => void 0);
	}
};
// simulator/actors/dispatch/text-socket.ts
const encoder$2 = new TextEncoder();
const decoder$3 = new TextDecoder();
/** Two ends of a SOCK_SEQPACKET pair. */
function packetPair$1() {
	const pair = [new PacketSocket(), new PacketSocket()];
	pair[0].peer = pair[1];
	pair[1].peer = pair[0];
	return pair;
}
/** False when the other end is closed. */
function sendText(socket, text, passed = []) {
	return socket.send(encoder$2.encode(text), passed) !== void 0;
}
/** The next packet, if there is one. Descriptions that came with it are the reader's to release. */
function receiveText(socket) {
	const packet = socket.packets.shift();
	return packet && {
		text: decoder$3.decode(packet.bytes),
		passed: packet.passed
	};
}
/** Closes whatever descriptor a process has of a description. */
function closeDescription({ process }, description) {
	for (const [number, one] of process.table.entries()) if (one.description === description) process.table.close(number);
}
// simulator/actors/dispatch/placeholder.ts
const wakeUs$2 = [2, 40];
/** The first process of a container: it reaps everything, and ends with the payload and as that did. */
var ModelPlaceholder = class {
	parts;
	self;
	acting;
	payload;
	reaped = /* @__PURE__ */ new Map();
	peers = [];
	/** The user in the one SIGCHLD that is pending: a second one leaves no trace. */
	pendingUser;
	constructor(parts, self) {
		this.parts = parts;
		this.self = self;
		this.acting = new Acting(parts.world, self, "placeholder");
		self.whenChildEnded = (user) => this.signal(user);
	}
	/** Somebody connects: its end of the connection, or undefined when nobody listens. */
	connect(caller) {
		if (!this.acting.isAlive) return void 0;
		const [near, far] = packetPair$1();
		caller.process.table.add(near);
		this.self.process.table.add(far);
		this.peers.push(far);
		far.whenReadable = () => void this.acting.call("hear-peer", () => this.hear(far), wakeUs$2);
		return near;
	}
	hear(peer) {
		for (let packet = receiveText(peer); packet !== void 0; packet = receiveText(peer)) {
			const number = Number(/^payload (\d+)$/.exec(packet.text)?.[1]);
			this.payload ??= number;
			sendText(peer, "named");
			const status = this.reaped.get(this.payload);
			if (status !== void 0) this.end(status);
		}
	}
	signal(user) {
		if (this.pendingUser !== void 0) return;
		this.pendingUser = user;
		this.acting.call("take-signal", () => this.takeSignal(), wakeUs$2);
	}
	takeSignal() {
		const user = this.pendingUser;
		this.pendingUser = void 0;
		const { oldWays } = this.parts;
		const believes = oldWays.has("one-signal-one-child") || oldWays.has("placeholder-never-reaps");
		if (!oldWays.has("placeholder-never-reaps")) this.reap(!believes);
		if (believes && user === 0) this.end(exitedWith(0));
	}
	reap(ends) {
		const { tree } = this.parts;
		for (let child = tree.wait(this.self); child !== void 0; child = tree.wait(this.self)) {
			const number = child.numberIn(this.self.space);
			this.reaped.set(number, child.status ?? 0);
			if (ends && number === this.payload) return this.end(child.status ?? 0);
		}
	}
	end(status) {
		for (const peer of this.peers) sendText(peer, `ended ${status}`);
		const signal = status & 127;
		const code = signal === 0 ? status >> 8 : 128 + signal;
		this.parts.tree.exit(this.self, this.parts.oldWays.has("placeholder-exits-zero") ? 0 : code);
	}
};
// simulator/actors/dispatch/container.ts
/** Until a runtime has noticed that a container ended, and has started it again. */
const restartUs$2 = [2e4, 2e5];
/** A container of a runtime's: its first process is the placeholder, and its user has no capabilities. */
var ModelContainer = class {
	parts;
	id;
	user;
	restartsLeft;
	lives = [];
	/** Told of each start. */
	whenStarted;
	constructor(parts, id, user, restartsLeft, number) {
		this.parts = parts;
		this.id = id;
		this.user = user;
		this.restartsLeft = restartsLeft;
		this.start(number);
	}
	/** What the runtime's state says: the life that was begun last. */
	get current() {
		return this.lives.at(-1);
	}
	/** Nothing of it is there, and nobody starts it again. */
	get isOver() {
		return this.restartsLeft === 0 && this.current.init.state === "reaped";
	}
	/** The life that a process belongs to, by its pid namespace. */
	lifeOf(process) {
		return this.lives.find(({ init }) => init.space === process.space);
	}
	kill() {
		this.parts.tree.kill(this.current.init);
	}
	/** A program that was executed in it and left by whoever did: an orphan, which the first process reaps. */
	leaveOrphan(user, runUs) {
		const { tree, world } = this.parts;
		const { init } = this.current;
		if (!init.process.alive) return;
		const runtime = fork(tree, tree.init, "exec");
		runtime.childSpace = init.space;
		const middle = fork(tree, runtime, "exec-middle");
		const orphan = fork(tree, middle, "exec-orphan");
		orphan.sets.user = user;
		runtime.ignoresChildren = true;
		tree.exit(middle, 0);
		tree.exit(runtime, 0);
		world.scheduler.after(runUs, orphan.process, () => tree.exit(orphan, 0));
	}
	/** The same container, killed and started anew, whatever its runtime would do by itself. */
	restart() {
		this.restartsLeft++;
		this.kill();
	}
	start(number) {
		const { tree, world } = this.parts;
		const restartCount = this.lives.length;
		const init = tree.fork(tree.init, `${this.id}-init-${restartCount + 1}`, {
			isContainer: true,
			...number === void 0 ? {} : { number }
		});
		if (typeof init === "number") throw new RangeError(`no container: ${init}`);
		const cgroup = new Cgroup(`/${this.id}-${restartCount + 1}`, tree.rootCgroup);
		cgroup.attach(init);
		init.sets = new CapabilitySets();
		init.sets.bounding = 0n;
		init.sets.user = this.user;
		init.sets.noNewPrivileges = true;
		init.program = "placeholder";
		this.lives.push({
			restartCount,
			init,
			cgroup,
			placeholder: new ModelPlaceholder(this.parts, init)
		});
		init.whenReaped.push(() => {
			if (this.restartsLeft === 0) return;
			this.restartsLeft--;
			world.scheduler.after(world.random.between(...restartUs$2), void 0, () => {
				world.hasMicrotasks = true;
				this.start();
			});
		});
		this.whenStarted?.();
	}
};
function fork(tree, parent, actor) {
	const child = tree.fork(parent, actor);
	if (typeof child === "number") throw new RangeError(`no process: ${child}`);
	return child;
}
// core/ports/logger.ts
const ignore = () => {};
/** A logger that says nothing: the default of a library. */
const silentLogger = {
	debug: ignore,
	info: ignore,
	warn: ignore,
	error: ignore,
	child: () => silentLogger
};
// core/policy/asks.ts
/**
* What a policy asks of whoever serves a target: the fields that are not at their widest. What holds a target
* to nothing may be used only where nothing is asked. `placement` is about speed, and `record` about the
* record: neither bounds a target.
*/
function policyAsks(fields) {
	const { syscalls, shares, filesystems, confinement, dac, opath, limits } = fields;
	const asks = [];
	const leftOut = defaultFields.syscalls.filter((name) => !syscalls.includes(name));
	if (leftOut.length > 0) asks.push({
		field: "syscalls",
		text: `syscalls without ${leftOut.join(", ")}`
	});
	if (shares !== "all") asks.push({
		field: "shares",
		text: `shares: ${shares.length} of them`
	});
	const missing = defaultFields.filesystems.filter((name) => !filesystems.includes(name));
	if (missing.length > 0) asks.push({
		field: "filesystems",
		text: `filesystems without ${missing.join(", ")}`
	});
	if (confinement !== "none") asks.push({
		field: "confinement",
		text: `confinement: ${confinement}`
	});
	if (dac !== "capability") asks.push({
		field: "dac",
		text: `dac: ${dac}`
	});
	if (opath !== "fast") asks.push({
		field: "opath",
		text: `opath: ${opath}`
	});
	const { inFlightPerTarget, deadlineMs } = limits;
	if (deadlineMs > 0) asks.push({
		field: "limits",
		text: `limits.deadlineMs: ${deadlineMs}`
	});
	if (inFlightPerTarget < defaultLimits.inFlightPerTarget) asks.push({
		field: "limits",
		text: `limits.inFlightPerTarget: ${inFlightPerTarget}`
	});
	return asks;
}
/** What a policy asks and a strategy that enforces only these fields can't hold a target to. */
function unheldAsks(fields, enforces) {
	return policyAsks(fields).filter(({ field }) => !enforces.includes(field));
}
/** The same as a reason; undefined where all is held. */
function unheldReason(fields, enforces) {
	const texts = unheldAsks(fields, enforces).map(({ text }) => text);
	return texts.length === 0 ? void 0 : `it can't hold a target to what the policy asks: ${texts.join("; ")}`;
}
// core/engine/assess.ts
/**
* What rules a strategy out before it is asked itself, or undefined. One that is asked for by name may leave
* fields of the policy unheld, which its admission then says; 'auto' never takes such a one.
*/
function rulesOut(strategy, policy, request) {
	if (!policy.strategies.includes(strategy.name)) return "not in the policy's list";
	if (request.target.listener !== void 0 && strategy.answerer === void 0 && !request.closesListener) return "it answers no listener, and nobody would close the target's: its calls would wait for ever";
	if (request.wanted !== "auto") return void 0;
	return unheldReason(policy, strategy.enforcesFor?.(request.target) ?? strategy.enforces);
}
/** Asks the strategies in the policy's order. */
async function assess(strategies, policy, request) {
	const { wanted, target, failed } = request;
	const candidates = [];
	const ranked = [];
	const names = wanted === "auto" ? [...new Set(policy.strategies)] : [wanted];
	for (const name of names) {
		const strategy = strategies.find((one) => one.name === name);
		const out = strategy === void 0 ? "not available in this engine" : rulesOut(strategy, policy, request);
		if (strategy === void 0 || out !== void 0) {
			candidates.push({
				strategy: name,
				possible: false,
				reasons: [out ?? ""]
			});
			continue;
		}
		const { possible, reasons } = await strategy.assess(target, policy);
		const late = failed.has(name) ? ["it failed when the target ran last, so it comes last"] : [];
		candidates.push({
			strategy: name,
			possible,
			reasons: [...reasons, ...late]
		});
		if (possible) ranked.push(strategy);
	}
	const allowed = wanted === "auto" || strategies.some((one) => one.name === wanted);
	const isLate = ({ name }) => failed.has(name);
	return {
		ranked: [...ranked.filter((one) => !isLate(one)), ...ranked.filter(isLate)],
		candidates,
		allowed
	};
}
/** Why no strategy serves the target. `known`: the names of those that there are. */
function assessmentError(result) {
	const { wanted: strategy, candidates, allowed, known } = result;
	if (!allowed) return deputyError("DEPUTY_E_STRATEGY_UNKNOWN", {
		strategy,
		known
	});
	return deputyError("DEPUTY_E_STRATEGY_REFUSED", {
		strategy,
		detail: candidates.map((one) => `${one.strategy}: ${one.reasons.join("; ")}`).join(" | ")
	});
}
// core/engine/delegation.ts
const noCounts$1 = {
	answered: 0,
	refused: 0,
	cancelled: 0,
	lost: 0
};
/** A live delegation: the folded state, and the strategy at work. */
var Delegation = class {
	id;
	target;
	policy;
	strategy;
	state;
	lastEventType;
	startedAtUs;
	establishment;
	finished;
	/** Strategies that could take its strategy's place, best first. */
	fallbacks = [];
	/** Closes the target's listener, where a strategy serves that answers none. */
	onListenerUnused;
	degraded;
	constructor(id, target, policy, strategy, state, lastEventType, startedAtUs) {
		this.id = id;
		this.target = target;
		this.policy = policy;
		this.strategy = strategy;
		this.state = state;
		this.lastEventType = lastEventType;
		this.startedAtUs = startedAtUs;
	}
	status() {
		const { processId, restartCount } = this.target;
		return {
			id: this.id,
			state: this.state,
			strategy: this.strategy.name,
			tenant: this.policy.tenant,
			policyDigest: this.policy.digest,
			containerId: this.target.containerId,
			...processId === void 0 ? {} : { processId },
			...restartCount === void 0 ? {} : { restartCount },
			counts: this.establishment?.counts() ?? noCounts$1,
			entries: this.establishment?.entries ?? 0,
			...this.degraded === void 0 ? {} : { degraded: this.degraded }
		};
	}
};
// core/engine/delegation-events.ts
/** What of a policy a strategy can be held to: the fields that say what a target may do. */
const enforceable = [
	"syscalls",
	"shares",
	"filesystems",
	"confinement",
	"dac",
	"opath",
	"placement",
	"limits"
];
const textLimit = 1024;
/** An error as an event carries it; texts are cut, since a target may have had a hand in them. */
function errorData(error) {
	return {
		code: error.code,
		message: escapeText(error.message, textLimit),
		remedy: escapeText(error.remedy, textLimit)
	};
}
/** Writes the lifecycle events of delegations into the sequence. */
var DelegationEvents = class {
	sequencer;
	logger;
	constructor(sequencer, logger) {
		this.sequencer = sequencer;
		this.logger = logger;
	}
	/** For what nobody waits for, such as the end of a target: no reason for the process to end. */
	notTold = (err) => this.logger.error({ err }, "what became of a delegation was not written down");
	/** Appends an event: its ticket. */
	emit(id, tenant, type, data) {
		return this.sequencer.append({
			type,
			delegationId: id,
			tenant: eventTenant(tenant),
			correlationId: id,
			causationId: id,
			data
		});
	}
	requested(id, tenant, target, strategy, origin) {
		const { containerId, processId, restartCount, metadata, cgroup } = target;
		return this.emit(id, tenant, "delegation.requested", {
			strategy,
			target: {
				containerId: escapeText(containerId, textLimit),
				...processId === void 0 ? {} : { processId },
				...restartCount === void 0 ? {} : { restartCount },
				...cgroup === void 0 ? {} : { cgroup: escapeText(cgroup, textLimit) },
				...metadata === void 0 || metadata === "" ? {} : { metadata: escapeText(metadata, textLimit) }
			},
			origin
		});
	}
	quarantined(id, tenant, operation, waitedUs) {
		this.emit(id, tenant, "delegation.quarantined", {
			operation,
			waitedUs
		});
	}
	degraded(id, tenant, strategy, spell, use) {
		const { reason, error, quietMs, errno } = spell;
		const { named, opened } = use;
		const failed = errno === void 0 ? {} : { errno };
		const data = {
			...errorData(error),
			strategy,
			reason,
			named,
			opened,
			quietMs,
			...failed
		};
		this.emit(id, tenant, "delegation.degraded", data);
	}
	stepped(id, tenant, strategy, step, evidence) {
		const safe = Object.entries(evidence).map(([name, text]) => [name, escapeText(text, textLimit)]);
		this.emit(id, tenant, "delegation.establishing", {
			strategy,
			step,
			evidence: Object.fromEntries(safe)
		});
	}
	admitted(id, strategy, policy, target) {
		if (policy.confinement === "sealed" && policy.tenantSource === "container") this.logger.info({
			delegation: id,
			container: policy.tenant
		}, "its sealed handles end with this container: name its tenant to have them outlive it");
		const enforces = strategy.enforcesFor?.(target) ?? strategy.enforces;
		const notEnforced = enforceable.filter((field) => !enforces.includes(field));
		const { tenant, tenantSource, digest, rule: _rule, ...fields } = policy;
		return this.emit(id, tenant, "delegation.admitted", {
			strategy: strategy.name,
			tenantSource,
			policy: fields,
			policyDigest: digest,
			enforced: enforceable.filter((field) => enforces.includes(field)),
			...notEnforced.length === 0 ? {} : { notEnforced }
		});
	}
};
// core/engine/degradations.ts
const sentences = {
	"never-opened": "it asked for handles or files by them, and never opened one",
	"open-failed": "a call failed as where handles do not work, and it opened nothing since",
	"named-only": "it goes on to ask for handles, and opens nothing by them",
	silent: "it opened files by handle, and now makes no such call at all"
};
/**
* Notices when targets stop using handles, as virtiofsd does without a word when its first try fails
* (`--inode-file-handles=prefer`): it then holds a descriptor for each file of its guest. Each spell is told
* once, and ends with an open.
*/
var Degradations = class {
	memories = /* @__PURE__ */ new Map();
	/** A delegation of a predecessor: what it did before is not known. */
	adopt(id, nowUs) {
		this.memories.set(id, {
			hasOpened: true,
			lastOpenedAtUs: nowUs,
			spell: void 0
		});
	}
	forget(id) {
		this.memories.delete(id);
	}
	/** The spell could not be told: the next look begins it again. */
	untold(id) {
		const memory = this.memories.get(id);
		if (memory !== void 0) memory.spell = void 0;
	}
	/** The spell that a delegation is in. */
	spellOf(id) {
		return this.memories.get(id)?.spell;
	}
	/** Looks at a delegation: a spell that begins with this look, or undefined. */
	look(id, use, thresholds, nowUs) {
		const memory = this.memories.get(id) ?? {
			hasOpened: false,
			lastOpenedAtUs: nowUs,
			spell: void 0
		};
		this.memories.set(id, memory);
		if (use === void 0) return void 0;
		const { lastOpenedAtUs } = use;
		if (lastOpenedAtUs !== void 0 && (!memory.hasOpened || lastOpenedAtUs > memory.lastOpenedAtUs)) {
			memory.hasOpened = true;
			memory.lastOpenedAtUs = lastOpenedAtUs;
			memory.spell = void 0;
		}
		if (memory.spell !== void 0) return void 0;
		memory.spell = judge(use, memory, thresholds, nowUs);
		return memory.spell;
	}
};
function judge(use, memory, { afterMs, silentMs }, nowUs) {
	const { failure, firstCallAtUs, lastCallAtUs, namedSinceUs, lastNamedAtUs } = use;
	const spell = (reason, sinceUs) => ({
		reason,
		error: deputyError("DEPUTY_E_TARGET_DEGRADED", { detail: sentences[reason] }),
		quietMs: Math.round((nowUs - sinceUs) / 1e3),
		errno: failure === void 0 ? void 0 : errnoText(failure.errno)
	});
	const isOver = (sinceUs, thresholdMs) => thresholdMs > 0 && nowUs - sinceUs >= thresholdMs * 1e3;
	if (!memory.hasOpened) return isOver(firstCallAtUs, afterMs) ? spell("never-opened", firstCallAtUs) : void 0;
	if (failure !== void 0 && isOver(failure.atUs, afterMs)) return spell("open-failed", failure.atUs);
	if (namedSinceUs !== void 0 && lastNamedAtUs !== void 0) {
		const asksSinceUs = Math.max(namedSinceUs, memory.lastOpenedAtUs);
		if (afterMs > 0 && lastNamedAtUs - asksSinceUs >= afterMs * 1e3) return spell("named-only", asksSinceUs);
	}
	return isOver(lastCallAtUs, silentMs) ? spell("silent", lastCallAtUs) : void 0;
}
// core/engine/failed-strategies.ts
/** Targets of which it is remembered; the eldest is forgotten, and then assessed as any other. */
const rememberedTargets = 1024;
/**
* Which strategies failed while they served a target, until it starts next: they then come last. A tenant
* that outlives its containers is known by its name, since the next container has another id.
*/
var FailedStrategies = class {
	byTarget = /* @__PURE__ */ new Map();
	add(policy, containerId, strategy) {
		const key = keyOf(policy, containerId);
		const failed = this.byTarget.get(key) ?? /* @__PURE__ */ new Set();
		this.byTarget.delete(key);
		this.byTarget.set(key, failed.add(strategy));
		const [eldest] = this.byTarget.keys();
		if (this.byTarget.size > rememberedTargets && eldest !== void 0) this.byTarget.delete(eldest);
	}
	/** Those of a target that starts; they are forgotten with this. */
	take(policy, containerId) {
		const key = keyOf(policy, containerId);
		const failed = this.byTarget.get(key) ?? /* @__PURE__ */ new Set();
		this.byTarget.delete(key);
		return failed;
	}
};
function keyOf({ tenant, tenantSource }, containerId) {
	return tenantSource === "container" ? `container ${containerId}` : `tenant ${tenant}`;
}
// core/engine/fallback.ts
/**
* The first of those that are left which the policy of this moment still permits and which still says yes;
* those before it are left out for good. Never one that the policy forbids, or that can't hold what it asks.
*/
async function nextFallback(delegation, options, isWanted = () => true) {
	const { target, onListenerUnused } = delegation;
	const policy = options.policyOf(target);
	if (policy.tenant !== delegation.policy.tenant) return void 0;
	const closesListener = onListenerUnused !== void 0;
	for (const [index, strategy] of delegation.fallbacks.entries()) {
		if (!isWanted(strategy)) continue;
		const out = rulesOut(strategy, policy, {
			wanted: "auto",
			target,
			closesListener
		});
		const { possible, reasons } = out === void 0 ? await strategy.assess(target, policy) : {
			possible: false,
			reasons: [out]
		};
		if (possible) {
			delegation.fallbacks = delegation.fallbacks.slice(index + 1);
			return strategy;
		}
		options.logger.info({
			delegation: delegation.id,
			strategy: strategy.name,
			reasons
		}, "no fallback");
	}
}
/** One that goes on with the listeners that the present strategy answers: same answerer, journal and keys. */
async function nextInPlace(delegation, options) {
	const { answerer } = delegation.strategy;
	if (answerer === void 0 || delegation.establishment?.letGo === void 0) return void 0;
	return nextFallback(delegation, options, (other) => other.answerer === answerer);
}
/** Puts another strategy in the place of the one that failed, under the policy of this moment. */
function fallBack(delegation, next, error, { log, logger, policyOf }) {
	const { id, strategy, policy, target } = delegation;
	const data = {
		...errorData(error),
		from: strategy.name,
		to: next.name
	};
	log.emit(id, policy.tenant, "delegation.fellback", data);
	logger.error({
		delegation: id,
		err: error,
		from: strategy.name,
		to: next.name
	}, "fell back");
	delegation.policy = policyOf(target);
	delegation.strategy = next;
	delegation.state = "establishing";
}
/**
* No strategy takes the place of one that failed while the target runs: it is told which one would when the
* target starts next, and the delegation has failed. The target's calls fail from here on.
*/
async function refuseLater(delegation, error, lives) {
	const { id, strategy, target, establishment } = delegation;
	const next = await nextFallback(delegation, lives.options);
	await establishment?.release();
	const { policy } = delegation;
	if (next !== void 0) {
		const data = {
			...errorData(deputyError("DEPUTY_E_FALLBACK_AT_NEXT_START", {
				from: strategy.name,
				to: next.name,
				detail: error.message
			}, error)),
			from: strategy.name,
			to: next.name
		};
		lives.options.log.emit(id, policy.tenant, "delegation.fellback", data);
		lives.failedStrategies.add(policy, target.containerId, strategy.name);
	}
	lives.fail(delegation, error, establishment?.counts() ?? noCounts$1);
}
// core/engine/delegation-lives.ts
/** Ended delegations that status() still tells of; older ones are in the store. */
const endedRemembered = 256;
/**
* How delegations live: they are established, fall back, become active, fail and end, each with its event.
*/
var DelegationLives = class {
	options;
	live = /* @__PURE__ */ new Map();
	ended = [];
	failedStrategies = new FailedStrategies();
	degradations = new Degradations();
	constructor(options) {
		this.options = options;
	}
	/**
	* Has the delegation's strategy begin or, where that fails, those that are left, in their order. `serving`
	* is called just before one answers. Resolves to the ticket of the last event before that.
	*/
	async begin(delegation, serving, entry = delegation.target) {
		const { log } = this.options;
		for (;;) {
			const { id, policy, strategy, target } = delegation;
			log.admitted(id, strategy, policy, target);
			const { processId } = target;
			const data = {
				strategy: strategy.name,
				...processId === void 0 ? {} : { processId }
			};
			const ticket = log.emit(id, policy.tenant, "delegation.establishing", data);
			try {
				await this.establish(delegation, serving, entry);
			} catch (error) {
				const next = delegation.finished ? void 0 : await nextFallback(delegation, this.options);
				if (delegation.finished) throw error;
				if (next === void 0) {
					this.fail(delegation, error);
					throw error;
				}
				fallBack(delegation, next, coded(error), this.options);
				continue;
			}
			if (strategy.answerer === void 0 && entry.listener !== void 0) delegation.onListenerUnused?.();
			return ticket;
		}
	}
	/** Has the strategy begin with a way into the target. Throws what it throws. */
	async establish(delegation, serving, target = delegation.target) {
		const { id, policy, strategy } = delegation;
		const { log, logger } = this.options;
		const isCurrent = () => delegation.strategy === strategy;
		const establishment = await strategy.establish({
			delegationId: id,
			target,
			policy,
			logger: logger.child({
				delegation: id,
				container: target.containerId
			}),
			hooks: {
				serving,
				stepped: (step, evidence) => log.stepped(id, policy.tenant, strategy.name, step, evidence),
				ended: (reason, error) => {
					if (!isCurrent()) return;
					(error === void 0 ? this.finish(delegation, reason) : this.goOnOtherwise(delegation, reason, error)).catch(log.notTold);
				},
				quarantined: (operation, waitedUs) => log.quarantined(id, policy.tenant, operation, waitedUs)
			}
		});
		delegation.establishment = establishment;
		if (delegation.finished !== void 0) await establishment.release();
	}
	/** One further way in that can't be served doesn't end those that are. */
	async joinFurther(delegation, further) {
		try {
			await delegation.establishment?.join(further);
		} catch (error) {
			const bindings = {
				delegation: delegation.id,
				err: error
			};
			this.options.logger.error(bindings, "a further listener can not be served");
		}
	}
	activate(delegation, counts = noCounts$1, atUs = this.options.clock.monotonicUs(), listeners) {
		const { id, policy, strategy, target } = delegation;
		delegation.state = "active";
		this.options.logger.info({
			delegation: id,
			container: target.containerId
		}, "delegation active");
		return this.options.log.emit(id, policy.tenant, "delegation.active", {
			strategy: strategy.name,
			counts,
			durationUs: atUs - delegation.startedAtUs,
			...listeners === void 0 ? {} : { listeners }
		});
	}
	fail(delegation, error, counts) {
		const known = coded(error);
		const { id, policy } = delegation;
		const data = {
			...errorData(known),
			...counts === void 0 ? {} : { counts }
		};
		this.options.log.emit(id, policy.tenant, "delegation.failed", data);
		delegation.state = "failed";
		this.options.logger.error({
			delegation: id,
			err: known
		}, "delegation failed");
		this.remember(delegation);
	}
	/** Ends a delegation once, however many ask for it. */
	finish(delegation, reason) {
		if (delegation.finished) return delegation.finished;
		const { log, logger, clock, sequencer } = this.options;
		const { id, policy } = delegation;
		const run = async () => {
			delegation.state = "releasing";
			log.emit(id, policy.tenant, "delegation.releasing", { reason });
			await delegation.establishment?.release();
			const durationUs = clock.monotonicUs() - delegation.startedAtUs;
			const counts = delegation.establishment?.counts() ?? noCounts$1;
			const ticket = log.emit(id, policy.tenant, "delegation.released", {
				counts,
				reason,
				durationUs
			});
			delegation.state = "released";
			this.remember(delegation);
			logger.info({
				delegation: id,
				container: delegation.target.containerId,
				...counts
			}, "delegation released");
			await sequencer.published(ticket);
			await delegation.establishment?.forget?.();
		};
		delegation.finished = run();
		return delegation.finished;
	}
	/**
	* Its strategy can't go on, and the target is still there. One with the same answerer takes its place at
	* once; any other one when the target starts next, and until then the target is served by nobody.
	*/
	async goOnOtherwise(delegation, reason, cause) {
		if (delegation.finished !== void 0) return;
		const { establishment, strategy } = delegation;
		const error = deputyError("DEPUTY_E_STRATEGY_FAILED", {
			strategy: strategy.name,
			detail: reason
		}, cause);
		const next = await nextInPlace(delegation, this.options);
		if (delegation.finished !== void 0) return;
		if (next === void 0) {
			delegation.finished = refuseLater(delegation, error, this);
			return delegation.finished;
		}
		const [entry, ...further] = await establishment?.letGo?.() ?? [];
		if (delegation.finished !== void 0) return;
		if (entry === void 0) return this.finish(delegation, "the target is gone");
		const counts = establishment?.counts() ?? noCounts$1;
		fallBack(delegation, next, error, this.options);
		delegation.fallbacks = delegation.fallbacks.filter(({ answerer }) => answerer === next.answerer);
		try {
			await this.begin(delegation, () => this.activate(delegation, counts), entry);
		} catch {
			await establishment?.release();
			return;
		}
		for (const target of further) await this.joinFurther(delegation, target);
	}
	/** Tells of each target that has come to use no handles. */
	noticeDegradations() {
		const { log, logger, clock } = this.options;
		for (const delegation of this.live.values()) {
			if (delegation.state !== "active") continue;
			const { id, policy, strategy, target } = delegation;
			const use = delegation.establishment?.use?.();
			const nowUs = use?.knownUntilUs ?? clock.monotonicUs();
			const begun = this.degradations.look(id, use, policy.degradation, nowUs);
			delegation.degraded = this.degradations.spellOf(id)?.error.message;
			if (begun === void 0 || use === void 0) continue;
			const bindings = {
				delegation: id,
				container: target.containerId,
				reason: begun.reason
			};
			try {
				log.degraded(id, policy.tenant, strategy.name, begun, use);
			} catch (error) {
				this.degradations.untold(id);
				logger.warn({
					err: error,
					...bindings
				}, "a degradation could not be told yet");
				continue;
			}
			logger.warn({
				...bindings,
				code: begun.error.code
			}, begun.error.message);
		}
	}
	/** It goes on without this engine, or is settled. */
	leave({ id }) {
		this.live.delete(id);
		this.degradations.forget(id);
	}
	remember(delegation) {
		this.leave(delegation);
		this.ended.unshift(delegation.status());
		if (this.ended.length > endedRemembered) this.ended.pop();
	}
};
function coded(error) {
	return isDeputyError(error) ? error : deputyError("DEPUTY_E_HANDLER_FAILED", {}, error);
}
// core/engine/predecessors.ts
/** Before these a delegation had begun to answer; whoever is in another was not served yet. */
const neverServed = /* @__PURE__ */ new Set([
	"requested",
	"assessed",
	"admitted",
	"establishing"
]);
/**
* Ends what predecessors left open and nobody went on with: delegations whose targets ended while no
* supervisor was there, and those that were cut off before they were served (their containers, if they live,
* are delegated to anew).
*/
async function settlePredecessors(sequencer, log, { isKnown, lost, reason: known }) {
	const reason = known ?? "the target ended while no supervisor served it";
	for (const { delegationId, tenant, state, counts } of await sequencer.caughtUp()) {
		if (isKnown(delegationId)) continue;
		if (known === void 0 && neverServed.has(state)) {
			const error = deputyError("DEPUTY_E_DELEGATION_INTERRUPTED", {
				delegationId,
				state
			});
			log.emit(delegationId, tenant, "delegation.failed", errorData(error));
			continue;
		}
		if (lost.has(delegationId)) {
			const error = deputyError("DEPUTY_E_LISTENER_LOST", { delegationId });
			log.emit(delegationId, tenant, "delegation.failed", {
				...errorData(error),
				counts
			});
			continue;
		}
		log.emit(delegationId, tenant, "delegation.releasing", { reason });
		log.emit(delegationId, tenant, "delegation.released", {
			counts,
			reason
		});
	}
}
// core/engine/restarts.ts
/** Delegations of which it is remembered; the eldest is forgotten, and its container then not followed. */
const rememberedDelegations = 4096;
/**
* Containers that are to be delegated to again when they have started again. A delegation is one life of a
* container, which its id and its restart count name.
*/
var Restarts = class {
	requests = /* @__PURE__ */ new Map();
	successors = /* @__PURE__ */ new Map();
	/** This delegation's target can be found again. */
	follow(id, request) {
		if (request.findTarget === void 0) return;
		this.requests.set(id, request);
		const [eldest] = this.requests.keys();
		if (this.requests.size > rememberedDelegations && eldest !== void 0) this.forget(eldest);
	}
	/** Its owner ended it: nothing is to come after it. */
	forget(id) {
		this.requests.delete(id);
		this.successors.delete(id);
	}
	isFollowed(id) {
		return this.requests.has(id);
	}
	successorOf(id) {
		return this.successors.get(id);
	}
	succeeded(id, successor) {
		this.successors.set(id, successor);
	}
	/** What to ask for now: the container as it runs, if that is another life than the delegation's. */
	async nextLife(id) {
		const request = this.requests.get(id);
		const target = await request?.findTarget?.();
		if (request === void 0 || target === void 0 || isSameLife(request.target, target)) return void 0;
		return {
			...request,
			target
		};
	}
};
function isSameLife(one, other) {
	return one.containerId === other.containerId && (one.restartCount ?? 0) === (other.restartCount ?? 0);
}
// core/engine/target-identity.ts
/**
* Names of cgroups that say whose they are, as runtimes and engines call them: cri-containerd-ID.scope, or
* without an ending, and a bare id of 64 digits.
*/
const scopeName = /^(?:crun|runc|docker|nerdctl|cri-containerd|crio|libpod|podman)-(.+?)(?:\.scope)?$/;
const bareId = /^[0-9a-f]{64}$/;
/** The path in a line of /proc/PID/cgroup (cgroups(7)): 'N:controllers:/path'. */
function pathOf(line) {
	return line.slice(line.indexOf(":", line.indexOf(":") + 1) + 1);
}
/** The container that a cgroup's name says it is of, if it says so. */
function containerOfCgroup(line) {
	for (const name of pathOf(line).split("/").reverse()) {
		const id = scopeName.exec(name)?.[1] ?? bareId.exec(name)?.[0];
		if (id !== void 0) return id;
	}
}
/** Is who has this /proc/PID/cgroup in the cgroup of `line`, a line of another's, or below it? */
function isWithinCgroup(text, line) {
	return text.split("\n").some((one) => one === line || one.startsWith(line.endsWith("/") ? line : `${line}/`));
}
/**
* How what a runtime said of a target contradicts what the kernel shows, or undefined. `known`: the target
* that has its container id already, and that this one says it belongs to.
*/
function contradictionOf(target, known) {
	const { containerId, processId, cgroup } = target;
	if (target.isMissing === true) return `there is no process ${processId}`;
	if (processId === 0) return known === void 0 ? "no process is named" : void 0;
	if (cgroup === void 0) return known?.cgroup !== void 0 && target.listener !== void 0 ? `process ${processId} is in no cgroup, the container is` : void 0;
	const named = containerOfCgroup(cgroup);
	const isComparable = named !== void 0 && target.isNamedByDeputy !== true && (bareId.test(containerId) || !bareId.test(named));
	if (isComparable && named !== containerId) return `process ${processId} is in the cgroup of '${named}'`;
	if (known?.cgroup === void 0 || isComparable) return void 0;
	return isWithinCgroup(cgroup, known.cgroup) || isWithinCgroup(known.cgroup, cgroup) ? void 0 : `process ${processId} is in another cgroup than the container`;
}
/** A further way into a container, with the container's place where it has none of its own. */
function placedIn(known, target) {
	if (target.cgroup !== void 0 || known.cgroup === void 0) return target;
	return {
		...target,
		cgroup: known.cgroup
	};
}
// core/engine/turns.ts
/** Work on one thing is done in turn; on others it goes on meanwhile. */
var Turns = class {
	last = /* @__PURE__ */ new Map();
	/** Does the work when all earlier work under this key has ended, well or not. */
	async take(key, work) {
		const next = (this.last.get(key) ?? Promise.resolve(void 0)).catch(() => void 0).then(work);
		this.last.set(key, next);
		try {
			return await next;
		} finally {
			if (this.last.get(key) === next) this.last.delete(key);
		}
	}
};
// core/engine/engine.ts
/** Nothing tells the engine that a container is there again, or that a store has caught up. */
const reconcileAgainMs = 1e3;
/** Makes an engine. It starts no thread and touches nothing until it is asked to. */
function createEngine(options) {
	return new DelegationEngine(options);
}
var DelegationEngine = class {
	options;
	lives;
	/** Two listeners of one container (run and exec) may come at the same moment: one delegation for both. */
	turns = new Turns();
	restarts = new Restarts();
	logger;
	log;
	policy;
	closing;
	constructor(options) {
		this.options = options;
		this.policy = options.policy;
		this.logger = options.logger ?? silentLogger;
		const { sequencer } = options.stateDirectory;
		this.log = new DelegationEvents(sequencer, this.logger);
		const { log, logger } = this;
		const policyOf = (target) => this.policyOf(target);
		this.lives = new DelegationLives({
			log,
			logger,
			clock: options.clock,
			sequencer,
			policyOf
		});
	}
	async delegate(request) {
		if (this.closing) throw deputyError("DEPUTY_E_ENGINE_CLOSED");
		return this.turns.take(request.target.containerId, () => this.begin(request));
	}
	async adopt(options) {
		if (this.closing) throw deputyError("DEPUTY_E_ENGINE_CLOSED");
		const [target] = options.targets;
		if (target === void 0) throw deputyError("DEPUTY_E_LISTENER_INVALID", { detail: "none given" });
		return this.turns.take(target.containerId, () => this.goOn(options, target));
	}
	async goOn(options, target) {
		const { delegationId: id, targets, reason, previousEpoch, inFlight } = options;
		const policy = this.policyOf(target);
		const strategy = this.options.strategies.find(({ name }) => name === options.strategy);
		if (strategy === void 0) {
			const known = this.options.strategies.map(({ name }) => name);
			throw deputyError("DEPUTY_E_STRATEGY_UNKNOWN", {
				strategy: options.strategy,
				known
			});
		}
		const startedAtUs = this.options.clock.monotonicUs();
		this.log.emit(id, policy.tenant, "delegation.recovering", {
			reason: escapeText(reason, 1024),
			inFlight,
			previousEpoch
		});
		const delegation = new Delegation(id, target, policy, strategy, "recovering", "delegation.recovering", startedAtUs);
		this.lives.live.set(id, delegation);
		this.lives.degradations.adopt(id, startedAtUs);
		let servingAtUs = startedAtUs;
		try {
			await this.lives.establish(delegation, () => {
				servingAtUs = this.options.clock.monotonicUs();
			});
		} catch (error) {
			if (options.leavesGone && isDeputyError(error, "DEPUTY_E_TARGET_GONE")) this.lives.leave(delegation);
			else this.lives.fail(delegation, error);
			throw error;
		}
		for (const further of targets.slice(1)) await this.lives.joinFurther(delegation, further);
		this.reactivate(delegation, servingAtUs).catch(this.log.notTold);
		return delegation.status();
	}
	async settlePredecessors(lost = /* @__PURE__ */ new Set(), reason) {
		const isKnown = (id) => this.lives.live.has(id) || this.lives.ended.some((one) => one.id === id);
		const { sequencer } = this.options.stateDirectory;
		await settlePredecessors(sequencer, this.log, {
			isKnown,
			lost,
			reason
		});
	}
	async release(id, reason = "released by its owner") {
		const delegation = this.lives.live.get(id);
		if (!delegation) throw deputyError("DEPUTY_E_DELEGATION_UNKNOWN", { delegationId: id });
		this.restarts.forget(id);
		await this.lives.finish(delegation, reason);
	}
	async reconcile(id) {
		const delegation = this.lives.live.get(id);
		if (delegation) return delegation.state === "active" ? {} : { requeueAfterMs: reconcileAgainMs };
		if (this.restarts.isFollowed(id)) return this.turns.take(`restart of ${id}`, () => this.followUp(id));
		if (this.lives.ended.some((status) => status.id === id)) return {};
		throw deputyError("DEPUTY_E_DELEGATION_UNKNOWN", { delegationId: id });
	}
	/** One that is over: its container's next life is delegated to, once, when it is there. */
	async followUp(id) {
		if (this.closing) return {};
		const known = this.restarts.successorOf(id);
		if (known !== void 0) return { delegationId: known };
		const request = await this.restarts.nextLife(id);
		if (request === void 0) return { requeueAfterMs: reconcileAgainMs };
		const { id: delegationId } = await this.delegate(request);
		this.restarts.succeeded(id, delegationId);
		return { delegationId };
	}
	noticeDegradations() {
		this.lives.noticeDegradations();
	}
	async *events(options = {}) {
		const { fromPosition, signal } = options;
		const start = fromPosition ?? "end";
		const subscription = this.options.store.subscribe({
			fromPosition: start,
			...signal ? { signal } : {}
		});
		for await (const { event } of subscription) yield event;
	}
	status() {
		return { delegations: [...[...this.lives.live.values()].map((delegation) => delegation.status()), ...this.lives.ended] };
	}
	setPolicy(policy) {
		this.policy = policy;
		for (const delegation of this.lives.live.values()) {
			const resolved = this.policyOf(delegation.target);
			delegation.establishment?.setPolicy(resolved);
			if (resolved.tenant === delegation.policy.tenant) delegation.policy = resolved;
		}
	}
	close(reason = "deputy shuts down") {
		this.closing ??= Promise.allSettled([...this.lives.live.values()].map((delegation) => this.lives.finish(delegation, reason))).then(() => void 0);
		return this.closing;
	}
	policyOf(target) {
		const { containerId, metadata = "", annotations } = target;
		return resolvePolicy(this.policy, {
			containerId,
			metadata,
			...annotations ? { annotations } : {}
		});
	}
	async begin(request) {
		const { target } = request;
		const known = [...this.lives.live.values()].find((delegation) => delegation.target.containerId === target.containerId && serves(delegation));
		const wrong = contradictionOf(target, known?.target);
		if (wrong !== void 0) return this.refuseName(request, wrong);
		if (known?.establishment && target.listener !== void 0) {
			await known.establishment.join(placedIn(known.target, target));
			return known.status();
		}
		if (this.lives.live.size >= (this.options.maximumDelegations ?? 4096)) throw deputyError("DEPUTY_E_LIMIT_REACHED", {
			what: "delegations",
			limit: this.lives.live.size
		});
		return this.admit(request);
	}
	async admit(request) {
		const { target, origin = "library" } = request;
		const policy = this.policyOf(target);
		const id = this.options.ids.next();
		const startedAtUs = this.options.clock.monotonicUs();
		const wanted = request.strategy ?? "auto";
		this.log.requested(id, policy.tenant, target, wanted, origin);
		const asked = {
			wanted,
			target,
			closesListener: request.onListenerUnused !== void 0,
			failed: this.lives.failedStrategies.take(policy, target.containerId)
		};
		const { ranked, candidates, allowed } = await assess(this.options.strategies, policy, asked);
		const [chosen, ...others] = ranked;
		this.log.emit(id, policy.tenant, "delegation.assessed", {
			chosen: chosen?.name ?? null,
			candidates
		});
		if (!chosen) {
			const known = this.options.strategies.map(({ name }) => name);
			return this.refuse(id, policy, assessmentError({
				wanted,
				candidates,
				allowed,
				known
			}));
		}
		const delegation = new Delegation(id, target, policy, chosen, "establishing", "delegation.establishing", startedAtUs);
		delegation.fallbacks = others;
		delegation.onListenerUnused = request.onListenerUnused;
		this.lives.live.set(id, delegation);
		this.restarts.follow(id, request);
		let activated;
		const established = await this.lives.begin(delegation, () => {
			activated = this.lives.activate(delegation);
			request.onServing?.(id, delegation.strategy.name);
		});
		await this.options.stateDirectory.sequencer.published(activated ?? established);
		return delegation.status();
	}
	/** Somebody uses a name that is another's. The refusal is a delegation of its own, and not that one's. */
	refuseName({ target, strategy = "auto", origin = "library" }, detail) {
		const id = this.options.ids.next();
		const policy = this.policyOf(target);
		this.log.requested(id, policy.tenant, target, strategy, origin);
		const details = {
			containerId: target.containerId,
			detail
		};
		return this.refuse(id, policy, deputyError("DEPUTY_E_TARGET_CONTRADICTED", details));
	}
	async refuse(id, policy, error) {
		const ticket = this.log.emit(id, policy.tenant, "delegation.refused", errorData(error));
		await this.options.stateDirectory.sequencer.published(ticket);
		throw error;
	}
	/** After a take-over: what became of the requests so far is known when the sequencer has caught up. */
	async reactivate(delegation, servingAtUs) {
		await this.options.stateDirectory.sequencer.caughtUp();
		if (delegation.state !== "recovering") return;
		const counts = delegation.establishment?.counts() ?? noCounts$1;
		this.lives.activate(delegation, counts, servingAtUs, delegation.establishment?.entries);
	}
};
/** Does it take further entries of its target? */
function serves({ state }) {
	return state === "active" || state === "recovering";
}
// core/stores/plan-append.ts
/**
* Decides an append: which of these events are new to a stream that is at version `last`.
* Versions up to `last` are resends of what is stored. Pure, so that every store decides alike.
* `lastIsCertain` is false where retention may have dropped the stream's events, so that 0 proves nothing.
* Throws DEPUTY_E_STORE_VERSION_CONFLICT, or DEPUTY_E_EVENT_INVALID for an event of another stream.
*/
function planAppend(streamId, last, events, expected, lastIsCertain = true) {
	let previous = expected === "any" ? 0 : expected;
	for (const { version, delegationId = streamId } of events) {
		if (delegationId !== streamId) {
			const problems = `it belongs to ${delegationId}, not to stream ${streamId}`;
			throw deputyError("DEPUTY_E_EVENT_INVALID", {
				id: `${delegationId}/${version}`,
				problems
			});
		}
		if (!(expected === "any" ? version > previous : version === previous + 1)) throw conflict(streamId, previous, `a next event other than version ${version}`);
		previous = version;
	}
	if (expected !== "any" && expected > last && (lastIsCertain || last > 0)) throw conflict(streamId, last, expected);
	return events.filter(({ version }) => version > last);
}
function conflict(streamId, actual, expected) {
	return deputyError("DEPUTY_E_STORE_VERSION_CONFLICT", {
		streamId,
		actual,
		expected
	});
}
// core/stores/in-memory-event-store.ts
/** The reference implementation of an event store: everything in memory, for tests and the simulator. */
var InMemoryEventStore = class {
	#events = [];
	#versions = /* @__PURE__ */ new Map();
	#wakeSubscribers = /* @__PURE__ */ new Set();
	#closed = false;
	async append(streamId, events, options = {}) {
		this.#assertOpen();
		const last = this.#versions.get(streamId) ?? 0;
		const fresh = planAppend(streamId, last, events, options.expectedVersion ?? "any");
		for (const event of fresh) {
			const copy = JSON.parse(JSON.stringify(event));
			this.#events.push({
				position: this.#events.length + 1,
				streamId,
				event: copy
			});
		}
		const lastVersion = fresh.at(-1)?.version ?? last;
		if (fresh.length > 0) {
			this.#versions.set(streamId, lastVersion);
			this.#wake();
		}
		return {
			lastVersion,
			appended: fresh.length,
			duplicates: events.length - fresh.length
		};
	}
	async *readStream(streamId, options = {}) {
		const fromVersion = options.fromVersion ?? 1;
		for await (const stored of this.readAll()) if (stored.streamId === streamId && stored.event.version >= fromVersion) yield stored;
	}
	async *readAll(options = {}) {
		this.#assertOpen();
		for (let index = Math.max(1, options.fromPosition ?? 1) - 1; index < this.#events.length; index += 1) yield this.#events[index];
	}
	async *subscribe(options = {}) {
		this.#assertOpen();
		const { fromPosition = 1, signal } = options;
		let index = fromPosition === "end" ? this.#events.length : Math.max(1, fromPosition) - 1;
		while (!this.#closed && !signal?.aborted) {
			const stored = this.#events[index];
			if (stored === void 0) await this.#change(signal);
			else {
				index += 1;
				yield stored;
			}
		}
	}
	async lastVersions() {
		this.#assertOpen();
		return new Map(this.#versions);
	}
	async close() {
		this.#closed = true;
		this.#wake();
	}
	#assertOpen() {
		if (this.#closed) throw deputyError("DEPUTY_E_ENGINE_CLOSED", { detail: "the event store is closed" });
	}
	#wake() {
		for (const wake of [...this.#wakeSubscribers]) wake();
	}
	#change(signal) {
		return new Promise((resolve) => {
			const wake = () => {
				this.#wakeSubscribers.delete(wake);
				signal?.removeEventListener("abort", wake);
				resolve();
			};
			this.#wakeSubscribers.add(wake);
			signal?.addEventListener("abort", wake, { once: true });
		});
	}
};
// simulator/actors/dispatch/left-behind.ts
/** A payload ends with its container at once; one that takes longer is not waited for. */
const endWaitUs = 1e7;
const lookAgainUs = 1e5;
/** How a payload ended whose container is gone: its shim keeps that for whoever comes. */
async function findLeftBehind(parts, acting, containerId, except) {
	for (const folder of parts.folders.ofContainer(containerId)) {
		if (folder === except) continue;
		const left = await endIn(parts, acting, folder) ?? await writtenEnd(acting, folder);
		if (left !== void 0) return left;
	}
}
/**
* The end of a payload of the container's present life of which it may be that nobody was told; of one whose
* delegation is open only where no shim lives, which is attached to instead.
*/
async function findUntold(parts, acting, folder, isOpen) {
	for (let waitedUs = 0; waitedUs < endWaitUs; waitedUs += lookAgainUs) {
		const state = await acting.call("look-for-end", () => folder.ended === void 0 ? "none" : folder.isLocked ? "held" : "written");
		if (state === "none") return void 0;
		if (state === "written") return writtenEnd(acting, folder);
		if (isOpen) return void 0;
		const left = await endIn(parts, acting, folder);
		if (left !== void 0) return left;
		await acting.sleep(lookAgainUs);
	}
}
/** The end as a shim wrote it down that is gone itself. */
async function writtenEnd(acting, folder) {
	const text = await acting.call("read-end", () => folder.isLocked ? void 0 : folder.ended);
	const end = text === void 0 ? void 0 : endOf$1(text);
	if (end === void 0 || end === "nothing") return void 0;
	const left = {
		end,
		folder,
		isForgotten: false,
		collect: () => acting.call("forget-end", () => {
			folder.ended = void 0;
			left.isForgotten = true;
		})
	};
	return left;
}
async function endIn(parts, acting, folder) {
	const socket = await acting.call("connect-left-behind", () => folder.listener?.connect(acting.self));
	if (socket === void 0) return void 0;
	sendText(socket, "take");
	for (let waitedUs = 0; waitedUs < endWaitUs && !socket.isPeerClosed; waitedUs += lookAgainUs) {
		await acting.sleep(lookAgainUs);
		const end = heardEnd(socket);
		if (end === "nothing") break;
		if (end === void 0) continue;
		const isAtOnce = parts.formerWays.has("forgotten-before-told");
		const collect = (byExit) => acting.call("collect-left-behind", () => {
			sendText(socket, byExit && !isAtOnce ? "exit-tells" : "collect");
			closeDescription(acting.self, socket);
		});
		return {
			end,
			folder,
			collect,
			isForgotten: false
		};
	}
	await acting.call("leave-left-behind", () => closeDescription(acting.self, socket));
}
function heardEnd(socket) {
	for (let packet = receiveText(socket); packet !== void 0; packet = receiveText(socket)) {
		const end = endOf$1(packet.text);
		if (end !== void 0) return end;
	}
}
function endOf$1(text) {
	const [kind, word = "", value = ""] = text.split(" ");
	if (kind === "F" || kind === "B") return "nothing";
	if (kind !== "Q") return void 0;
	if (word === "exited") return {
		kind: "exited",
		code: Number(value)
	};
	return word === "signaled" ? {
		kind: "signaled",
		signal: Number(value)
	} : {
		kind: "unknown",
		reason: value
	};
}
// simulator/processes/pidfd.ts
/** A descriptor of a process (pidfd_open(2)): it never means another one. */
var Pidfd = class extends PlainDescription {
	process;
	constructor(process) {
		super();
		this.process = process;
	}
	/** POLLIN: it has ended. */
	get hasEnded() {
		return this.process.state !== "running";
	}
	/** PIDFD_GET_INFO with PIDFD_INFO_EXIT: a status, once somebody has reaped it (Linux 6.15). */
	get exitStatus() {
		return this.process.state === "reaped" ? this.process.status : void 0;
	}
};
// simulator/actors/dispatch/failure-of.ts
/** The error for a step of shim or joiner that failed. */
function failureOf(step, errno) {
	if (step === "target") return deputyError("DEPUTY_E_TARGET_GONE", { detail: "it ended" });
	if (step === "execute") return deputyError("DEPUTY_E_COMMAND_NOT_FOUND", { command: "payload" });
	return deputyError("DEPUTY_E_PAYLOAD_NOT_JOINED", {
		step,
		errno: errnoName(errno) ?? `${errno}`
	});
}
// simulator/actors/dispatch/gate.ts
/** Something that others wait for: it opens, or it fails, once. */
var Gate = class {
	settle;
	settled;
	constructor() {
		this.settled = new Promise((open, fail) => {
			this.settle = {
				open,
				fail
			};
		});
		this.settled.catch(() => void 0);
	}
	open() {
		this.settle?.open();
	}
	fail(error) {
		this.settle?.fail(error);
	}
	wait() {
		return this.settled;
	}
};
// simulator/actors/dispatch/joiner.ts
/** How long it looks for the target's init as its parent, as the real one does. */
const reparentTries = 25e3;
const reparentLookUs = 200;
const cannotExecute = 126;
const notFound = 127;
const gaveUp = 125;
/**
* The joiner, the intermediate and the process that becomes the payload: the calls of joiner.c, in its
* order. Whoever has nobody to report to ends.
*/
var ModelJoiner = class {
	parts;
	order;
	constructor(parts, order) {
		this.parts = parts;
		this.order = order;
	}
	async run(self) {
		const { tree, oldWays } = this.parts;
		const acting = this.acting(self, "joiner");
		self.ignoresChildren = true;
		await this.report(acting, "open", () => 0);
		await this.report(acting, "rlimits", () => 0);
		await this.report(acting, "exec-label", () => 0);
		const cgroup = () => this.order.cgroup.attach(self);
		if (oldWays.has("cgroup-first")) await this.report(acting, "cgroup", cgroup);
		await this.report(acting, "namespaces", () => joinNamespaces(self, this.order.target, payloadNamespaces));
		if (!oldWays.has("cgroup-first")) await this.report(acting, "cgroup", cgroup);
		await this.report(acting, "capabilities", () => this.cut(self));
		await this.report(acting, "no-new-privs", () => {
			self.sets.noNewPrivileges = true;
			return 0;
		});
		const child = await acting.call("clone", () => this.fork(self, "intermediate", (born) => this.beIntermediate(born)));
		if (child === void 0) return;
		if (child.state !== "reaped") await new Promise((done) => child.whenReaped.push(done));
		await acting.call("leave", () => tree.exit(self, 0));
	}
	async beIntermediate(self) {
		const acting = this.acting(self, "joiner");
		const payload = await acting.call("clone-payload", () => this.fork(self, "payload", (born) => this.bePayload(born, self)));
		if (payload === void 0) return;
		await acting.call("send-payload", () => {
			const pidfd = new Pidfd(payload);
			const text = `payload ${payload.numberIn(payload.space)}`;
			if (!sendText(this.order.control, text, [pidfd])) this.parts.tree.exit(self, gaveUp);
		});
		await acting.call("leave", () => this.parts.tree.exit(self, 0));
	}
	async bePayload(self, before) {
		const acting = this.acting(self, "payload");
		await acting.call("session", () => 0);
		for (let tries = 0; self.parent === before; tries++) {
			if (tries === reparentTries) return void this.fail(acting, "reparent", no("ETIMEDOUT"));
			await acting.sleep(reparentLookUs);
		}
		await this.report(acting, "reparent", () => 0);
		await this.report(acting, "descriptors", () => 0);
		const payload = await this.hearGo(acting);
		await acting.call("filter", () => 0);
		await acting.call("execute", () => this.execute(acting, payload));
	}
	/** Waits for the word; without anybody who could say it, it ends. */
	async hearGo(acting) {
		const { control } = this.order;
		for (;;) {
			if (control.packets.length === 0 && !control.isPeerClosed) await new Promise((readable) => {
				control.whenReadable = () => acting.later(2, readable);
			});
			const payload = await acting.call("hear-go", () => receiveText(control)?.text === "go" ? this.payloadOf(acting.self) : void 0);
			if (payload !== void 0) return payload;
			if (control.isPeerClosed) await acting.call("give-up", () => this.parts.tree.exit(acting.self, gaveUp));
		}
	}
	payloadOf(self) {
		return this.parts.payloads.find(({ process }) => process === self);
	}
	execute(acting, payload) {
		const { self } = acting;
		if (this.parts.scenario.dispatch.program === "missing") return this.fail(acting, "execute", no("ENOENT"));
		payload.isExecuted = true;
		self.sets.execute();
		self.program = "payload";
		self.process.table.close(this.order.controlNumber);
		this.parts.runPayload(payload);
		return 0;
	}
	cut(self) {
		const { sets } = self;
		const { capabilities, user } = this.parts.spec;
		const wanted = capabilities.reduce((mask, number) => mask | bit(number), 0n);
		sets.noRoot = sets.keeps = true;
		return sets.cutBounding(wanted) || sets.setUser(user) || sets.set(wanted) || sets.raiseAmbient(wanted);
	}
	/** The child goes on by itself, whatever becomes of its parent in that moment. */
	fork(parent, name, be) {
		const { tree, started, nextNumber } = this.parts;
		const child = tree.fork(parent, `${name}-${nextNumber(name)}`);
		if (typeof child === "number") {
			this.fail(this.acting(parent, "joiner"), "clone", child);
			return;
		}
		child.program = "joiner";
		started.add(child);
		be(child);
		return child;
	}
	acting(self, kind) {
		return new Acting(this.parts.world, self, kind);
	}
	/** Makes a step and tells of it; one that fails is the end. */
	async report(acting, step, work) {
		if (await acting.call(step, () => {
			const given = work();
			if (given < 0) return this.fail(acting, step, given);
			if (!sendText(this.order.control, `done ${step}`)) this.parts.tree.exit(acting.self, gaveUp);
			return given;
		}) < 0) await new Promise(() => void 0);
	}
	fail(acting, step, result) {
		sendText(this.order.control, `fail ${step} ${-result}`);
		this.parts.tree.exit(acting.self, result === no("ENOENT") ? notFound : cannotExecute);
		return result;
	}
};
// simulator/actors/dispatch/shim.ts
const wakeUs$1 = [2, 40];
/** How long a payload's end may stay unreaped, and how long a failed start waits to be heard. */
const reapUs = 5e6;
const reapLookUs = 5e3;
const failedLingerUs = 3e7;
const unheardUs = 5e6;
const joinerControl = 10;
/**
* The shim: what outlives deputy, as shim.c does it. It starts the joiner, keeps the lock, and learns how the
* payload ended; whoever connects is told all from the beginning.
*/
var ModelShim = class {
	parts;
	self;
	order;
	acting;
	clients = [];
	reports = [];
	control;
	joiner;
	payload;
	isExecuted = false;
	hasGone = false;
	hasFailed = false;
	hasEnded = false;
	/** How the payload ended, where it could learn that. */
	knownEnd;
	wasOwned = false;
	/** Who is to tell the end by its own exit. */
	teller;
	constructor(parts, self, order) {
		this.parts = parts;
		this.self = self;
		this.order = order;
		this.acting = new Acting(parts.world, self, "shim");
		self.whenChildEnded = () => this.wake("reap-joiner", () => void parts.tree.wait(self));
	}
	async run() {
		const { folder, target, join } = this.order;
		await this.acting.call("shim-listen", () => {
			folder.listener = this;
			if (join === void 0) this.adopt();
		});
		if (join === void 0) return;
		await this.acting.call("start-joiner", () => this.startJoiner(join));
		this.whenEnded(target, () => {
			this.hearJoiner();
			if (!this.isExecuted && !this.hasEnded) this.failStart("target 3");
		});
		this.acting.later(this.parts.spec.deadlineMs * 1e3, () => this.wake("deadline", () => {
			if (!this.isExecuted && !this.hasEnded) this.failStart("deadline 110");
		}));
	}
	/** Somebody connects: its end of the connection, or undefined when nobody listens any more. */
	connect(caller) {
		if (!this.acting.isAlive) return void 0;
		const [near, far] = packetPair$1();
		caller.process.table.add(near);
		const client = {
			socket: far,
			process: caller,
			number: this.self.process.table.add(far),
			isOwner: false,
			sent: 0
		};
		this.clients.push(client);
		far.whenReadable = () => this.wake("hear-client", () => this.hear(client));
		return near;
	}
	adopt() {
		this.isExecuted = true;
		this.arrived(this.order.target);
		this.keep(this.joinedText());
		this.keep("X");
	}
	startJoiner(join) {
		const { tree, started, nextNumber } = this.parts;
		const [near, far] = packetPair$1();
		const joiner = tree.fork(this.self, `joiner-${nextNumber("joiner")}`, { keeps: [] });
		if (typeof joiner === "number") return this.failStart("fork 11");
		joiner.program = "joiner";
		started.add(joiner);
		this.joiner = joiner;
		this.control = near;
		this.self.process.table.add(near);
		joiner.process.table.put(joinerControl, far);
		near.whenReadable = () => this.wake("hear-joiner", () => this.hearJoiner());
		const order = {
			...join,
			control: far,
			controlNumber: joinerControl,
			target: this.order.target
		};
		new ModelJoiner(this.parts, order).run(joiner);
	}
	hearJoiner() {
		const { control } = this;
		if (control === void 0) return;
		for (let packet = receiveText(control); packet !== void 0; packet = receiveText(control)) {
			const [pidfd] = packet.passed;
			if (pidfd instanceof Pidfd) {
				this.arrived(pidfd);
				pidfd.release();
			} else if (packet.text.startsWith("fail ")) this.failStart(packet.text.slice(5));
			else this.keep(`R ${packet.text}`);
			if (this.payload !== void 0 && packet.text === "done descriptors") this.keep(this.joinedText());
		}
		if (!control.isPeerClosed) return;
		this.control = void 0;
		if (this.hasFailed) return;
		if (this.payload === void 0 || !this.hasGone) return this.failStart("joiner 3");
		this.isExecuted = true;
		this.keep("X");
		this.learnEnd(0);
	}
	/** On record before it may run: whoever comes after a death finds it, and starts no second one. */
	arrived(payload) {
		this.payload = payload;
		const { process } = payload;
		const { hostSpace } = this.parts.tree;
		this.order.folder.record = {
			number: process.numberIn(hostSpace),
			startTime: process.startTime
		};
		this.whenEnded(payload, () => this.learnEnd(0));
	}
	joinedText() {
		return `J ${(this.payload?.process)?.numberIn(this.parts.tree.hostSpace) ?? 0}`;
	}
	learnEnd(waitedUs) {
		if (this.hasEnded || this.control !== void 0 || this.payload?.hasEnded !== true) return;
		const status = this.payload.exitStatus;
		if (status !== void 0) {
			const signal = status & 127;
			return this.end(signal === 0 ? `Q exited ${status >> 8}` : `Q signaled ${signal}`);
		}
		if (waitedUs >= reapUs) return this.end("Q unknown unreaped");
		this.acting.later(reapLookUs, () => this.wake("look-for-end", () => this.learnEnd(waitedUs + reapLookUs)));
	}
	/** From here on it may be the payload. */
	note(process) {
		const { scenario, payloads, containers } = this.parts;
		const container = [...containers.values()].find((one) => one.lifeOf(process) !== void 0);
		const life = container?.lifeOf(process);
		if (container === void 0 || life === void 0) return;
		const { version: flagsVersion, targetVersion } = scenario.dispatch;
		const version = this.order.join?.version ?? targetVersion;
		payloads.push({
			process,
			isExecuted: false,
			life,
			containerId: container.id,
			version,
			flagsVersion
		});
	}
	hear(client) {
		for (let packet = receiveText(client.socket); packet !== void 0; packet = receiveText(client.socket)) this.handle(client, packet.text);
		if (client.socket.isPeerClosed) this.drop(client);
	}
	handle(client, text) {
		if (text === "take") {
			if (this.hasOwner || this.teller !== void 0) return void sendText(client.socket, "B");
			client.isOwner = this.wasOwned = true;
			return this.flush();
		}
		if (!client.isOwner) return;
		if (text === "go" && this.payload !== void 0 && this.control !== void 0 && !this.hasGone) {
			this.hasGone = sendText(this.control, "go");
			if (this.hasGone) this.note(this.payload.process);
		} else if (text === "collect" && this.hasEnded) this.leave();
		else if (text === "exit-tells" && this.hasEnded) this.waitForTeller(client.process);
		else if (text.startsWith("signal ")) this.signal(Number(text.slice(7)));
	}
	/** Killed, it has told nobody, and the end is kept. */
	waitForTeller(teller) {
		const look = () => {
			this.teller = void 0;
			if (((teller.status ?? 0) & 127) === 0) this.leave();
		};
		this.teller = teller;
		if (teller.state === "reaped") this.wake("hear-teller", look);
		else teller.whenReaped.push(() => this.wake("hear-teller", look));
	}
	/** One that has hung up is none. */
	get hasOwner() {
		return this.clients.some(({ isOwner, socket }) => isOwner && !socket.isPeerClosed);
	}
	signal(number) {
		const process = this.payload?.process;
		if (process === void 0 && !this.hasEnded) this.failStart("stopped 125");
		else if (process !== void 0) this.parts.tree.kill(process, number);
	}
	drop(client) {
		const at = this.clients.indexOf(client);
		if (at < 0) return;
		this.clients.splice(at, 1);
		this.self.process.table.close(client.number);
		if (this.hasFailed && this.wasOwned && !this.hasOwner) this.leave();
	}
	failStart(text) {
		const { tree } = this.parts;
		this.hasFailed = true;
		if (this.payload !== void 0) tree.kill(this.payload.process);
		if (this.joiner !== void 0) tree.kill(this.joiner);
		if (this.hasEnded) return;
		this.end(`F ${text}`);
		const lingerUs = this.wasOwned ? failedLingerUs : unheardUs;
		if (this.wasOwned && !this.hasOwner) return this.leave();
		this.acting.later(lingerUs, () => this.leave());
	}
	end(text) {
		this.hasEnded = true;
		if (/^Q (exited|signaled) /.test(text)) this.knownEnd = text.slice(2);
		if (text.startsWith("Q ")) this.order.folder.ended = text;
		this.keep(text);
	}
	keep(report) {
		this.reports.push(report);
		this.flush();
	}
	flush() {
		for (const client of this.clients) {
			if (!client.isOwner) continue;
			for (const report of this.reports.slice(client.sent)) sendText(client.socket, report);
			client.sent = this.reports.length;
		}
	}
	leave() {
		this.wake("shim-leave", () => {
			this.order.folder.ended = void 0;
			this.parts.tree.exit(this.self, 0);
		});
	}
	whenEnded(pidfd, work) {
		const wake = () => this.wake("hear-end", work);
		if (pidfd.hasEnded) wake();
		else pidfd.process.whenEnded.push(wake);
	}
	wake(name, work) {
		this.acting.call(name, work, wakeUs$1);
	}
};
// simulator/actors/dispatch/target-facts.ts
/** Finds a container's first process, as the runtime's state names it. Throws coded errors. */
function identifyTarget(parts, containerId) {
	const life = found(parts, containerId).current;
	const { init } = life;
	if (init.state !== "running") throw deputyError("DEPUTY_E_TARGET_GONE", { detail: "pidfd_open: ESRCH" });
	return {
		life,
		init,
		number: init.numberIn(parts.tree.hostSpace),
		startTime: init.startTime
	};
}
function found({ containers, oldWays, world }, containerId) {
	const container = containers.get(containerId);
	let isFound = container !== void 0;
	if (oldWays.has("overwritten-target") && world.random.chance(.5)) isFound = false;
	if (isFound && container !== void 0) return container;
	throw deputyError("DEPUTY_E_TARGET_UNKNOWN", {
		target: containerId,
		detail: "pid not found"
	});
}
/** What /proc shows of it. */
function targetFacts({ tree }, { init, life, number, startTime }) {
	const { pid, ...others } = {
		pid: 0,
		...init.namespaces
	};
	const namespaces = Object.entries(others).map(([name, inode]) => [name, String(inode)]);
	return {
		processId: number,
		startTime: String(startTime),
		namespaces: {
			...Object.fromEntries(namespaces),
			pid: String(pid)
		},
		userNamespaceIsOurs: init.namespaces.user === tree.init.namespaces.user,
		isInit: init.numberIn(init.space) === 1,
		cgroups: [`0::${life.cgroup.path}`],
		frozen: life.cgroup.isFrozen,
		userIds: [init.sets.user],
		permittedCapabilities: init.sets.permitted,
		boundingCapabilities: init.sets.bounding
	};
}
// simulator/actors/dispatch/payload-session.ts
/** The shim binds its socket first of all; looked at more seldom than by the real one, as each is a point. */
const shimWaitUs = 5e6;
const connectAgainUs$1 = 5e4;
const abandonUs = 5e6;
const lockNumber = 3;
/** A payload of a modelled container, behind the port that the real steps use. */
var ModelPayloadSession = class {
	parts;
	acting;
	containerId;
	ended;
	target;
	facts;
	folder;
	lockHeld;
	client;
	/** The payload's, once it has joined. */
	processNumber = 0;
	version;
	isEnded = false;
	isAttached = false;
	resolveEnd = () => void 0;
	joined = new Gate();
	executed = new Gate();
	reports = [];
	constructor(parts, acting, containerId) {
		this.parts = parts;
		this.acting = acting;
		this.containerId = containerId;
		this.ended = new Promise((resolve) => {
			this.resolveEnd = resolve;
		});
	}
	async identify() {
		this.facts = await this.acting.call("identify", () => {
			this.target = identifyTarget(this.parts, this.containerId);
			return targetFacts(this.parts, this.target);
		});
		return this.facts;
	}
	async lock() {
		const target = this.held;
		const result = await this.acting.call("lock", () => {
			this.folder = this.parts.folders.of(this.containerId, target.startTime);
			const description = this.folder.lock.open();
			if (description.lock() < 0) return "running";
			this.self.process.table.put(lockNumber, description);
			this.lockHeld = description;
			return "taken";
		});
		const orphan = result === "taken" ? await this.acting.call("look-for-orphan", () => this.folder?.orphan(this.parts.tree)) : void 0;
		if (result === "running") return "running";
		if (orphan === void 0) {
			await this.acting.call("clear", () => this.folder?.clear());
			return "taken";
		}
		await this.startShim({ target: new Pidfd(orphan) });
		return "running";
	}
	async openProgram() {
		const { oldWays, scenario } = this.parts;
		const isLate = oldWays.has("program-of-the-target");
		await this.acting.call("open-program", () => {
			this.version = isLate ? void 0 : scenario.dispatch.version;
		});
		return `version ${this.version ?? "of the target"}`;
	}
	async join() {
		if (this.lockHeld === void 0) throw new RangeError("no lock");
		const { life } = this.held;
		const pidfd = new Pidfd(this.joinedProcess());
		const container = life.cgroup;
		await this.startShim({
			target: pidfd,
			join: {
				cgroup: container,
				containerId: this.containerId,
				version: this.version
			}
		});
		return this.connect();
	}
	async attach() {
		this.isAttached = true;
		return {
			reports: await this.connect(),
			isOver: this.isEnded
		};
	}
	inspect() {
		return this.acting.call("inspect", () => {
			const { tree } = this.parts;
			const process = tree.find(tree.hostSpace, this.processNumber);
			if (process === void 0 || process.state !== "running") return void 0;
			const { init, cgroup } = this.held.life;
			return {
				processId: this.processNumber,
				startTime: String(process.startTime),
				parentIsInit: process.parent === init,
				sameNamespaces: sharesNamespaces(process, init),
				sameCgroups: process.cgroup === cgroup,
				capabilities: process.sets.all,
				userIds: [process.sets.user],
				noNewPrivileges: process.sets.noNewPrivileges
			};
		});
	}
	async name() {
		if (this.parts.spec.placeholderSocket === void 0) return false;
		const socket = await this.acting.call("connect-placeholder", () => {
			const { tree } = this.parts;
			const { placeholder, init } = this.held.life;
			const peer = placeholder.connect(this.self);
			const number = tree.find(tree.hostSpace, this.processNumber)?.numberIn(init.space);
			if (number === void 0) throw deputyError("DEPUTY_E_TARGET_GONE", { detail: "the payload was ended" });
			if (peer !== void 0) sendText(peer, `payload ${number}`);
			return peer;
		});
		if (socket !== void 0 && !socket.isPeerClosed && socket.packets.length === 0) await new Promise((readable) => {
			socket.whenReadable = () => this.acting.later(2, readable);
		});
		if (await this.acting.call("hear-placeholder", () => socket === void 0 ? false : receiveText(socket)?.text === "named")) return true;
		if (this.isAttached) return false;
		throw deputyError("DEPUTY_E_PLACEHOLDER_INVALID", {
			path: "/placeholder",
			detail: "nobody answers"
		});
	}
	async execute() {
		await this.acting.call("say-go", () => this.send("go"));
		if (this.parts.oldWays.has("success-before-execution")) return;
		await this.executed.wait();
	}
	async ready() {
		return this.acting.call("await-ready", () => "not asked for");
	}
	signal(number) {
		this.send(`signal ${number}`);
	}
	/** The end is told by how this process exits, behind which the shim may end. */
	async collect() {
		const { formerWays, scenario } = this.parts;
		const isAtOnce = formerWays.has("forgotten-before-told") || scenario.dispatch.follows;
		await this.acting.call("collect", () => this.tell(isAtOnce ? "collect" : "exit-tells"));
	}
	/** Where its last event is all that is to be told, which is there now, nobody else collects. */
	async forget() {
		if (this.parts.scenario.dispatch.follows) await this.collect();
	}
	/** The payload goes on without us. */
	leave() {
		const { client } = this;
		this.client = void 0;
		if (client === void 0) return;
		client.whenReadable = void 0;
		closeDescription(this.self, client);
	}
	async abandon() {
		if (this.client !== void 0 && !this.isEnded) {
			await this.acting.call("kill-payload", () => this.send("signal 9"));
			await new Promise((goOn) => {
				this.ended.then(() => goOn());
				this.acting.later(abandonUs, goOn);
			});
		}
		if (this.client !== void 0) await this.acting.call("collect", () => this.tell("collect"));
		await this.acting.call("drop-lock", () => this.dropLock());
	}
	tell(word) {
		this.send(word);
		this.leave();
	}
	get self() {
		return this.acting.self;
	}
	get held() {
		if (this.target === void 0) throw new RangeError("the target was not identified");
		return this.target;
	}
	/** A pidfd that is held since it was identified; or, as it was once, whoever has the number by now. */
	joinedProcess() {
		const { tree, oldWays } = this.parts;
		const { init, number } = this.held;
		if (!oldWays.has("bare-pid")) return init;
		return tree.find(tree.hostSpace, number) ?? init;
	}
	async startShim(order) {
		const { tree, nextNumber } = this.parts;
		const { folder } = this;
		if (folder === void 0) throw new RangeError("no lock");
		await this.acting.call("start-shim", () => {
			const self = tree.fork(this.self, `shim-${nextNumber("shim")}`, { keeps: [lockNumber] });
			if (typeof self === "number") throw failureOf("clone", -self);
			self.program = "shim";
			const shim = new ModelShim(this.parts, self, {
				...order,
				folder
			});
			this.parts.shims.push({
				self,
				shim,
				folder
			});
			shim.run();
		});
		await this.acting.call("hand-over-lock", () => this.dropLock());
	}
	dropLock() {
		if (this.lockHeld !== void 0) this.self.process.table.close(lockNumber);
		this.lockHeld = void 0;
	}
	async connect() {
		for (let waitedUs = 0; this.client === void 0; waitedUs += connectAgainUs$1) {
			const client = await this.acting.call("connect", () => this.folder?.listener?.connect(this.self));
			if (client !== void 0) {
				this.client = client;
				client.whenReadable = () => this.acting.later(2, () => this.hear(client));
				sendText(client, "take");
				this.hear(client);
			} else if (waitedUs >= shimWaitUs) throw deputyError("DEPUTY_E_PAYLOAD_NOT_JOINED", {
				step: "shim",
				errno: "ETIMEDOUT"
			});
			else await this.acting.sleep(connectAgainUs$1);
		}
		await this.joined.wait();
		return this.reports;
	}
	send(text) {
		if (this.client !== void 0) sendText(this.client, text);
	}
	hear(client) {
		for (let packet = receiveText(client); packet !== void 0; packet = receiveText(client)) this.handle(packet.text);
		if (!client.isPeerClosed) return;
		this.fail(deputyError("DEPUTY_E_PAYLOAD_NOT_JOINED", {
			step: "shim",
			errno: "ECONNRESET"
		}));
		this.end({
			kind: "unknown",
			reason: "the shim is gone"
		});
	}
	handle(text) {
		const [kind, word = "", value = ""] = text.split(" ");
		if (kind === "R") this.reports.push(text.slice(2));
		else if (kind === "J") {
			this.processNumber = Number(word);
			this.joined.open();
		} else if (kind === "X") this.executed.open();
		else if (kind === "B") this.fail(deputyError("DEPUTY_E_PAYLOAD_OWNED", { what: this.containerId }));
		else if (kind === "F") this.fail(failureOf(word, Number(value)));
		else if (word === "exited") this.end({
			kind: "exited",
			code: Number(value)
		});
		else if (word === "signaled") this.end({
			kind: "signaled",
			signal: Number(value)
		});
		else this.end({
			kind: "unknown",
			reason: value
		});
	}
	fail(error) {
		this.joined.fail(error);
		this.executed.fail(error);
		this.end({
			kind: "unknown",
			reason: error.message
		});
	}
	end(end) {
		this.isEnded = true;
		this.joined.fail(deputyError("DEPUTY_E_TARGET_GONE", { detail: "the payload ended" }));
		this.resolveEnd(end);
	}
};
// simulator/actors/dispatch/model-payloads.ts
/** The modelled machine as a place for payloads, for one deputy. */
function modelPayloads(parts, acting, whenOpened) {
	return {
		obstacle: () => acting.call("look-for-obstacle", () => void 0),
		open: ({ containerId }) => {
			const session = new ModelPayloadSession(parts, acting, containerId);
			whenOpened(session);
			return session;
		}
	};
}
// simulator/actors/dispatch/command-work.ts
/** How long a container is waited for that may be started again. */
const restartWaitUs = 2e6;
const restartLookUs = 5e4;
/** What `deputy dispatch` does to the modelled machine, for the real steps of the command. */
var ModelCommandWork = class {
	parts;
	acting;
	options;
	/** What it said of the container's earlier lives. */
	earlier = [];
	/** When the life of the container began that its end is of. */
	startTime = 0;
	state;
	place;
	found;
	session;
	awaitRestart;
	constructor(parts, acting, options) {
		this.parts = parts;
		this.acting = acting;
		this.options = options;
		if (parts.scenario.dispatch.follows) this.awaitRestart = (failure) => this.untilRestarted(failure);
	}
	async findEarlier() {
		const present = await this.acting.call("find-folder", () => this.folder());
		const left = await this.find(present);
		if (left === void 0) return void 0;
		const settle = async () => {
			const { end, folder } = left;
			await this.acting.call("say-earlier", () => {
				this.earlier.push({
					end,
					startTime: folder.startTime
				});
			});
			await this.settle(left);
		};
		return {
			end: left.end,
			settle,
			collect: () => left.collect(false)
		};
	}
	async findLate() {
		const left = await this.find();
		if (left === void 0) return void 0;
		this.startTime = left.folder.startTime;
		return {
			end: left.end,
			settle: () => this.settle(left),
			collect: () => left.collect(this.isToldByExit)
		};
	}
	async settleEarlier() {
		const { parts, acting } = this;
		const { containerId } = this.options;
		const silent = await acting.call("find-silent", () => {
			const present = this.presentFolder();
			return parts.folders.ofContainer(containerId).filter((folder) => {
				return folder !== present && !folder.isSettled && !folder.isLocked && folder.ended === void 0 && folder.orphan(parts.tree) === void 0;
			});
		});
		for (const folder of silent) if (await this.settleFolder(folder)) folder.isSettled = true;
	}
	async findUntold(isOpen) {
		const { place } = this;
		if (place === void 0) return void 0;
		const left = await findUntold(this.parts, this.acting, place, isOpen);
		this.found = left;
		if (left === void 0) return void 0;
		return {
			end: left.end,
			settle: async () => void 0,
			collect: () => left.collect(this.isToldByExit)
		};
	}
	async open() {
		const { containerId } = this.options;
		const folder = await this.acting.call("find-folder", () => this.folder());
		this.startTime = folder.startTime;
		this.place = folder;
		this.state = await this.openState(folder);
		if (this.state === void 0) return void 0;
		const { stateDirectory } = this.state;
		const strategy = dispatcher({
			payloads: modelPayloads(this.parts, this.acting, (session) => {
				this.session = session;
			}),
			payload: () => this.parts.spec,
			steps: this.parts.dispatchSteps
		});
		return {
			engine: this.makeEngine(stateDirectory, [strategy]),
			stateDirectory,
			target: { containerId }
		};
	}
	async follow() {
		const { session } = this;
		if (session === void 0) throw deputyError("DEPUTY_E_HANDLER_FAILED");
		return session.ended;
	}
	async collect() {
		await this.session?.collect();
	}
	async shut(error) {
		await this.acting.call("shut", () => {
			if (error !== void 0) this.session?.leave();
			this.closeState(this.state);
			this.state = this.session = void 0;
		});
	}
	get isToldByExit() {
		return !this.parts.scenario.dispatch.follows;
	}
	async untilRestarted(failure) {
		if (failure !== void 0 && !isGone(failure)) return false;
		const served = this.place;
		for (let waitedUs = 0; waitedUs < restartWaitUs; waitedUs += restartLookUs) {
			const present = await this.acting.call("look-for-restart", () => this.presentFolder());
			if (present !== void 0 && present !== served) return true;
			await this.acting.sleep(restartLookUs);
		}
		return false;
	}
	/** Removed the record that a killed shim had left: nobody else has the end then. */
	get hasLastRecord() {
		return this.found?.isForgotten === true;
	}
	async find(except) {
		this.found = await findLeftBehind(this.parts, this.acting, this.options.containerId, except);
		return this.found;
	}
	async settle({ folder, end }) {
		await this.settleFolder(folder, endText(end));
	}
	/** As with the command, whoever has the state directory open goes before, and the end is told all the same. */
	async settleFolder(folder, reason) {
		const state = await this.openState(folder);
		if (state === void 0) return false;
		await this.makeEngine(state.stateDirectory, []).settlePredecessors(void 0, reason);
		await this.acting.call("close-state", () => this.closeState(state));
		return true;
	}
	presentFolder() {
		try {
			return this.folder();
		} catch (error) {
			if (isGone(error)) return void 0;
			throw error;
		}
	}
	/** Where its payload is kept, by the container as it was started last. */
	folder() {
		const { containerId } = this.options;
		return this.parts.folders.of(containerId, identifyTarget(this.parts, containerId).startTime);
	}
	openState(folder) {
		const log = folder.logOf(this.options.owner);
		return this.acting.call("open-state", () => {
			const lock = log.lock.open();
			if (lock.lock() < 0) return void 0;
			this.acting.self.process.table.add(lock);
			return {
				lock,
				stateDirectory: {
					sequencer: log.open(this.acting),
					epoch: log.epoch
				}
			};
		});
	}
	closeState(state) {
		if (state !== void 0) closeDescription(this.acting.self, state.lock);
	}
	makeEngine(stateDirectory, strategies) {
		const { world, nextNumber } = this.parts;
		return createEngine({
			strategies,
			store: new InMemoryEventStore(),
			policy: defaultPolicy(),
			stateDirectory,
			clock: {
				nowMs: () => world.wallClockBaseMs + world.nowUs / 1e3,
				monotonicUs: () => world.nowUs
			},
			ids: { next: () => `delegation-${nextNumber("delegation")}` }
		});
	}
};
// simulator/actors/dispatch/deputy.ts
const failed = 125;
/**
* `deputy dispatch`: the real steps of the command, with the real engine and the real strategy: one delegation
* to its payload's end. Whoever comes after a death adopts what that left.
*/
var ModelDeputy = class {
	parts;
	self;
	containerId;
	/** What its exit code says; undefined when it was killed. */
	outcome;
	work;
	acting;
	constructor(parts, self, containerId, owner) {
		this.parts = parts;
		this.self = self;
		this.containerId = containerId;
		this.acting = new Acting(parts.world, self, "deputy");
		this.work = new ModelCommandWork(parts, this.acting, {
			containerId,
			owner
		});
		self.ignoresChildren = true;
		self.program = "deputy";
	}
	/** It died with the only record of an end, before its exit could tell that. */
	get diedWithTheEnd() {
		return this.outcome === void 0 && !this.acting.isAlive && this.work.hasLastRecord;
	}
	async run() {
		try {
			await this.leave(this.outcomeOf(await runCommand(this.work, this.parts.commandSteps)));
		} catch (error) {
			await this.leave({
				kind: "failed",
				code: isDeputyError(error) ? error.code : String(error)
			});
		}
	}
	outcomeOf(outcome) {
		if (outcome.kind !== "ended") return { kind: "running" };
		return {
			...outcome,
			startTime: this.work.startTime
		};
	}
	async leave(outcome) {
		await this.acting.call("leave", () => {
			this.outcome = outcome;
			const code = outcome.kind === "ended" && outcome.end.kind === "exited" ? outcome.end.code : outcome.kind === "running" ? 0 : failed;
			this.parts.tree.exit(this.self, code);
		});
	}
};
// simulator/actors/dispatch/operator.ts
/** Until a service manager starts again what was killed. */
const restartUs$1 = [1e4, 1e5];
/** Until a dispatch that failed is tried again, and how often; fewer would give up on what heals. */
const retryUs$1 = 1e5;
const triesMax = 60;
/** Whoever wants a payload in a container: starts deputy, and again until it has heard how that ended. */
var Operator = class {
	parts;
	container;
	owner;
	/** The ends that exit codes told it of. */
	learned = [];
	/** The ends that were said of a container's earlier lives: again, where whoever said so died over it. */
	said = [];
	/** Why dispatches failed. */
	failures = [];
	/** All that it started. */
	deputies = [];
	/** A restart that nobody dispatches to again. */
	isContent = false;
	tries = 0;
	constructor(parts, container, owner) {
		this.parts = parts;
		this.container = container;
		this.owner = owner;
		this.begin();
	}
	/** The container was started again: that is another delegation. */
	containerStarted() {
		if (this.parts.oldWays.has("dispatched-once")) return;
		this.tries = 0;
		if (!this.isContent) return;
		this.isContent = false;
		this.begin();
	}
	begin() {
		const { parts, container } = this;
		const { tree, nextNumber } = parts;
		const process = tree.fork(tree.init, `deputy-${nextNumber("deputy")}`, { keeps: [] });
		if (typeof process === "number") throw new RangeError(`no deputy: ${process}`);
		const deputy = new ModelDeputy(parts, process, container.id, this.owner);
		this.deputies.push(deputy);
		process.whenEnded.push(() => this.ended(deputy));
		deputy.run();
	}
	ended({ outcome, work }) {
		const { world } = this.parts;
		this.said.push(...work.earlier);
		if (outcome === void 0) return this.again(world.random.between(...restartUs$1));
		if (outcome.kind === "failed") this.failures.push(outcome.code);
		else if (outcome.kind === "ended") this.learned.push(outcome);
		const isPresent = (startTime) => this.parts.oldWays.has("dispatched-once") || startTime === this.container.current.init.startTime;
		if (outcome.kind === "ended" && outcome.end.kind !== "unknown" && isPresent(outcome.startTime) || this.isOwned(outcome) || this.container.isOver) {
			this.isContent = true;
			return;
		}
		this.again(retryUs$1);
	}
	/** Somebody else has it, and hears how it ends. */
	isOwned(outcome) {
		if (outcome?.kind === "running") return true;
		return outcome?.kind === "failed" && outcome.code === "DEPUTY_E_PAYLOAD_OWNED";
	}
	again(delayUs) {
		if (++this.tries > triesMax) return;
		this.parts.world.scheduler.after(delayUs, void 0, () => {
			this.parts.world.hasMicrotasks = true;
			this.begin();
		});
	}
};
// simulator/processes/file-lock.ts
/** A file that somebody may have locked as a whole (flock(2)). */
var LockFile = class {
	holder;
	open() {
		return new LockDescription(this);
	}
};
/**
* An open file description of such a file. The lock is the description's: it is shared by those that it was
* handed to, and free when the last of them has closed it, by its death too.
*/
var LockDescription = class extends PlainDescription {
	file;
	constructor(file) {
		super();
		this.file = file;
	}
	/** LOCK_EX | LOCK_NB: 0, or -EAGAIN. */
	lock() {
		if (this.file.holder !== void 0 && this.file.holder !== this) return no("EAGAIN");
		this.file.holder = this;
		return 0;
	}
	released() {
		if (this.file.holder === this) this.file.holder = void 0;
	}
};
// simulator/actors/dispatch/dispatch-log.ts
const noCounts = {
	answered: 0,
	refused: 0,
	cancelled: 0,
	lost: 0
};
/** The events of one dispatch after the other, as its state directory keeps them: what is appended stays. */
var DispatchLog = class {
	world;
	events = [];
	states = /* @__PURE__ */ new Map();
	/** Events that do not follow from those before them. */
	illegal = [];
	epoch = 0;
	/** Of the state directory: one writer at a time. */
	lock = new LockFile();
	constructor(world) {
		this.world = world;
	}
	/** The sequencer of a process that opens it. */
	open(writer) {
		this.epoch++;
		const left = this.openStreams();
		return {
			append: (draft) => {
				if (writer.isAlive) this.append(draft, writer.self.actor);
				return this.events.length;
			},
			published: () => writer.call("publish", () => void 0),
			caughtUp: () => Promise.resolve(left)
		};
	}
	/** The ends of payloads that it tells of. */
	get toldEnds() {
		return this.events.flatMap(({ type, data }) => type === "delegation.releasing" ? endOf(data.reason) : []);
	}
	append(draft, actor) {
		const { delegationId, type } = draft;
		const state = this.states.get(delegationId) ?? "none";
		const next = delegationLife[state][type];
		if (next === void 0) this.illegal.push(`${type} behind ${state}`);
		this.states.set(delegationId, next ?? state);
		this.events.push(draft);
		this.world.watch.noted?.(actor, type, { ...draft.data });
	}
	openStreams() {
		const isOver = (state) => Object.keys(delegationLife[state]).length === 0;
		return [...this.states].filter(([, state]) => !isOver(state)).map(([delegationId, state]) => ({
			delegationId,
			tenant: "vm",
			state,
			counts: noCounts
		}));
	}
};
function endOf(reason) {
	const exited = /^the payload exited with (\d+)$/.exec(reason)?.[1];
	if (exited !== void 0) return [{
		kind: "exited",
		code: Number(exited)
	}];
	const signal = /^the payload was ended by signal (\d+)$/.exec(reason)?.[1];
	if (signal !== void 0) return [{
		kind: "signaled",
		signal: Number(signal)
	}];
	return reason.startsWith("the payload ended, and how") ? [{
		kind: "unknown",
		reason
	}] : [];
}
// simulator/actors/dispatch/payload-folder.ts
/** What of one payload outlives everybody: STATE/payloads/KEY. */
var PayloadFolder = class {
	world;
	startTime;
	/** State directories with the events of dispatches, by whose they are. */
	logsByOwner = /* @__PURE__ */ new Map();
	lock = new LockFile();
	/** Who listens on the socket in it. */
	listener;
	/** The payload's number and start time, once there is one. */
	record;
	/** How the payload ended, as its shim wrote it down, until somebody was told. */
	ended;
	/** Nothing of its delegations is open any more. */
	isSettled = false;
	constructor(world, startTime) {
		this.world = world;
		this.startTime = startTime;
	}
	logOf(owner) {
		const log = this.logsByOwner.get(owner) ?? new DispatchLog(this.world);
		this.logsByOwner.set(owner, log);
		return log;
	}
	/** Does anybody have the lock? */
	get isLocked() {
		return this.lock.holder !== void 0;
	}
	/** A payload that lives though its shim is gone. */
	orphan(tree) {
		const { record } = this;
		const process = record === void 0 ? void 0 : tree.find(tree.hostSpace, record.number);
		return process?.state === "running" && process.startTime === record?.startTime ? process : void 0;
	}
	get logs() {
		return [...this.logsByOwner.values()];
	}
	/** What an earlier payload left; the lock is the caller's. */
	clear() {
		this.record = this.ended = void 0;
		this.listener = void 0;
	}
};
/** The folders of a state directory, by container, start of it, and name. */
var PayloadFolders = class {
	world;
	folders = /* @__PURE__ */ new Map();
	constructor(world) {
		this.world = world;
	}
	of(containerId, startTime) {
		const key = `${containerId}.${startTime}`;
		const known = this.folders.get(key) ?? new PayloadFolder(this.world, startTime);
		this.folders.set(key, known);
		return known;
	}
	/** Those of a container, whenever that was started. */
	ofContainer(containerId) {
		return [...this.folders].filter(([key]) => key.startsWith(`${containerId}.`)).map(([, one]) => one);
	}
	get all() {
		return [...this.folders.values()];
	}
};
// simulator/actors/dispatch/dispatch-cast.ts
const deadlineMs = 1e4;
/** Who plays where the dispatcher is at work: containers, and whoever dispatches to them. */
var DispatchCast = class {
	world;
	scenario;
	targets = [];
	operators = [];
	parts;
	handles = new HandleBook();
	constructor(world, scenario, mutate = (tables) => tables) {
		this.world = world;
		this.scenario = scenario;
		const { dispatch } = scenario;
		const tables = mutate(formerTables(dispatch.formerWays));
		const numbers = /* @__PURE__ */ new Map();
		this.parts = {
			world,
			tree: new ProcessTree(world.kernel),
			scenario,
			policy: parsePolicy(scenario.policy),
			spec: specOf(scenario),
			oldWays: new Set(dispatch.oldWays),
			formerWays: new Set(dispatch.formerWays),
			commandSteps: tables.command,
			dispatchSteps: tables.strategy,
			folders: new PayloadFolders(world),
			containers: /* @__PURE__ */ new Map(),
			payloads: [],
			started: /* @__PURE__ */ new Set(),
			shims: [],
			nextNumber: (kind) => {
				numbers.set(kind, (numbers.get(kind) ?? 0) + 1);
				return numbers.get(kind) ?? 0;
			},
			runPayload: (payload) => this.runPayload(payload)
		};
		world.applyFault = (fault, at) => this.apply(fault, at);
		for (const { fault, atUs } of world.plan.timed()) world.scheduler.after(atUs, void 0, () => {
			world.hasMicrotasks = true;
			world.plan.noteFired();
			world.apply(fault, void 0);
		});
		for (const target of scenario.targets) this.startTarget(target.name, target.user);
	}
	/** A run ends when nothing happens any more: what lingers then is looked at. */
	get isDone() {
		return false;
	}
	startTarget(name, user) {
		const { dispatch } = this.scenario;
		const container = new ModelContainer(this.parts, name, user, dispatch.restarts);
		this.parts.containers.set(name, container);
		for (const { atUs, user: whose, runUs } of dispatch.orphans) this.world.scheduler.after(atUs, void 0, () => container.leaveOrphan(whose, runUs));
		const operators = [];
		container.whenStarted = () => {
			for (const operator of operators) operator.containerStarted();
		};
		for (let count = 0; count < dispatch.dispatches; count++) {
			const owner = dispatch.states === "own" ? count : 0;
			operators.push(new Operator(this.parts, container, owner));
		}
		this.operators.push(...operators);
	}
	/** The payload makes its target's calls, with what it holds, and ends with its code. */
	runPayload({ process, containerId }) {
		const { world, scenario } = this;
		const { dispatch, targets } = scenario;
		const own = targets.find(({ name }) => name === containerId) ?? targets[0];
		if (own === void 0) return;
		if (this.parts.oldWays.has("log-of-the-target") && dispatch.logIsFull) return;
		const program = new TargetProgram(world, {
			...own,
			user: this.parts.spec.user
		}, containerId, resolvePolicy(this.parts.policy, {
			containerId,
			metadata: own.metadata
		}), this.handles, {
			process: process.process,
			holdsReadSearch: process.sets.has(capability.DAC_READ_SEARCH),
			whenDone: () => this.parts.tree.exit(process, dispatch.exitCode)
		});
		this.targets.push(program);
		program.start();
	}
	apply(fault, at) {
		const { world } = this;
		if (fault.kind === "crash" || fault.kind === "storm") {
			const process = "actor" in fault && fault.actor !== void 0 ? this.processOf(fault.actor) : at;
			if (process !== void 0) world.kernel.kill(process);
			if (fault.kind === "storm" && fault.count > 1) {
				const next = {
					...fault,
					count: fault.count - 1
				};
				world.scheduler.after(fault.everyUs, void 0, () => this.apply(next, at));
			}
			return;
		}
		if (fault.kind === "hang") {
			const process = fault.actor === void 0 ? at : this.processOf(fault.actor);
			if (process !== void 0) process.heldUntilUs = world.nowUs + (fault.forUs ?? Number.POSITIVE_INFINITY);
			return;
		}
		if (fault.kind === "clock-jump") world.wallClockBaseMs += fault.byMs;
		else this.touchTarget(fault);
	}
	processOf(actor) {
		const { tree } = this.parts;
		if (actor === "supervisor" || actor === "deputy") return this.operators[0]?.deputies.at(-1)?.self.process;
		const program = actor === "shim" || actor === "joiner" || actor === "payload" ? actor : void 0;
		return tree.all.findLast((one) => one.program === program && one.process.alive)?.process;
	}
	touchTarget(fault) {
		if (!("target" in fault)) return;
		const container = this.parts.containers.get(fault.target);
		if (container === void 0) return;
		if (fault.kind === "pod-restart") return container.restart();
		const number = container.current.init.numberIn(this.parts.tree.hostSpace);
		container.kill();
		if (fault.kind !== "pid-reuse") return;
		const id = `stranger-${this.parts.nextNumber("stranger")}`;
		this.parts.containers.set(id, new ModelContainer(this.parts, id, 1e3, 0, number));
	}
};
function specOf({ dispatch }) {
	return {
		argv: ["/payload"],
		capabilities: dispatch.capabilities,
		user: 0,
		group: 0,
		groups: [],
		from: "host",
		environment: {},
		directory: "/",
		readiness: { kind: "none" },
		deadlineMs,
		terminal: false,
		output: "caller",
		lossy: false,
		bufferBytes: 4096,
		filter: "default",
		...dispatch.placeholder ? { placeholderSocket: "/placeholder.sock" } : {}
	};
}
/** The capabilities that a payload may hold, as bits. */
function askedCapabilities({ spec }) {
	return spec.capabilities.reduce((mask, number) => mask | bit(number), 0n);
}
// simulator/invariants/dispatch/within-capabilities.ts
/** Safety: what a process of the target could see or reach has no privilege to be taken. */
const withinCapabilities = {
	id: "within-capabilities",
	sentence: "No process of deputy's that can be seen in a target's pid namespace holds more than what was asked for.",
	begin: (stage, broken) => {
		const told = /* @__PURE__ */ new Set();
		return { stepped: () => {
			const { parts } = stage().dispatch;
			const asked = askedCapabilities(parts);
			for (const process of parts.started) {
				if (!(process.state === "running" && process.space !== parts.tree.hostSpace) || told.has(process) || process.sets.all.every((set) => (set & ~asked) === 0n)) continue;
				told.add(process);
				broken({
					process: process.actor,
					holds: process.sets.all.map((set) => set.toString(16))
				});
			}
		} };
	}
};
// simulator/invariants/events-are-complete.ts
/** Liveness: what was written down is told of, unless the journal was damaged meanwhile. */
const eventsAreComplete = {
	id: "events-are-complete",
	sentence: "Each request that was finished, and whose record is sound, has its event in the store.",
	begin: (stage, broken) => {
		const awaited = /* @__PURE__ */ new Map();
		return {
			committed: ({ actor }, record) => {
				if (stage().cast.targets.some(({ policy }) => policy.record === "each") && record.u32(offset.listener) > 0) awaited.set(`${record.notificationId}`, actor);
			},
			stored: ({ type, data }) => {
				if (type.startsWith("request.")) awaited.delete(data.notificationId);
			},
			faulted: ({ kind }) => {
				if (kind === "journal") awaited.clear();
			},
			storeLost: (lost) => {
				for (const { type, data } of lost) if (type.startsWith("request.")) awaited.set(data.notificationId, "the store");
			},
			finished: () => {
				if (!stage().cast.isDone || awaited.size === 0) return;
				broken({
					missing: awaited.size,
					notifications: [...awaited.keys()].slice(0, 8)
				});
			}
		};
	}
};
// simulator/invariants/events-are-legal.ts
/** Safety: whoever folds the events gets a state, without a gap. */
const eventsAreLegal = {
	id: "events-are-legal",
	sentence: "A delegation's events are a legal path of its machine, in order, each version once.",
	begin: (_, broken) => {
		const streams = /* @__PURE__ */ new Map();
		return {
			stored: (event) => {
				const state = streams.get(event.delegationId) ?? initialDelegationState;
				if (event.version !== state.version + 1) broken({
					event: event.id,
					type: event.type,
					after: state.version
				});
				try {
					streams.set(event.delegationId, evolveDelegation(state, event));
				} catch (error) {
					broken({
						event: event.id,
						type: event.type,
						state: state.name,
						error: String(error)
					});
				}
			},
			storeLost: (_, left) => {
				streams.clear();
				for (const event of left) {
					const state = streams.get(event.delegationId) ?? initialDelegationState;
					streams.set(event.delegationId, evolveDelegation(state, event));
				}
			}
		};
	}
};
// simulator/invariants/events-are-true.ts
/** Safety: an event says of a call what its target got. */
const eventsAreTrue = {
	id: "events-are-true",
	sentence: "An event of a request says what its target was answered.",
	begin: (_, broken) => {
		const replies = /* @__PURE__ */ new Map();
		const interrupted = /* @__PURE__ */ new Set();
		/** Calls whose thread died before anybody answered, and calls that a successor went on with. */
		const orphaned = /* @__PURE__ */ new Set();
		const takenOver = /* @__PURE__ */ new Set();
		const waiting = /* @__PURE__ */ new Map();
		/** What a call returned that nobody replied to: the injector gave it, in a register. */
		const injected = /* @__PURE__ */ new Map();
		const told = /* @__PURE__ */ new Map();
		let isJournalDamaged = false;
		let isInjectorHung = false;
		return {
			notified: (notification) => waiting.set(notification.thread, notification),
			replied: ({ id, response }) => {
				if (response !== void 0) replies.set(`${id}`, response);
			},
			interrupted: ({ id }) => interrupted.add(`${id}`),
			died: ({ threads }) => {
				for (const thread of threads) {
					const id = waiting.get(thread)?.id;
					if (id !== void 0 && !replies.has(`${id}`)) orphaned.add(`${id}`);
				}
			},
			committed: (_, record) => {
				if (record.u16(offset.formerStep) > 0) takenOver.add(`${record.notificationId}`);
			},
			returned: (thread, _call, result) => {
				const id = waiting.get(thread)?.id;
				if (id !== void 0 && !replies.has(`${id}`) && result !== no("EINTR")) injected.set(`${id}`, result);
			},
			faulted: ({ kind }) => {
				if (kind === "journal") isJournalDamaged = true;
			},
			stepped: ({ process, kind }) => {
				if (kind === "injector" && process.heldUntilUs > 0) isInjectorHung = true;
			},
			stored: (event) => {
				if (!event.type.startsWith("request.")) return;
				told.set(event.data.notificationId, event);
				const isLost = event.type === "request.lost" && !isJournalDamaged;
				const { notificationId } = event.data;
				const isUnseen = interrupted.has(notificationId) || orphaned.has(notificationId) && takenOver.has(notificationId);
				const problem = isLost ? "its record was there" : problemOf(event, replies, isUnseen);
				if (problem !== void 0) broken({
					event: event.id,
					type: event.type,
					data: event.data,
					problem
				});
			},
			finished: () => {
				for (const [id, result] of injected) {
					const event = told.get(id);
					const { data } = event ?? {};
					if (data === void 0 || resultOf(data) === result) continue;
					if (isInjectorHung && event?.type === "request.cancelled") continue;
					broken({
						event: event?.id,
						type: event?.type,
						data,
						problem: `the injector gave it ${result}`
					});
				}
			}
		};
	}
};
function resultOf({ result }) {
	return result?.value ?? (result?.number === void 0 ? void 0 : -result.number);
}
function problemOf({ type, data }, replies, isUnseen) {
	if (!type.startsWith("request.")) return void 0;
	const { notificationId, result, way } = data;
	const reply = replies.get(notificationId);
	if (way === "inject") return void 0;
	if (type === "request.cancelled") return reply === void 0 || reply.error === -513 ? void 0 : "it was answered";
	if (type === "request.lost") return void 0;
	if (reply === void 0) return isUnseen ? void 0 : "it was not answered";
	if (way === "continue") return reply.isContinue ? void 0 : "it was not let go on";
	const told = result?.value ?? -(result?.number ?? 0);
	const given = reply.error === 0 ? reply.value : reply.error;
	return told === given ? void 0 : `it was answered ${given}`;
}
// simulator/invariants/handlers-do-not-fail.ts
/** Safety: the loop turns a handler that throws into EIO, which keeps the target going and is a defect. */
const handlersDoNotFail = {
	id: "handlers-do-not-fail",
	sentence: "No step throws, and no step is one that the request machine forbids.",
	begin: (_, broken) => ({ noted: (actor, name, detail) => {
		if (name === "handler-failed") broken({
			actor,
			...detail
		});
	} })
};
// simulator/invariants/handles-are-right.ts
/** Safety: what stands in the target's memory behind its call is part of the answer. */
const handlesAreRight = {
	id: "handles-are-right",
	sentence: "name_to_handle_at(2) leaves the handle, sealed where it has to be, and the id of its mount.",
	begin: (stage, broken) => ({ returned: (thread, call, result) => {
		if (call.number !== syscall.nameToHandleAt) return;
		if (result !== 0 && result !== no("EOVERFLOW")) return;
		const problem = difference(stage(), thread, call, result === 0);
		if (problem !== void 0) broken({
			thread: thread.actor,
			result,
			problem
		});
	} })
};
function difference(stage, thread, { values }, hasHandle) {
	const [descriptor = 0, path = 0, handle = 0, mountId = 0] = values;
	const { world, cast } = stage;
	const { memory } = thread.process;
	const policy = cast.targets.find(({ process }) => process === thread.process)?.policy;
	const mount = mountOf(world.kernel, thread, descriptor);
	const text = memory.view(path, 4096);
	if (text === void 0) return "its path is gone";
	const file = world.kernel.files.named(String.fromCharCode(...text.subarray(0, text.indexOf(0))));
	const words = memory.view(handle, 136)?.slice();
	const id = memory.view(mountId, 4)?.slice();
	if (file === void 0 || words === void 0 || id === void 0) return void 0;
	if (policy === void 0 || mount === void 0) return void 0;
	const [bytes, type, inode, generation] = new Int32Array(words.buffer);
	const needed = namedBytes(mount, policy);
	if (bytes !== needed || type !== (hasHandle ? 1 : 255)) return `its header says ${bytes} bytes, type ${type}`;
	if (hasHandle && (inode !== file.inode || generation !== file.generation)) return "it is another handle";
	const [found] = new Int32Array(id.buffer);
	if (found !== mount.mountId) return `the mount id is ${found}, not ${mount.mountId}`;
	if (!hasHandle || needed === 8) return void 0;
	return sealProblem(stage, {
		tenant: policy.tenant,
		mount,
		type,
		bytes: words.subarray(8, 8 + needed)
	}, file.type);
}
// simulator/invariants/known-strays.ts
/**
* Descriptors that stay in a target, and for which nothing can be done: each takes the death of a supervisor
* between the call that added it and the one that says its number, and
* - an errno of the successor's own, such as EIO, by which it never comes to look for it; or
* - a signal that ends the very call in that moment, where the wait is not killable: the successor takes the
*   call for answered, as it can't ask; or
* - status flags that leave none to mark it with (O_NONBLOCK beside writing or O_APPEND): nobody knows it
*   again.
*
* And the socket of an injector that died, until the same thread's next call that needs one: the call that
* it died over is made anew, and an errno of deputy's own may end that before it comes to an injector.
*/
var KnownStrays = class {
	added = /* @__PURE__ */ new Map();
	replied = /* @__PURE__ */ new Set();
	errnos = /* @__PURE__ */ new Set();
	known = /* @__PURE__ */ new Map();
	hasInjectorDied = false;
	/** May this number of a target's be one that its program does not know? */
	has(process, number) {
		if (process.table.at(number) instanceof SocketEnd && this.hasInjectorDied && this.errnos.size > 0) return true;
		return this.known.get(process)?.has(number) === true;
	}
	watch() {
		return {
			faulted: (fault) => {
				if (fault.kind === "errno") this.errnos.add(-errnoNumbers[fault.errno]);
			},
			died: ({ actor }) => {
				this.hasInjectorDied ||= actor.startsWith("injector");
			},
			added: (notification, number) => {
				const one = this.added.get(notification.id) ?? {
					notification,
					numbers: /* @__PURE__ */ new Set()
				};
				this.added.set(notification.id, one);
				one.numbers.add(number);
			},
			replied: ({ id }) => this.replied.add(id),
			committed: (_, record) => {
				const one = this.added.get(record.notificationId);
				if (one === void 0 || record.u16(offset.formerStep) === 0 || !this.isExcused(record)) return;
				const { process } = one.notification.thread;
				this.known.set(process, /* @__PURE__ */ new Set([...this.known.get(process) ?? [], ...one.numbers]));
			}
		};
	}
	isExcused(record) {
		if ((record.u16(offset.effectMark) & effectMark.descriptor) === 0) return false;
		const flags = record.argumentInt(2);
		const isMarkable = (flags & flag.O_PATH) !== 0 || markOf(flags) !== 0;
		const isTakenForAnswered = !this.replied.has(record.notificationId) && record.u8(offset.recovery) === recoveryKind.none && record.i32(offset.result) >= 0;
		return !isMarkable || isTakenForAnswered || this.hasFailed(record);
	}
	/** One of its steps gave an errno that was a fault. */
	hasFailed(record) {
		const count = Math.min(record.u16(offset.traceCount), 18);
		for (let index = 0; index < count; index++) if (this.errnos.has(record.i32(offset.trace + index * 8 + 4))) return true;
		return false;
	}
};
// simulator/invariants/no-leaks.ts
/** Safety: what a target's table has is what its program was given. */
const noLeaks = {
	id: "no-leaks",
	sentence: "No descriptor stays in a target that its program was not given, nor in deputy for a call that is over.",
	begin: (stage, broken) => {
		const strays = new KnownStrays();
		const finished = () => {
			const { cast } = stage();
			for (const target of cast.targets) {
				if (!target.process.alive) continue;
				const isBusy = target.process.threads.some(({ call }) => call !== void 0);
				const numbers = target.process.table.entries().map(([number]) => number);
				const isKnown = (number) => target.initial.has(number) || target.known.has(number) || strays.has(target.process, number);
				const leaked = numbers.filter((number) => !isKnown(number));
				const missing = [...target.known].filter((number) => !numbers.includes(number));
				if (!isBusy && leaked.length > 0) broken({
					target: target.process.actor,
					leaked
				});
				if (missing.length > 0) broken({
					target: target.process.actor,
					missing
				});
			}
			const active = cast.agent.active;
			if (active?.isIdle !== true) return;
			const held = active.parts.process.table.entries().map(([, { description }]) => description).filter((one) => one instanceof OpenFile && !isMountRoot(one.file, one.mountId));
			if (held.length > 0) broken({
				supervisor: active.parts.process.actor,
				held: held.length
			});
		};
		return {
			...strays.watch(),
			finished
		};
	}
};
// simulator/invariants/nothing-forbidden.ts
const directory = 4;
const regular = 8;
/** Safety: what deputy opens itself, with its own capability. */
const nothingForbidden = {
	id: "nothing-forbidden",
	sentence: "No handle is opened that the policy forbids, nothing but files and folders without O_PATH.",
	begin: (stage, broken) => ({ opened: (process, record, file, flags) => {
		const { cast } = stage();
		if (!((flags & flag.O_PATH) !== 0) && file.type !== regular && file.type !== directory) broken({
			process: process.actor,
			file: file.name,
			flags
		});
		const target = cast.targets.find((one) => one.process.threads.some(({ threadId }) => threadId === record.threadId));
		if (target === void 0) return;
		const { mount } = record.mount;
		const { policy } = target;
		if (!isShared(mount, policy)) broken({
			process: process.actor,
			mount: mount.mountPoint
		});
		const problem = confinementProblem(stage(), policy, mount, record);
		if (problem !== void 0) broken({
			process: process.actor,
			file: file.name,
			problem
		});
	} })
};
/** A handle opens any file of its file system: which ones may be used is the policy's `confinement`. */
function confinementProblem(stage, { confinement, tenant }, mount, record) {
	if (confinement === "filesystem") return isWholeMount(mount) ? void 0 : "not all of it is shared";
	if (confinement === "none") return void 0;
	const native = record.u8(offset.nativeBytes);
	if (native === 0) return "nobody looked at its seal";
	const start = record.base + offset.handleData;
	const bytes = record.views.u8.slice(start, start + native + sealBytes);
	return isOpenable(stage, {
		tenant,
		mount,
		type: record.i32(offset.handleType),
		bytes
	}, record.f64(offset.receivedAtUs)) ? void 0 : "its seal is forged, of another tenant or share, or retired";
}
// simulator/invariants/stream-in-order.ts
/** Safety: the store has what the journal has, in the journal's order, and nobody mixes into it. */
const streamInOrder = {
	id: "stream-in-order",
	sentence: "Each event is in the store once, in the journal's order; nothing follows another writer's.",
	begin: (_, broken) => {
		const ids = /* @__PURE__ */ new Set();
		let ticket = -1;
		let strangerAt;
		let isJournalWhole = true;
		const take = (event) => {
			ids.add(event.id);
			ticket = Math.max(ticket, ticketOf(event) ?? ticket);
		};
		return {
			stored: (event, position) => {
				const own = ticketOf(event) ?? ticket;
				if (ids.has(event.id)) broken({
					event: event.id,
					position,
					problem: "it was there already"
				});
				if (isJournalWhole && own < ticket) broken({
					event: event.id,
					position,
					problem: `a later one, ${ticket}, was there`
				});
				if (strangerAt !== void 0) {
					broken({
						event: event.id,
						position,
						problem: `another writer's is at ${strangerAt}`
					});
					strangerAt = void 0;
				}
				take(event);
			},
			strangerStored: (position) => {
				strangerAt = position;
			},
			faulted: ({ kind }) => {
				if (kind === "journal") isJournalWhole = false;
			},
			storeLost: (_lost, left) => {
				ids.clear();
				ticket = -1;
				for (const event of left) take(event);
			}
		};
	}
};
function ticketOf(event) {
	return event.sequence;
}
// simulator/invariants/target-untouched.ts
/** All but the result: the kernel itself changes rcx and r11 only. */
const kept = [
	"rdi",
	"rsi",
	"rdx",
	"r10",
	"r8",
	"r9",
	"rsp"
];
// simulator/invariants/all.ts
/** Of calls that are answered. */
const ofRequests = [
	answeredOnce,
	answersAreRight,
	handlesAreRight,
	handlersDoNotFail,
	actsForItsCaller,
	nothingForbidden,
	{
		id: "truncated-once",
		sentence: "O_TRUNC acts once for a call that is answered, at most once for any, however often it is tried.",
		begin: (stage, broken) => {
			const truncated = /* @__PURE__ */ new Set();
			/** How often each file had been changed when a thread's call began. */
			const before = /* @__PURE__ */ new Map();
			const changes = () => new Map(stage().world.kernel.files.all.map(({ name, changes: count }) => [name, count]));
			return {
				opened: (process, record, file, flags) => {
					if ((flags & flag.O_TRUNC) === 0 || (flags & flag.O_PATH) !== 0) return;
					const name = record.notificationId.toString(16);
					if (truncated.has(name)) broken({
						process: process.actor,
						notification: name,
						file: file.name
					});
					truncated.add(name);
				},
				called: (thread, { number, values: [, , flags = 0] }) => {
					const truncates = (flags & (flag.O_TRUNC | flag.O_PATH)) === flag.O_TRUNC;
					if (number === syscall.openByHandleAt && truncates) before.set(thread, changes());
				},
				returned: (thread, _, result) => {
					const known = before.get(thread);
					before.delete(thread);
					const held = known === void 0 ? void 0 : thread.process.table.at(result);
					if (!(held instanceof OpenFile)) return;
					if (held.file.changes !== known?.get(held.file.name)) return;
					broken({
						thread: thread.actor,
						file: held.file.name,
						problem: "it still has what was to be gone"
					});
				}
			};
		}
	},
	noLeaks,
	{
		id: "target-untouched",
		sentence: "A target's registers, signal mask, signals and mappings are as if deputy had not been there.",
		begin: (stage, broken) => {
			const before = /* @__PURE__ */ new Map();
			const sent = /* @__PURE__ */ new Map();
			const look = (thread) => kept.map((name) => thread.registers.get(register[name]));
			return {
				called: (thread) => before.set(thread, look(thread)),
				returned: (thread) => {
					const wanted = before.get(thread) ?? [];
					const found = look(thread);
					const changed = kept.filter((_, index) => found[index] !== wanted[index]);
					if (changed.length > 0) broken({
						thread: thread.actor,
						changed
					});
					if (thread.signalMask.size > 0) broken({
						thread: thread.actor,
						masked: [...thread.signalMask]
					});
				},
				signalled: (process, signal) => {
					if (!process.handlers.has(signal)) return;
					sent.set(process, (sent.get(process) ?? /* @__PURE__ */ new Set()).add(signal));
				},
				finished: () => {
					for (const { process } of stage().cast.targets) {
						if (!process.alive || process.threads.some(({ call }) => call !== void 0)) continue;
						const lost = [...sent.get(process) ?? []].filter((signal) => !process.handled.has(signal));
						if (lost.length > 0) broken({
							target: process.actor,
							lost
						});
					}
				}
			};
		}
	},
	eventsAreLegal,
	eventsAreTrue,
	eventsAreComplete,
	streamInOrder,
	callsReturn,
	allSettles
];
/** Of payloads that are dispatched. */
const ofDispatches = [
	onePayload,
	nothingHalfJoined,
	joinsOnlyItsTarget,
	withinCapabilities,
	successIsExecution,
	programFitsItsFlags,
	foundWhenThere,
	endIsLearnt,
	containerEndsAsPayload,
	containerEndsWithPayload,
	containerHasItsPayload,
	noZombies,
	noLockLeft,
	dispatchEventsAreLegal
];
/** Everything that always holds; a further invariant is a file and a line here. */
const invariants = [...ofRequests.map((one) => ({
	...one,
	strategy: "seccomp-notify"
})), ...ofDispatches.map((one) => ({
	...one,
	strategy: "dispatcher"
}))];
// simulator/faults/damage-journal.ts
/** Damages the journal's files as they are now; `count`: of how many records, the latest first. */
function damageJournal(world, damage, count) {
	const { disk } = world;
	if (damage === "gone") {
		disk.segments.clear();
		disk.checkpoint = void 0;
		disk.oldCheckpoints = [];
		return;
	}
	const newest = disk.segments.get(disk.numbers.at(-1) ?? -1);
	if (newest === void 0) return;
	if (damage === "order-lost") {
		newest.order.length = 0;
		return;
	}
	const records = [];
	disk.eachSlot(newest.segment, (data, at) => {
		const bytes = new Uint8Array(data.buffer, data.byteOffset + at, 512);
		if (bytes.some((byte) => byte !== 0)) records.push(bytes);
	});
	for (const bytes of records.slice(-count)) if (damage === "garbled") for (let at = 64; at < 512; at += 16) bytes[at] = world.random.below(256);
	else bytes.fill(0);
	if (damage === "truncated") newest.order.length = Math.max(0, newest.order.length - count);
}
// simulator/faults/trouble-stream.ts
/** Does to a stream's server what a fault says. */
function troubleStream(stream, { trouble, forUs, count }) {
	switch (trouble) {
		case "disconnect": return stream.disconnect(forUs);
		case "duplicate": return stream.duplicate(count);
		case "delay": return stream.slowDown(forUs);
		case "lose-suffix": return stream.loseSuffix(count, forUs);
		case "leader-change": return stream.changeLeader(forUs);
		case "full": return stream.fill(forUs);
		case "other-writer": return stream.writeAsOther();
	}
}
// core/keeper/limits.ts
/**
* A hung supervisor is replaced within half a second and the look in which it was noticed: others wait less
* than a second. One that wants to run and gets no processor is given longer: a successor would get none,
* either.
*/
const keeperLimits = {
	missedLooks: 5,
	endingLooks: 2,
	starvedLooks: 50,
	startLooks: 200,
	promptRestarts: 3,
	firstDelayMs: 50,
	longestDelayMs: 5e3,
	steadyMs: 1e3
};
// core/keeper/supervision.ts
/**
* The keeper's decisions about supervisors, without a clock, a process or a timer of its own: it is told what
* happened, and says what to do. It never looks at a request.
*/
var Supervision = class {
	limits;
	wantsStandby;
	supervised = /* @__PURE__ */ new Map();
	spawning = 0;
	deathsInRow = 0;
	reason = "the agent started";
	stopping = false;
	constructor(limits, wantsStandby) {
		this.limits = limits;
		this.wantsStandby = wantsStandby;
	}
	begin() {
		return this.spawnMissing();
	}
	/** A supervisor's process was started. */
	started(id) {
		this.spawning--;
		this.supervised.set(id, {
			phase: "starting",
			wasActive: false,
			beats: 0,
			missed: 0
		});
	}
	/** It has prepared itself: it serves, or waits for its turn. */
	ready(id) {
		const one = this.supervised.get(id);
		if (one?.phase !== "starting") return [];
		one.phase = "standby";
		one.missed = 0;
		return [...this.activateOne(), ...this.spawnMissing()];
	}
	/** Its process has ended. `how` is for people; `wasKilled`: by SIGKILL, so that it may have been well. */
	died(id, livedMs, how, wasKilled = false) {
		const one = this.supervised.get(id);
		if (one === void 0) return [];
		this.supervised.delete(id);
		if (this.stopping) return [];
		const wasWell = one.phase !== "starting" && (wasKilled || livedMs >= this.limits.steadyMs);
		this.deathsInRow = wasWell ? 1 : this.deathsInRow + 1;
		if (one.phase === "active") this.reason = `the active supervisor ended: ${how}`;
		const failing = this.deathsInRow === this.limits.promptRestarts + 1;
		return [
			...this.activateOne(),
			...this.hurryAll(),
			...this.spawnMissing(),
			...failing ? [{
				kind: "failing",
				deaths: this.deathsInRow
			}] : []
		];
	}
	/**
	* Looks at all signs of life, `beats` by supervisor; `stateOf` says how it is with one without. One
	* that SIGKILL has reached never runs again: one look later its successor takes over, gone or not.
	*/
	look(beats, stateOf = () => "waiting") {
		const effects = [];
		for (const [id, one] of this.supervised) {
			const seen = beats.get(id) ?? 0;
			one.missed = seen === one.beats ? one.missed + 1 : 0;
			one.beats = seen;
			if (one.phase === "killed" || this.stopping) continue;
			const limit = one.phase === "starting" ? this.limits.startLooks : this.limits.missedLooks;
			if (one.missed < Math.min(limit, this.limits.endingLooks)) continue;
			const state = stateOf(id);
			if (one.missed < limit && (state !== "ending" || one.phase === "starting")) continue;
			if (one.missed < this.limits.starvedLooks && state === "runnable") continue;
			const reason = one.phase === "starting" ? "it did not get ready" : "it showed no sign of life";
			if (one.phase === "active") this.reason = `the active supervisor was killed: ${reason}`;
			one.phase = "killed";
			effects.push({
				kind: "kill",
				id,
				reason
			});
		}
		if (effects.length > 0) return effects;
		return [...this.activateOne(), ...this.spawnMissing()];
	}
	/** The host's own delays are nobody's fault: what was missed until now doesn't count. */
	forgive() {
		for (const one of this.supervised.values()) one.missed = 0;
	}
	/** Ends: the active one finishes, nobody follows. */
	stop() {
		this.stopping = true;
		return this.activeId;
	}
	get activeId() {
		return [...this.supervised].find(([, { phase }]) => phase === "active")?.[0];
	}
	phaseOf(id) {
		return this.supervised.get(id)?.phase;
	}
	activateOne() {
		if (this.stopping || this.activeId !== void 0) return [];
		const next = [...this.supervised].find(([, { phase }]) => phase === "standby");
		if (next === void 0) return [];
		const [id, one] = next;
		one.phase = "active";
		one.wasActive = true;
		const { reason } = this;
		return [{
			kind: "activate",
			id,
			reason
		}];
	}
	hurryAll() {
		if (this.activeId !== void 0) return [];
		return [...this.supervised].filter(([, { phase }]) => phase === "starting").map(([id]) => ({
			kind: "hurry",
			id
		}));
	}
	/** In a row of deaths every start waits, whatever it is for: a standby's death may be the next one. */
	spawnMissing() {
		if (this.stopping) return [];
		const delayMs = this.delayMs();
		const living = [...this.supervised.values()].filter(({ phase }) => phase !== "killed").length;
		const hasActive = this.activeId !== void 0;
		const wanted = this.wantsStandby && hasActive ? 2 : 1;
		const missing = Math.max(0, wanted - living - this.spawning);
		this.spawning += missing;
		return Array.from({ length: missing }, () => ({
			kind: "spawn",
			delayMs
		}));
	}
	delayMs() {
		const late = this.deathsInRow - this.limits.promptRestarts;
		if (late <= 0) return 0;
		return Math.min(this.limits.longestDelayMs, this.limits.firstDelayMs * 2 ** late);
	}
};
z.string().regex(/^(0|[1-9][0-9]{0,19})$/);
/** A text that a target may have had a hand in: escaped and bounded by whoever makes the event. */
const escapedTextSchema = z.string().max(4096);
z.string().min(1).max(256);
const countSchema = z.int().min(0);
/** What became of the requests so far. */
const countsSchema = z.object({
	answered: countSchema,
	refused: countSchema,
	cancelled: countSchema,
	lost: countSchema
});
const codeSchema = z.string().regex(/^DEPUTY_E_[A-Z0-9_]+$/);
z.string().regex(/^(E[A-Z0-9]+|errno [0-9]+)$/);
z.object({
	code: codeSchema,
	message: escapedTextSchema,
	remedy: escapedTextSchema
});
// core/publishing/checkpoint-schema.ts
/** A checkpoint as it is read from its file. */
const checkpointSchema = z.object({
	format: z.literal(1),
	position: z.number().int().min(0),
	streams: z.array(z.object({
		delegationId: z.string(),
		version: z.number().int().min(0),
		tenant: z.string(),
		state: z.string().transform((state) => state),
		counts: countsSchema
	})),
	listeners: z.array(z.object({
		key: z.number().int(),
		delegationId: z.string(),
		tenant: z.string(),
		record: z.enum([
			"each",
			"failures",
			"summary"
		])
	})),
	last: z.object({
		streamId: z.string(),
		version: z.number().int().min(1)
	}).optional(),
	summaries: z.array(z.object({
		delegationId: z.string(),
		tenant: z.string(),
		second: z.number(),
		requests: countsSchema,
		latencies: z.array(z.number())
	})).optional(),
	cursor: z.object({
		stream: z.string(),
		created: z.string(),
		sequence: z.number().int().min(0),
		id: z.string().optional()
	}).optional()
});
// core/publishing/owners-scan.ts
/** Finds out whose each listener is, shown the journal's records in their order. */
var OwnersScan = class {
	delegations = /* @__PURE__ */ new Map();
	strategies = /* @__PURE__ */ new Map();
	request() {}
	event(text) {
		const payload = parsePayload(text);
		if (payload === void 0) return;
		if (payload.kind === "listener") this.know(payload.identity);
		else if (payload.kind === "gone") this.delegations.delete(payload.key);
		else if (payload.kind === "draft") this.draft(payload.draft);
	}
	know({ key, delegationId }) {
		this.delegations.set(key, delegationId);
	}
	keep(holds) {
		for (const [key, delegationId] of this.delegations) if (!holds(delegationId)) this.delegations.delete(key);
	}
	known() {
		const known = /* @__PURE__ */ new Map();
		for (const [key, delegationId] of this.delegations) {
			const strategy = this.strategies.get(delegationId);
			if (strategy !== void 0) known.set(key, {
				delegationId,
				strategy
			});
		}
		return known;
	}
	draft({ type, delegationId, data }) {
		if (type === "delegation.establishing") this.strategies.set(delegationId, data.strategy);
		if (type === "delegation.released" || type === "delegation.failed") this.keep((known) => known !== delegationId);
	}
};
// strategies/seccomp-notify/abilities.ts
/** What it takes to answer a target's listener, and what such a target is held to: all of a policy. */
const listenerAbilities = {
	needs: {
		capabilities: [
			"CAP_DAC_READ_SEARCH",
			"CAP_SYS_PTRACE",
			"CAP_SETUID",
			"CAP_SETGID"
		],
		syscalls: ["open_by_handle_at", "name_to_handle_at"],
		ports: [
			"RequestService",
			"RequestKernel",
			"SealKeys"
		]
	},
	enforces: [
		"syscalls",
		"shares",
		"filesystems",
		"confinement",
		"dac",
		"opath",
		"placement",
		"record",
		"limits"
	]
};
// strategies/seccomp-notify/listeners.ts
/** One delegation's listeners: the container's own, and one for each `exec` into it. */
var Listeners = class {
	service;
	context;
	policy;
	served = /* @__PURE__ */ new Map();
	released = false;
	serving = false;
	constructor(service, context, policy) {
		this.service = service;
		this.context = context;
		this.policy = policy;
	}
	get entries() {
		return this.served.size;
	}
	async join(target) {
		if (target.listener === void 0) throw deputyError("DEPUTY_E_LISTENER_INVALID", { detail: "none given" });
		const { delegationId, hooks } = this.context;
		const served = await this.service.attach({
			delegationId,
			...target.listenerKey === void 0 ? {} : { key: target.listenerKey },
			descriptor: target.listener,
			policy: this.policy,
			...target.cgroup === void 0 ? {} : { cgroup: target.cgroup },
			onServing: () => {
				if (!this.serving) hooks.serving();
				this.serving = true;
			},
			onHangup: () => this.hangUp(served),
			onQuarantine: hooks.quarantined
		});
		this.served.set(served.key, served);
	}
	setPolicy(policy) {
		this.policy = policy;
		for (const served of this.served.values()) served.setPolicy(policy);
	}
	counts() {
		return this.service.counts(this.context.delegationId);
	}
	use() {
		return this.service.useOf?.(this.context.delegationId);
	}
	async release() {
		this.released = true;
		await Promise.all([...this.served.values()].map((served) => served.detach()));
		this.served.clear();
		await this.service.settled();
	}
	hangUp(served) {
		this.served.delete(served.key);
		if (this.served.size === 0 && !this.released) this.context.hooks.ended("the target is gone");
	}
};
// strategies/seccomp-notify/strategy.ts
/** Longest text of one reason in an event. */
const reasonLimit = 1024;
/**
* The seccomp-notify strategy: the target's calls are answered by deputy, one at a time, while the target
* holds no privilege (seccomp_unotify(2)).
*/
function seccompNotify(options) {
	const { service, assessShares } = options;
	return {
		name: "seccomp-notify",
		...listenerAbilities,
		answerer: service,
		async assess(target, policy) {
			const reasons = [];
			if (target.listener === void 0) reasons.push("the target came without a seccomp listener");
			if (hasNativeDirectories(target.metadata)) reasons.push("its filter leaves opens of directories to the kernel, where they are not checked");
			const obstacle = await service.obstacle();
			if (obstacle !== void 0) reasons.push(obstacle);
			const shares = await assessShares?.(target, policy) ?? {
				servable: true,
				reasons: []
			};
			return {
				possible: reasons.length === 0 && shares.servable,
				reasons: [...reasons, ...shares.reasons.map((one) => escapeText(one, reasonLimit))]
			};
		},
		async establish(context) {
			const listeners = new Listeners(service, context, context.policy);
			await listeners.join(context.target);
			return listeners;
		}
	};
}
// simulator/storage/journal-tail.ts
/** Reads the journal's order from a ticket on, as the publisher does. */
var ModelTail = class {
	files;
	position;
	deadBefore;
	record = new RequestRecord();
	constructor(files, position, deadBefore) {
		this.files = files;
		this.position = position;
		this.deadBefore = deadBefore;
	}
	/** Hands up to `limit` records to the sink: how many tickets it went on by. */
	read(sink, limit) {
		const from = this.position;
		for (let count = 0; count < limit; count++) {
			if (from < this.deadBefore && this.position >= this.deadBefore) break;
			const file = this.files.segments.get(segmentOf(this.position));
			const entry = file?.order[placeIn(this.position)];
			if (entry === void 0) {
				if (this.position >= this.deadBefore) break;
				this.passGap(file?.order.length ?? 0);
				continue;
			}
			this.hand(sink, entry.segment * recordsPerSegment + entry.place - 1, this.position);
			this.position++;
		}
		return this.position - from;
	}
	/** To the next entry of this segment, or to the next segment. */
	passGap(ordered) {
		const next = placeIn(this.position) < ordered ? this.position + 1 : (segmentOf(this.position) + 1) * recordsPerSegment;
		this.position = Math.min(next, this.deadBefore);
	}
	hand(sink, slot, ticket) {
		const block = this.files.blockOf(slot);
		if (block === void 0) return;
		this.record.attach(block.views, placeIn(slot) % 64 * 512, slot);
		const kind = this.record.u32(offset.kind);
		const text = this.files.segments.get(segmentOf(slot))?.texts.get(placeIn(slot));
		if (kind === recordKind.event) sink.event(text ?? "", ticket);
		else if (kind !== recordKind.free) sink.request(this.record, ticket);
	}
};
// simulator/storage/journal-writer.ts
/** The journal as one supervisor's epoch writes it: counters in its memory, records in the files. */
var JournalWriter = class {
	files;
	wallClockBaseMs;
	nextSlot = 0;
	nextTicketNumber = 0;
	prepared = 0;
	epoch = 0;
	firstSegment = 0;
	eldestOpenSegment = 0;
	/** Called when something was committed. */
	announce = () => void 0;
	constructor(files, wallClockBaseMs) {
		this.files = files;
		this.wallClockBaseMs = wallClockBaseMs;
	}
	/** Begins an epoch behind the last one; throws DEPUTY_E_DISK_FULL where there is no room for a segment. */
	begin() {
		const last = this.files.last();
		this.epoch = last.epoch + 1;
		this.firstSegment = last.segment + 1;
		this.eldestOpenSegment = last.openFrom;
		this.prepared = last.segment;
		this.nextSlot = this.firstSegment * recordsPerSegment;
		this.nextTicketNumber = this.nextSlot;
		if (!this.prepareAhead()) throw deputyError("DEPUTY_E_DISK_FULL", { path: "journal" });
	}
	get nextTicket() {
		return this.nextTicketNumber;
	}
	/** Makes sure that the segment in use is there: false when it can't be made. */
	prepareAhead() {
		while (this.prepared < segmentOf(this.nextSlot)) {
			const segment = this.prepared + 1;
			const base = this.wallClockBaseMs();
			if (this.files.create(segment, this.epoch, base, this.eldestOpenSegment) === void 0) return false;
			this.prepared = segment;
		}
		return true;
	}
	/** Points `record` at the next free slot: false when its segment isn't there, and the caller must wait. */
	attachFree(record, block, listener) {
		if (block.next === block.end) {
			block.next = this.nextSlot;
			block.end = block.next + 64;
			this.nextSlot = block.end;
		}
		if (!this.prepareAhead()) return false;
		const memory = this.files.blockOf(block.next);
		if (memory === void 0) return false;
		record.attach(memory.views, placeIn(block.next) % 64 * 512, block.next);
		record.setU32(offset.listener, listener);
		record.setU32(offset.epoch, this.epoch);
		return true;
	}
	/** The first half of a commit: the words in the record. */
	close(record) {
		const ticket = this.nextTicketNumber++;
		record.setU32(offset.ticket, ticket >>> 0);
		record.setU32(offset.commit, 1);
		return ticket;
	}
	/** The second half: its place in the order. From here on it is committed. */
	order(ticket, slot) {
		const file = this.files.segments.get(segmentOf(ticket));
		if (file !== void 0) file.order[placeIn(ticket)] = {
			place: placeIn(slot) + 1,
			segment: segmentOf(slot)
		};
		this.announce();
	}
	/** Writes a payload into the sequence: its ticket. Throws DEPUTY_E_JOURNAL_FULL where there is no room. */
	appendEvent(scratch, block, text) {
		if (!this.attachFree(scratch, block, 0)) throw deputyError("DEPUTY_E_JOURNAL_FULL", {
			path: "journal",
			maximumBytes: 0
		});
		block.next++;
		scratch.setU32(offset.kind, recordKind.event);
		this.files.segments.get(segmentOf(scratch.slot)).texts.set(placeIn(scratch.slot), text);
		const ticket = this.close(scratch);
		this.order(ticket, scratch.slot);
		return ticket;
	}
	/** Notes, for a successor, that all requests in segments before this one are finished. */
	noteOpenFrom(segment) {
		if (segment <= this.eldestOpenSegment) return;
		this.eldestOpenSegment = segment;
		const newest = this.files.segments.get(this.prepared);
		if (newest !== void 0) newest.openFrom = segment;
	}
};
// core/serving/failed-request.ts
const EIO$4 = 5;
/** Ends a request whose handler threw: the target gets EIO, what is held for it is closed. */
function answerFailed(kernel, record) {
	kernel.answerValue(record, 0, EIO$4);
	for (const field of [offset.sourceDescriptor, offset.probeDescriptor]) if (record.i32(field) >= 0) kernel.closeDescriptor(record.i32(field));
	record.setU16(offset.state, requestState.refused);
	record.setU16(offset.reason, refusalTable.DEPUTY_E_REFUSED_HANDLER_FAILED.id);
	record.setI32(offset.result, -5);
}
// core/serving/former-requests.ts
/**
* What predecessors left unfinished, listener by listener. A listener is listened to only when all of its
* own is in hand: a thread's next call must find its last one ended.
*/
var FormerRequests = class {
	listen;
	waiting = [];
	constructor(listen) {
		this.listen = listen;
	}
	get isPending() {
		return this.waiting.length > 0;
	}
	add(served) {
		if (served.former.length > 0) this.waiting.push(served);
		else this.listen(served);
	}
	/**
	* The next request to go on with; taken() says that it is in hand. `only`: the one listener that this loop
	* is left to, or 0.
	*/
	next(only) {
		for (let served = this.waiting[0]; served !== void 0; served = this.waiting[0]) {
			const isOurs = (only === 0 || only === served.listener.key) && !served.leaving;
			const [former] = served.former;
			if (isOurs && former !== void 0) return {
				served,
				former
			};
			this.waiting.shift();
			if (isOurs) this.listen(served);
		}
	}
	taken(served) {
		served.former = served.former.slice(1);
	}
	/** Goes on with all, as long as `recover` finds room for the next. */
	run(only, recover) {
		for (let next = this.next(only); next !== void 0; next = this.next(only)) {
			if (!recover(next.served, next.former)) return;
			this.taken(next.served);
		}
	}
};
// simulator/ports/failing-kernel.ts
/** Unwinds a step whose process is gone: nobody is told of the call's result. */
var Vanished = class extends Error {};
/** The kernel's port for one step in which something goes wrong. */
function failingKernel(kernel, { diesInside, errno }) {
	return new Proxy(kernel, { get: (real, name) => {
		const member = Reflect.get(real, name);
		if (typeof member !== "function") return member;
		return (...values) => {
			const result = errno ?? member.apply(real, values);
			if (diesInside) throw new Vanished();
			return result;
		};
	} });
}
// simulator/actors/fill-notification.ts
/** What RECV writes into its buffer, which is the journal's slot (struct seccomp_notif). */
function fillNotification(record, notification) {
	const { u64 } = record.views;
	u64[record.base + offset.notificationId >> 3] = notification.id;
	record.setU32(offset.threadId, notification.thread.threadId);
	record.setU32(offset.syscallNumber, notification.number);
	record.setU32(offset.auditArchitecture, abi.auditArchitecture);
	putWord$1(record, offset.instructionPointer, notification.instructionPointer);
	notification.values.forEach((value, index) => {
		putWord$1(record, offset.arguments + index * 8, value);
	});
}
/** A signed 64-bit word, without making a BigInt. */
function putWord$1(record, field, value) {
	record.setU32(field, value % 4294967296);
	record.setU32(field + 4, Math.floor(value / 4294967296));
}
// simulator/actors/loop.ts
/** What a step costs in its process, in microseconds. */
const stepUs = [1, 4];
/** The hot loop's order of work, a step at a time; what a step does is the real code. */
var ModelLoop = class {
	parts;
	served = /* @__PURE__ */ new Map();
	parked = /* @__PURE__ */ new Set();
	completed = [];
	former = new FormerRequests((served) => this.listen(served));
	listening = /* @__PURE__ */ new Set();
	block = {
		next: 0,
		end: 0
	};
	context;
	current = new RequestRecord();
	isBusy = false;
	/** Whose request is under way: a message from the main thread is heard when it is over. */
	working;
	receivedAtUs = 0;
	watcher = () => this.poke();
	constructor(parts) {
		this.parts = parts;
		const seals = parts.world.sealKeys;
		this.context = {
			record: this.current,
			kernel: parts.kernel,
			seals,
			policy: void 0
		};
	}
	attach(key, descriptor, policy, former) {
		const served = {
			listener: {
				key,
				descriptor,
				mounts: /* @__PURE__ */ new Map()
			},
			policy,
			parked: 0,
			paused: false,
			hungUp: false,
			leaving: false,
			former,
			reissued: /* @__PURE__ */ new Set()
		};
		this.served.set(key, served);
		this.former.add(served);
		this.poke();
	}
	setPolicy(key, policy) {
		const served = this.served.get(key);
		if (served === void 0) return;
		served.policy = policy;
		this.forgetMounts(served);
	}
	expectReissued(key, threadIds) {
		for (const threadId of threadIds) this.served.get(key)?.reissued.add(threadId);
	}
	detach(key) {
		const served = this.served.get(key);
		if (served === void 0) return;
		served.leaving = true;
		this.leave(served);
	}
	/** An injection's outcome stands in the record. */
	resume(record) {
		this.completed.push(record);
		this.poke();
	}
	/** Segment of the eldest record that is open here. */
	oldestSegment(next) {
		let oldest = next;
		for (const record of this.parked) oldest = Math.min(oldest, segmentOf(record.slot));
		return oldest;
	}
	get isIdle() {
		return !this.isBusy && this.parked.size === 0 && !this.former.isPending;
	}
	/** Something may be to be done. */
	poke() {
		if (this.isBusy) return;
		this.isBusy = true;
		this.parts.world.later(this.parts.process, 1, 8, () => this.turn());
	}
	turn() {
		this.isBusy = false;
		const completed = this.completed.shift();
		if (completed !== void 0) return this.goOn(completed);
		const next = this.former.next(0);
		if (next !== void 0) return this.recover(next.served, next.former);
		for (const served of this.listening) {
			const filter = this.filterOf(served.listener);
			if (filter === void 0) continue;
			if (filter.isReadable && !served.paused) return this.receive(served);
			if (filter.hasHungUp && !served.hungUp) {
				served.hungUp = true;
				this.leave(served);
			}
		}
	}
	listen(served) {
		if (served.listener.descriptor < 0) return this.detach(served.listener.key);
		this.filterOf(served.listener)?.watchers.add(this.watcher);
		this.listening.add(served);
		this.parts.report({
			kind: "recovered",
			key: served.listener.key
		});
	}
	receive(served) {
		const { world, process, journal } = this.parts;
		const record = this.current;
		if (!journal.attachFree(record, this.block, served.listener.key)) return this.waitForRoom();
		this.isBusy = true;
		world.step(process, "supervisor", "receive", null, (interference) => {
			const notification = this.filterOf(served.listener)?.receive();
			this.isBusy = false;
			if (notification === void 0) {
				this.poke();
				return 0;
			}
			fillNotification(record, notification);
			this.block.next++;
			if (interference?.diesInside !== true) this.begin(served, notification);
			return 1;
		});
	}
	begin(served, notification) {
		const { world, process, handlerOf } = this.parts;
		this.isBusy = true;
		world.later(process, ...stepUs, () => world.step(process, "supervisor", "begin", requestName(notification.id), (interference) => {
			if (interference?.diesInside === true) return 0;
			this.receivedAtUs = world.nowUs;
			const handler = beginRequest(this.current, served, handlerOf, abi, this.receivedAtUs);
			this.advance(this.current, handler, served);
			return 0;
		}));
	}
	recover(served, former) {
		const { world, process, journal, handlerOf } = this.parts;
		const record = this.current;
		if (!journal.attachFree(record, this.block, served.listener.key)) return this.waitForRoom();
		this.isBusy = true;
		world.step(process, "supervisor", "take-over", null, (interference) => {
			this.block.next++;
			const handler = takeOverRequest(record, served, former, handlerOf, abi, world.nowUs);
			if (interference?.diesInside === true) return 0;
			this.former.taken(served);
			this.receivedAtUs = record.f64(offset.receivedAtUs);
			this.advance(record, handler, served);
			return 0;
		});
	}
	/** One more step of a request, a little later. */
	advance(record, handler, served) {
		this.isBusy = true;
		this.working = served;
		const { world, process } = this.parts;
		world.later(process, ...stepUs, () => this.runOne(record, handler, served));
	}
	runOne(record, handler, served) {
		const { world, process } = this.parts;
		const table = this.parts.tableOf(handler);
		const step = table[record.u16(offset.step)];
		const name = step?.name ?? "none";
		const request = world.isTraced ? requestName(record.notificationId) : null;
		if (step?.act !== void 0) world.steps++;
		world.step(process, "supervisor", name, request, (interference) => {
			this.context.record = record;
			this.context.policy = served.policy;
			const context = interference === void 0 ? this.context : {
				...this.context,
				kernel: failingKernel(this.parts.kernel, interference)
			};
			const now = () => world.nowUs - this.receivedAtUs;
			try {
				const next = runStep(context, table, now);
				if (interference?.diesInside !== true) this.follow(next, record, handler, served);
			} catch (error) {
				if (!(error instanceof Vanished)) this.fail(record, served, error);
			}
			return lastResult(record);
		});
	}
	follow(next, record, handler, served) {
		if (next >= 0) this.advance(record, handler, served);
		else if (next === -2) this.park(record, served);
		else this.finish(record, served);
	}
	finish(record, served) {
		const { world, process, journal } = this.parts;
		this.isBusy = true;
		world.later(process, ...stepUs, () => world.step(process, "supervisor", "commit", requestName(record.notificationId), (interference) => {
			record.setF64(offset.answeredAtUs, world.nowUs);
			const ticket = journal.close(record);
			if (interference?.diesInside === true) return 0;
			journal.order(ticket, record.slot);
			world.watch.committed?.(process, record);
			this.isBusy = false;
			this.working = void 0;
			if (served.hungUp || served.leaving) this.leave(served);
			this.poke();
			return ticket;
		}));
	}
	park(record, served) {
		this.parked.add(record);
		served.parked++;
		if (record === this.current) this.current = new RequestRecord();
		if (served.parked >= served.policy.inFlightPerTarget) served.paused = true;
		this.isBusy = false;
		this.working = void 0;
		this.poke();
	}
	goOn(record) {
		this.parked.delete(record);
		const { key } = record.listener;
		const served = this.served.get(key);
		if (served === void 0) return this.poke();
		served.parked--;
		if (served.parked < served.policy.inFlightPerTarget && !served.hungUp && !served.leaving) served.paused = false;
		this.receivedAtUs = record.f64(offset.receivedAtUs);
		this.advance(record, this.parts.handlerOf(record, abi, served.policy), served);
	}
	/** A handler threw, a defect: the target gets EIO, not a hang. */
	fail(record, served, error) {
		this.parts.report({
			kind: "failed",
			key: served.listener.key,
			error
		});
		answerFailed(this.parts.kernel, record);
		this.finish(record, served);
	}
	leave(served) {
		this.listening.delete(served);
		this.filterOf(served.listener)?.watchers.delete(this.watcher);
		served.paused = true;
		if (served.parked > 0 || this.working === served) return;
		this.served.delete(served.listener.key);
		this.forgetMounts(served);
		this.parts.report({
			kind: served.hungUp ? "hangup" : "detached",
			key: served.listener.key
		});
	}
	forgetMounts({ listener }) {
		for (const { descriptor } of listener.mounts.values()) if (descriptor >= 0) this.parts.world.kernel.close(this.parts.process, descriptor);
		listener.mounts.clear();
	}
	/** Nothing is received that could not be written down. */
	waitForRoom() {
		this.isBusy = true;
		this.parts.world.scheduler.after(1e3, this.parts.process, () => {
			this.isBusy = false;
			this.turn();
		});
	}
	filterOf({ descriptor }) {
		const held = this.parts.process.table.at(descriptor);
		return held instanceof ListenerEnd ? held.filter : void 0;
	}
};
/** What the port gave at the step that was made last. */
function lastResult(record) {
	const index = Math.min(Math.max(record.u16(offset.traceCount), 1), 18) - 1;
	return record.i32(offset.trace + index * 8 + 4);
}
function requestName(id) {
	return id.toString(16);
}
// core/injector/protocol.ts
/**
* Packets between a supervisor and the injector (AF_UNIX SOCK_SEQPACKET, little-endian). Pure: offsets and
* copying between typed arrays, nothing allocated, so that a hot loop can use it.
*/
const packetMagic = 1146115161;
const packetType = {
	/** Control channel, with one descriptor: the injector's end of a hot loop's channel. */
	newLoop: 1,
	/** Control channel: answered with `pong`, same token. */
	ping: 2,
	/** From the injector, once, when it is ready. */
	hello: 3,
	pong: 4,
	/** Control channel, with one descriptor, the scoreboard: to an injector that was started without one. */
	scoreboard: 5,
	/** Loop channel, with two descriptors: the listener, and the O_PATH descriptor to hand over. */
	request: 16,
	reply: 17,
	/** Loop channel, with one descriptor, the listener: see reissue-protocol.ts. */
	reissue: 18,
	reissueReply: 19
};
/** Every packet begins so; offsets in bytes. */
const packetField = {
	magic: 0,
	type: 4,
	token: 8
};
const packetBytes = {
	control: 48,
	request: 248,
	reply: 48
};
const requestField = {
	flags: 12,
	/** struct seccomp_notif (linux/seccomp.h), 80 bytes, as RECV gave it. */
	notification: 16,
	id: 16,
	threadId: 24,
	number: 32,
	architecture: 36,
	instructionPointer: 40,
	arguments: 48,
	/** struct file_handle as copied from the target, 136 bytes: for the record, never compared again. */
	handle: 96,
	/** With requestFlag.withdraw: the number in the target's table that is to be closed. */
	withdrawn: 232
};
const requestFlag = {
	/** The target asked for O_CLOEXEC. */
	closeOnExec: 1,
	/** Use a page of its own in the target instead of the stack below the red zone. */
	privatePage: 2,
	/**
	* Nothing is to be brought: a descriptor that the target was given for a call which it then gave up is to
	* be closed again. The second descriptor of the packet is deputy's own of the same open file description.
	*/
	withdraw: 4,
	/**
	* Only tell what became of the notification, never act. Comes with or without descriptors, and is answered
	* after every request that was sent, on whichever channel, before it.
	*/
	query: 8
};
const replyField = {
	result: 12,
	outcome: 16,
	subStep: 20,
	reason: 24,
	notes: 28,
	durationUs: 32,
	attempts: 40
};
const replyOutcome = {
	/** The target's call has returned `result` (a descriptor or minus an errno): nothing is left to send. */
	completed: 1,
	/** The notification was no longer valid, and nothing was left behind. */
	cancelled: 2,
	/** Nothing was touched, the notification is still unanswered: answer it with the errno in `result`. */
	refused: 3,
	/** The target was killed while its registers were changed. */
	killed: 4,
	/** To a query: this notification was never asked about, or so long ago that it is forgotten. */
	unknown: 5
};
const replyReason = {
	none: 0,
	tracedByAnother: 1,
	threadGone: 2,
	architecture: 3,
	/** Too many injections wait for threads that don't stop (frozen, say). */
	timeout: 4,
	/** The thread has filters besides the listener's, and the injector may not suspend them. */
	cannotSuspendFilters: 5,
	/** The injector itself failed: descriptors, memory, a packet it could not read. */
	internal: 6,
	/** The target's table of descriptors is full. */
	tableFull: 7,
	/** A call in the target's name failed; it got EIO. */
	injectedCallFailed: 8
};
const replyNote = {
	/** The target's filters stayed on, because the injector may not suspend them. */
	filtersActive: 1,
	/** The scratch memory was a page of its own. */
	privatePage: 2,
	/** The socket could not be removed from the target's table (its code had changed). */
	socketLeft: 4,
	/** This was concluded before it was asked for: the outcome is told again, and nothing was done. */
	remembered: 8
};
function createReply() {
	return {
		token: 0,
		result: 0,
		outcome: 0,
		subStep: 0,
		reason: 0,
		notes: 0,
		durationUs: 0
	};
}
/** Begins a packet: zeroes `bytes` and writes magic, type and token. */
function beginPacket(words, at, bytes, type, token) {
	words.fill(0, at >> 2, at + bytes >> 2);
	words[at + packetField.magic >> 2] = packetMagic;
	words[at + packetField.type >> 2] = type;
	words[at + packetField.token >> 2] = token;
}
/**
* Writes a request of 248 bytes at `target`. `notification` is a struct seccomp_notif; `handle` a struct
* file_handle with room for 136 bytes (a journal record holds both so); a query needs none.
*/
function encodeRequest(target, token, flags, notification, handle) {
	const { words, at } = target;
	beginPacket(words, at, packetBytes.request, packetType.request, token);
	words[at + requestField.flags >> 2] = flags;
	copyWords(words, at + requestField.notification, notification, 80);
	if (handle) copyWords(words, at + requestField.handle, handle, 136);
}
/** Makes the request at `target` one that closes `number` in the target's table. */
function askToWithdraw({ words, at }, number) {
	words[at + requestField.flags >> 2] = requestFlag.withdraw;
	words[at + requestField.withdrawn >> 2] = number;
}
/** Reads the reply of `length` bytes at `source`: false when it isn't one. */
function decodeReply(source, length, reply) {
	const { words, at } = source;
	const isReply = words[at >> 2] === 1146115161 && words[at + packetField.type >> 2] === packetType.reply;
	if (length !== packetBytes.reply || !isReply) return false;
	const word = (offset) => words[at + offset >> 2];
	reply.token = word(packetField.token);
	reply.result = word(replyField.result) | 0;
	reply.outcome = word(replyField.outcome);
	reply.subStep = word(replyField.subStep);
	reply.reason = word(replyField.reason);
	reply.notes = word(replyField.notes);
	reply.durationUs = word(replyField.durationUs);
	return true;
}
function copyWords(words, at, source, bytes) {
	for (let index = 0; index < bytes >> 2; index++) words[(at >> 2) + index] = source.words[(source.at >> 2) + index];
}
// core/injector/reissue-protocol.ts
/**
* The packets of a reissue: calls whose record is lost are interrupted, so that the kernel makes them anew.
* As protocol.ts: AF_UNIX SOCK_SEQPACKET, little-endian, pure.
*/
const reissueLimit = {
	threads: 64,
	notifications: 64,
	syscallNumbers: 8
};
const reissueField = {
	threadCount: 12,
	notificationCount: 16,
	syscallNumberCount: 20,
	/** Numbers of the calls that the filter notifies of, i32; with none given, any call counts. */
	syscallNumbers: 24,
	/** i32 each. */
	threads: 56,
	/** u64 each. */
	notifications: 312
};
const reissueReplyField = {
	/** 0, or minus an errno: then nothing was done. */
	result: 12,
	threadCount: 16,
	/** Killable waits that were ended. */
	endedWaits: 20,
	/** One byte for each thread: a reissueCode. */
	codes: 24
};
const reissuePacketBytes = {
	request: 824,
	reply: 88
};
/** What became of a thread that a reissue named. */
const reissueCode = {
	none: 0,
	/** It stopped in a call that the kernel makes anew: a fresh notification comes. */
	reissued: 1,
	/** It has ended, or it had left the call and runs on unharmed. */
	gone: 2,
	/** Another process traces it, so it was not touched. No wait was ended by notification id then. */
	traced: 3,
	/**
	* It has not stopped yet: it is frozen, or its wait is killable and its notification was not among those
	* given. It is let go when it stops.
	*/
	pending: 4,
	/** Not touched, since too many others have not stopped yet or it could not be traced. As with traced. */
	refused: 5
};
/** Writes a reissue at `target`; the caller has kept the limits. */
function encodeReissue({ words, at }, token, request) {
	const { threadIds, notificationIds, syscallNumbers } = request;
	beginPacket(words, at, reissuePacketBytes.request, packetType.reissue, token);
	const put = (offset, index, value) => {
		words[(at + offset >> 2) + index] = value;
	};
	put(reissueField.threadCount, 0, threadIds.length);
	put(reissueField.notificationCount, 0, notificationIds.length);
	put(reissueField.syscallNumberCount, 0, syscallNumbers.length);
	for (const [index, number] of syscallNumbers.entries()) put(reissueField.syscallNumbers, index, number);
	for (const [index, id] of threadIds.entries()) put(reissueField.threads, index, id);
	notificationIds.forEach((id, index) => {
		put(reissueField.notifications, index * 2, Number(id & 4294967295n));
		put(reissueField.notifications, index * 2 + 1, Number(id >> 32n & 4294967295n));
	});
}
/** Reads the reissue of `length` bytes at `source`: undefined when it isn't one, or exceeds the limits. */
function decodeReissue({ words, at }, length) {
	const word = (offset, index = 0) => words[(at + offset >> 2) + index];
	if (length !== reissuePacketBytes.request || word(packetField.magic) !== 1146115161) return void 0;
	if (word(packetField.type) !== packetType.reissue) return void 0;
	const threads = word(reissueField.threadCount);
	const notifications = word(reissueField.notificationCount);
	const numbers = word(reissueField.syscallNumberCount);
	if (!(threads <= reissueLimit.threads && notifications <= reissueLimit.notifications && numbers <= reissueLimit.syscallNumbers)) return void 0;
	const signed = (count, offset) => Array.from({ length: count }, (_, index) => word(offset, index) | 0);
	const notificationIds = Array.from({ length: notifications }, (_, index) => BigInt(word(reissueField.notifications, index * 2 + 1)) << 32n | BigInt(word(reissueField.notifications, index * 2)));
	return {
		threadIds: signed(threads, reissueField.threads),
		notificationIds,
		syscallNumbers: signed(numbers, reissueField.syscallNumbers)
	};
}
/** Writes a reply at `target`. */
function encodeReissueReply({ words, at }, reply) {
	beginPacket(words, at, reissuePacketBytes.reply, packetType.reissueReply, reply.token);
	words[at + reissueReplyField.result >> 2] = reply.result;
	words[at + reissueReplyField.threadCount >> 2] = reply.codes.length;
	words[at + reissueReplyField.endedWaits >> 2] = reply.endedWaits;
	reply.codes.forEach((code, index) => {
		const place = at + reissueReplyField.codes + index;
		words[place >> 2] = words[place >> 2] | code << (place & 3) * 8;
	});
}
// core/serving/lost-calls.ts
/** How often, and how many times, lost calls are looked for after a take-over. */
const lostCallsEveryMs = 1e3;
/** Ids that are tried around a known one: more than a target has calls under way. */
const idsAround = 1024n;
/**
* Also what a predecessor left, and no loop has come to yet: made anew, such a call would leave behind what
* was added for it already.
*/
function withFormer(known, former) {
	if (former.length === 0) return known;
	const threadIds = new Set(known.threadIds);
	const notificationIds = new Set(known.notificationIds);
	for (const bytes of former) {
		const record = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		threadIds.add(record.getUint32(offset.threadId, true));
		notificationIds.add(record.getBigUint64(offset.notificationId, true));
	}
	return {
		...known,
		threadIds,
		notificationIds
	};
}
/**
* Threads that wait in the same call at both looks, and which nobody has in hand. One that only waits for a
* loop that is busy is made anew as well, which does no harm.
*/
function threadsWithLostCalls(first, second, { threadIds }) {
	const before = new Map(first.map(({ threadId, call }) => [threadId, call]));
	return second.filter(({ threadId, call }) => before.get(threadId) === call && !threadIds.has(threadId));
}
/** Ids beside the known ones that were received and are not answered. */
function receivedNearby(neighbours, isReceived) {
	const ids = /* @__PURE__ */ new Set();
	for (const neighbour of neighbours) for (let id = neighbour - idsAround; id <= neighbour + idsAround; id++) {
		const unsigned = BigInt.asUintN(64, id);
		if (isReceived(unsigned)) ids.add(unsigned);
	}
	return ids;
}
/** At the second look: those that are received still and that nobody has in hand. */
function lostNotifications(found, { notificationIds }, isReceived) {
	return [...found].filter((id) => !notificationIds.has(id) && isReceived(id));
}
// simulator/actors/injector/packets.ts
/** A page of a modelled process's memory. */
function allocatePage(process) {
	const address = process.memory.map(4096);
	const bytes = process.memory.find(address)?.bytes ?? /* @__PURE__ */ new Uint8Array(4096);
	const { buffer } = bytes;
	return {
		address,
		u8: bytes,
		u16: new Uint16Array(buffer),
		u32: new Uint32Array(buffer),
		i32: new Int32Array(buffer),
		u64: new BigUint64Array(buffer)
	};
}
/** A connected pair of channels. */
function packetPair() {
	const ends = [new PacketSocket(), new PacketSocket()];
	ends[0].peer = ends[1];
	ends[1].peer = ends[0];
	return ends;
}
/** Sends a process's bytes, with descriptors of its own. */
function sendPacket(process, channel, address, bytes, passed) {
	const socket = process.table.at(channel);
	const view = process.memory.view(address, bytes);
	if (!(socket instanceof PacketSocket) || view === void 0) return no("EBADF");
	const descriptions = passed.map((number) => process.table.at(number));
	if (descriptions.some((one) => one === void 0)) return no("EBADF");
	return socket.send(view, descriptions) ?? no("EPIPE");
}
/** The next packet of a channel: -EAGAIN, or 0 at its end. */
function takePacket(process, channel) {
	const socket = process.table.at(channel);
	if (!(socket instanceof PacketSocket)) return no("EBADF");
	const packet = socket.packets.shift();
	if (packet !== void 0) return packet;
	return socket.isPeerClosed ? 0 : no("EAGAIN");
}
/** The packets of a supervisor's loop. */
function modelPackets(process) {
	return {
		memory: allocatePage(process),
		send: (channel, address, bytes, passed) => sendPacket(process, channel, address, bytes, passed),
		receive: (channel, address) => {
			const packet = takePacket(process, channel);
			if (typeof packet === "number") return packet;
			process.memory.view(address, packet.bytes.length)?.set(packet.bytes);
			return packet.bytes.length;
		},
		close: (channel) => process.table.close(channel)
	};
}
// simulator/actors/lost-calls.ts
/** Where a predecessor may have written the last id that is known. */
const segmentsBack = 2;
/** After a take-over: looks for calls whose records are lost, again and again, and has them made anew. */
var LostCallsSearch = class {
	parts;
	constructor(parts) {
		this.parts = parts;
	}
	start(keys, round = 0) {
		if (round >= 30 || keys.length === 0) return;
		const { world, process } = this.parts;
		for (const key of keys) this.look(key);
		world.scheduler.after(lostCallsEveryMs * 1e3, process, () => this.start(keys, round + 1));
	}
	look(key) {
		if (this.filterOf(key)?.hasReceived !== true) return;
		const first = this.waiting(key);
		this.after(() => {
			if (this.filterOf(key)?.hasReceived !== true) return;
			const threads = threadsWithLostCalls(first, this.waiting(key), this.known(key));
			if (threads.length > 0) this.reissue(key, threads);
		});
	}
	reissue(key, threads) {
		const isReceived = (id) => this.filterOf(key)?.check(id) === 0;
		const found = receivedNearby(this.known(key).neighbours, isReceived);
		this.after(() => {
			const ids = lostNotifications(found, this.known(key), isReceived);
			this.parts.openChannel((channel) => this.ask(key, channel, threads, ids));
		});
	}
	ask(key, channel, threads, ids) {
		const { world, process, descriptorOf, expect } = this.parts;
		const descriptor = descriptorOf(key);
		if (descriptor === void 0) return;
		const threadIds = threads.map(({ threadId }) => threadId).slice(0, reissueLimit.threads);
		const notificationIds = ids.slice(0, reissueLimit.notifications);
		world.step(process, "supervisor", "reissue-lost", null, () => {
			expect(key, threadIds);
			const memory = allocatePage(process);
			const numbers = [...this.filterOf(key)?.numbers ?? []];
			encodeReissue({
				words: memory.u32,
				at: 0
			}, 1, {
				threadIds,
				notificationIds,
				syscallNumbers: numbers
			});
			return sendPacket(process, channel, memory.address, reissuePacketBytes.request, [descriptor]);
		});
	}
	/** Threads of the target that wait in the notifier, as /proc shows them. */
	waiting(key) {
		const filter = this.filterOf(key);
		return [...this.parts.world.kernel.threads.values()].filter(({ process, mode }) => process.filter === filter && mode === "waiting").map(({ threadId, call }) => ({
			threadId,
			call: `${call?.number} ${call?.values.join(" ")}`
		}));
	}
	known(key) {
		const { world, journal, formerOf } = this.parts;
		const open = world.disk.openRecords(journal.firstSegment, Number.POSITIVE_INFINITY).filter(({ listener }) => listener === key);
		return withFormer({
			threadIds: new Set(open.map(({ bytes }) => new DataView(bytes.buffer).getUint32(offset.threadId, true))),
			notificationIds: new Set(open.map(({ notificationId }) => notificationId)),
			neighbours: this.neighbours(key)
		}, formerOf(key));
	}
	/** The last id before this epoch, and the first in it. */
	neighbours(key) {
		const { world, journal } = this.parts;
		let before;
		let after;
		for (const segment of world.disk.numbers) {
			if (segment < journal.firstSegment - segmentsBack) continue;
			world.disk.eachSlot(segment, (data, at) => {
				if (!(data.getUint32(at + offset.kind, true) === recordKind.request && data.getUint32(at + offset.listener, true) === key)) return;
				const id = data.getBigUint64(at + offset.notificationId, true);
				if (segment < journal.firstSegment) before = id;
				else after ??= id;
			});
		}
		return [before, after].filter((id) => id !== void 0);
	}
	filterOf(key) {
		const held = this.parts.process.table.at(this.parts.descriptorOf(key) ?? -1);
		return held instanceof ListenerEnd ? held.filter : void 0;
	}
	after(run) {
		this.parts.world.scheduler.after(3e5, this.parts.process, run);
	}
};
// core/publishing/checkpoint.ts
/**
* Has the store lost events that it had when the checkpoint was written? After a loss of power the checkpoint
* may be on the disk and the end of the store not; the journal has what is missing.
*/
function isAheadOfStore({ last }, versions) {
	return last !== void 0 && (versions.get(last.streamId) ?? 0) < last.version;
}
// core/publishing/event-batch.ts
const encoder$1 = new TextEncoder();
/** Serialized events on their way to the store; one batch follows the other in the same memory. */
var EventBatch = class {
	json = new JsonBytes();
	ends = [];
	streamIds = [];
	versions = [];
	tenants = [];
	types = [];
	times = [];
	get count() {
		return this.ends.length;
	}
	get bytes() {
		return this.json.bytes;
	}
	/** What was written to `json` since the last event is one. */
	endEvent(streamId, version, tenant, type, time) {
		this.ends.push(this.json.length);
		this.streamIds.push(streamId);
		this.versions.push(version);
		this.tenants.push(tenant);
		this.types.push(type);
		this.times.push(time);
	}
	/** A whole event that has been serialized. */
	addText(event, json) {
		this.json.raw(encoder$1.encode(json));
		this.endEvent(event.delegationId, event.version, event.tenant, event.type, event.time);
	}
	clear() {
		this.json.clear();
		this.ends.length = 0;
		this.streamIds.length = 0;
		this.versions.length = 0;
		this.tenants.length = 0;
		this.types.length = 0;
		this.times.length = 0;
	}
};
// core/events/event-id.ts
/** The id of an event: `<delegationId>/<version>`. */
function eventId(delegationId, version) {
	return `${delegationId}/${version}`;
}
// core/events/event-versions.ts
/**
* Every event type, and the version of its schema that is written today. Whoever writes events needs no more
* of them; the schemas themselves stand in the registry.
*/
const eventVersions = {
	"delegation.requested": 1,
	"delegation.assessed": 1,
	"delegation.admitted": 1,
	"delegation.refused": 1,
	"delegation.establishing": 1,
	"delegation.active": 1,
	"delegation.recovering": 1,
	"delegation.releasing": 1,
	"delegation.released": 1,
	"delegation.failed": 1,
	"delegation.fellback": 1,
	"delegation.quarantined": 1,
	"delegation.degraded": 1,
	"request.answered": 1,
	"request.refused": 1,
	"request.cancelled": 1,
	"request.lost": 1,
	"request.summary": 1,
	"delegation.snapshot": 1
};
Object.keys(eventVersions);
// core/request/handle-use.ts
/** What virtiofsd and others take for 'handles don't work here'; ESTALE and EACCES are of one file alone. */
const unusable = /* @__PURE__ */ new Set([
	errnoNumbers.EPERM,
	errnoNumbers.ENOSYS,
	errnoNumbers.EOPNOTSUPP
]);
/** Refusals of one file, or of one thread's moment: with the next file it may be otherwise. */
const ofOneFile = /* @__PURE__ */ new Set([
	refusalTable.DEPUTY_E_REFUSED_FILE_TYPE.id,
	refusalTable.DEPUTY_E_REFUSED_TRACED.id,
	refusalTable.DEPUTY_E_REFUSED_INJECTION_UNAVAILABLE.id
]);
/** Counts how delegated targets use handles, request by request. */
var HandleUses = class {
	byDelegation = /* @__PURE__ */ new Map();
	knownUntilUs = 0;
	/** Takes in a request that has ended. */
	count(delegationId, syscall, record) {
		const state = record.u16(offset.state);
		if (state !== requestState.answered && state !== requestState.refused) return;
		if (record.u8(offset.way) === answerWay.continue) return;
		const atUs = record.f64(offset.answeredAtUs);
		const result = record.i32(offset.result);
		this.knownUntilUs = Math.max(this.knownUntilUs, atUs);
		const use = this.of(delegationId, atUs);
		use.lastCallAtUs = atUs;
		if (result < 0) {
			if (state === requestState.refused && ofOneFile.has(record.u16(offset.reason))) return;
			if ((syscall === "open_by_handle_at" || use.opened === 0) && unusable.has(-result)) use.failure = {
				atUs,
				errno: -result
			};
			return;
		}
		if (syscall === "name_to_handle_at") {
			use.named++;
			use.namedSinceUs ??= atUs;
			use.lastNamedAtUs = atUs;
			return;
		}
		if (syscall !== "open_by_handle_at") return;
		use.opened++;
		use.lastOpenedAtUs = atUs;
		use.namedSinceUs = void 0;
		use.failure = void 0;
	}
	/** `isComplete`: all requests that have ended were taken in, and not only those up to some moment. */
	useOf(delegationId, isComplete) {
		const use = this.byDelegation.get(delegationId);
		if (use === void 0 || isComplete) return use;
		return {
			...use,
			knownUntilUs: this.knownUntilUs
		};
	}
	/** It has ended, and nobody asks for it any more. */
	forget(delegationId) {
		this.byDelegation.delete(delegationId);
	}
	of(delegationId, atUs) {
		let use = this.byDelegation.get(delegationId);
		if (use === void 0) {
			use = {
				named: 0,
				opened: 0,
				firstCallAtUs: atUs,
				lastCallAtUs: atUs,
				namedSinceUs: void 0,
				lastNamedAtUs: void 0,
				lastOpenedAtUs: void 0,
				failure: void 0
			};
			this.byDelegation.set(delegationId, use);
		}
		return use;
	}
};
// core/publishing/event-text.ts
const encoder = new TextEncoder();
/** The constant text of a listener's request events; their cause is the delegation itself. */
function eventFrame(identity, node, epoch) {
	const { delegationId, tenant } = identity;
	const common = {
		node,
		tenant,
		delegationId,
		correlationId: delegationId,
		causationId: delegationId,
		epoch
	};
	return {
		beforeId: encoder.encode(`{"id":${JSON.stringify(delegationId).slice(0, -1)}/`),
		common: encoder.encode(`",${JSON.stringify(common).slice(1, -1)},"sequence":`)
	};
}
/** Appends all of an event but its data and the brace at its end (see eventId and envelopeSchema). */
function writeEnvelope(json, frame, type, version, time, sequence) {
	json.raw(frame.beforeId).integer(version).ascii("\",\"type\":").name(type);
	json.ascii(",\"version\":").integer(version);
	json.ascii(",\"schemaVersion\":").integer(eventVersions[type]);
	json.ascii(",\"time\":\"").ascii(time).raw(frame.common).integer(sequence).ascii(",\"data\":");
}
/** ISO 8601 texts of times that mostly follow each other closely, so that a second is spelt once. */
var TimeTexts = class {
	ms = NaN;
	second = NaN;
	start = "";
	text = "";
	of(timeMs) {
		const whole = Math.floor(timeMs);
		if (whole === this.ms) return this.text;
		const second = Math.floor(whole / 1e3);
		if (second !== this.second) {
			this.second = second;
			this.start = (/* @__PURE__ */ new Date(second * 1e3)).toISOString().slice(0, -4);
		}
		this.ms = whole;
		this.text = `${this.start}${`${whole - second * 1e3}`.padStart(3, "0")}Z`;
		return this.text;
	}
};
// core/publishing/summaries.ts
/** Latencies up to each of these, in microseconds, and beyond the last. */
const latencyBoundsUs = [
	10,
	20,
	50,
	100,
	200,
	500,
	1e3,
	2e3,
	5e3,
	1e4,
	1e5,
	1e6
];
/**
* Counts requests second by second, for policies that don't want an event for each. Goes by the records' own
* times, so that whoever reads the same journal makes the same of it.
*/
var Summaries = class {
	open = /* @__PURE__ */ new Map();
	/** Counts one request: the summary of an earlier second, if that is over by it. */
	add(delegationId, tenant, kind, timeMs, latencyUs) {
		const second = Math.floor(timeMs / 1e3);
		let summary = this.open.get(delegationId);
		const finished = summary !== void 0 && summary.second < second ? summary : void 0;
		if (summary === void 0 || finished !== void 0) {
			summary = {
				delegationId,
				tenant,
				second,
				requests: noRequests(),
				latencies: noLatencies()
			};
			this.open.set(delegationId, summary);
		}
		summary.requests[kind]++;
		const at = latencyBoundsUs.findIndex((bound) => latencyUs <= bound);
		const place = at < 0 ? latencyBoundsUs.length : at;
		summary.latencies[place] = (summary.latencies[place] ?? 0) + 1;
		return finished;
	}
	/** Ends a delegation's summary: its next event is about to come. */
	take(delegationId) {
		const summary = this.open.get(delegationId);
		this.open.delete(delegationId);
		return summary;
	}
	/** Ends those of seconds that are over. */
	takeBefore(timeMs) {
		const over = this.list().filter(({ second }) => (second + 1) * 1e3 <= timeMs);
		for (const { delegationId } of over) this.open.delete(delegationId);
		return over;
	}
	get isEmpty() {
		return this.open.size === 0;
	}
	list() {
		return [...this.open.values()];
	}
	restore(summaries) {
		for (const summary of summaries) {
			const { requests, latencies, delegationId } = summary;
			this.open.set(delegationId, {
				...summary,
				requests: { ...requests },
				latencies: [...latencies]
			});
		}
	}
};
function noRequests() {
	return {
		answered: 0,
		refused: 0,
		cancelled: 0,
		lost: 0
	};
}
function noLatencies() {
	return new Array(latencyBoundsUs.length + 1).fill(0);
}
// core/publishing/event-maker.ts
/**
* Makes the journal's records, in their order, into events with their versions, and puts them into a batch.
* The same for whoever reads the same journal, so that what is published twice is the same event.
*/
var EventMaker = class {
	options;
	batch;
	streams = new OpenStreams();
	/** Of the delegations whose streams are open: what was read here of how they use handles. */
	uses = new HandleUses();
	listeners = /* @__PURE__ */ new Map();
	times = new TimeTexts();
	summaries = new Summaries();
	last;
	constructor(options, batch) {
		this.options = options;
		this.batch = batch;
	}
	/** Puts what it makes into another batch from here on. */
	writeTo(batch) {
		this.batch = batch;
	}
	/** All that was known at a checkpoint. */
	restore(checkpoint) {
		this.streams.restore(checkpoint.streams);
		for (const identity of checkpoint.listeners) this.know(identity);
		this.last = checkpoint.last;
		this.summaries.restore(checkpoint.summaries ?? []);
	}
	/** All that is known now; everything before `position` is published. */
	checkpoint(position) {
		const listeners = [...this.listeners.values()].map(({ identity }) => identity);
		const { last } = this;
		const streams = this.streams.list();
		const open = this.summaries.list();
		const known = {
			format: 1,
			position,
			streams,
			listeners,
			...open.length === 0 ? {} : { summaries: open.map((one) => structuredClone(one)) }
		};
		return last === void 0 ? known : {
			...known,
			last
		};
	}
	request(record, ticket) {
		const listener = this.listeners.get(record.u32(offset.listener));
		if (listener === void 0) return;
		const { identity, frame } = listener;
		const { delegationId, tenant } = identity;
		const type = recordType(record);
		this.streams.count(delegationId, tenant, countOf[type]);
		this.uses.count(delegationId, this.options.syscallName(record.syscallNumber), record);
		const succeeded = type === "request.answered" && record.i32(offset.result) >= 0;
		if (identity.record === "summary") return this.summarize(identity, record, ticket);
		if (identity.record === "failures" && succeeded) return;
		const timeMs = this.options.baseMs(ticket) + record.f64(offset.answeredAtUs) / 1e3;
		const version = this.streams.next(delegationId, tenant);
		const { json } = this.batch;
		const time = this.times.of(timeMs);
		writeEnvelope(json, frame, type, version, time, ticket);
		writeRecord(json, record, this.options.syscallName);
		json.ascii("}");
		this.batch.endEvent(delegationId, version, tenant, type, time);
		this.last = {
			streamId: delegationId,
			version
		};
	}
	event(text, ticket) {
		const payload = parsePayload(text);
		if (payload === void 0) return this.options.onDamaged(ticket);
		if (payload.kind === "listener") return this.know(payload.identity);
		if (payload.kind === "gone") {
			this.listeners.delete(payload.key);
			return;
		}
		if (payload.kind === "tick") {
			for (const summary of this.summaries.takeBefore(payload.timeMs)) this.pushSummary(summary, ticket);
			return;
		}
		const { type, delegationId, tenant, causationId, data } = payload.draft;
		const open = this.summaries.take(delegationId);
		if (open !== void 0) this.pushSummary(open, ticket);
		const counts = this.streams.countsOf(delegationId);
		const folded = type === "delegation.snapshot" ? {
			...data,
			counts
		} : data;
		this.push(type, delegationId, tenant, causationId, ticket, payload.timeMs, folded);
	}
	summarize(identity, record, ticket) {
		const { delegationId, tenant } = identity;
		const answeredAtUs = record.f64(offset.answeredAtUs);
		const timeMs = this.options.baseMs(ticket) + answeredAtUs / 1e3;
		const latencyUs = answeredAtUs - record.f64(offset.receivedAtUs);
		const kind = countOf[recordType(record)];
		const finished = this.summaries.add(delegationId, tenant, kind, timeMs, latencyUs);
		if (finished !== void 0) this.pushSummary(finished, ticket);
	}
	pushSummary(summary, ticket) {
		const { delegationId, tenant, second, requests, latencies } = summary;
		const data = {
			startedAt: (/* @__PURE__ */ new Date(second * 1e3)).toISOString(),
			durationMs: 1e3,
			requests,
			latencyUs: {
				bounds: latencyBoundsUs,
				counts: latencies
			}
		};
		const endMs = (second + 1) * 1e3;
		this.push("request.summary", delegationId, tenant, delegationId, ticket, endMs, data);
	}
	/** Is there a second that only time will end? */
	get hasOpenSummaries() {
		return !this.summaries.isEmpty;
	}
	know(identity) {
		const frame = eventFrame(identity, this.options.node, this.options.epoch());
		this.listeners.set(identity.key, {
			identity,
			frame
		});
	}
	push(type, delegationId, tenant, causationId, ticket, timeMs, data) {
		const version = this.streams.advance(delegationId, tenant, type);
		if (this.streams.hasEnded(delegationId)) this.uses.forget(delegationId);
		const time = new Date(timeMs).toISOString();
		const json = JSON.stringify({
			id: eventId(delegationId, version),
			type,
			version,
			schemaVersion: eventVersions[type],
			time,
			node: this.options.node,
			tenant,
			delegationId,
			correlationId: delegationId,
			causationId,
			epoch: this.options.epoch(),
			sequence: ticket,
			data
		});
		this.batch.addText({
			delegationId,
			version,
			tenant,
			type,
			time
		}, json);
		this.last = {
			streamId: delegationId,
			version
		};
	}
};
// core/publishing/published-waiters.ts
/** Who waits until the event of a ticket is in the store. */
var PublishedWaiters = class {
	waiters = [];
	wait(ticket) {
		return new Promise((resolve) => this.waiters.push({
			ticket,
			resolve
		}));
	}
	/** All before `position` is in the store. */
	resolveBefore(position) {
		for (let index = this.waiters.length - 1; index >= 0; index--) {
			const waiter = this.waiters[index];
			if (waiter === void 0 || waiter.ticket >= position) continue;
			this.waiters.splice(index, 1);
			waiter.resolve();
		}
	}
};
// core/publishing/reconcile-streams.ts
/**
* Once all that predecessors left is read: a damaged journal tells less of a stream than the store has, and
* the stream's next event would get a number that the store takes for a resend. There the store's word
* counts.
* `isTrusted`: the journal was read from a checkpoint on, so that only streams that it knows are asked for.
*/
async function reconcileStreams(store, streams, isTrusted) {
	const stored = await store.lastVersions();
	const isBehind = (streamId) => streams.versionOf(streamId) < (stored.get(streamId) ?? 0) && !streams.hasEnded(streamId);
	const known = streams.list().map(({ delegationId }) => delegationId);
	if (isTrusted && !known.some(isBehind)) return;
	for (const streamId of stored.keys()) {
		if (!isBehind(streamId)) continue;
		streams.forget(streamId);
		for await (const { event } of store.readStream(streamId)) streams.fold(event);
	}
}
// simulator/actors/event-queue.ts
/** Events on their way into the journal; they wait here while that has no room. */
var ModelEventQueue = class {
	world;
	process;
	journal;
	block = {
		next: 0,
		end: 0
	};
	scratch = new RequestRecord();
	waiting = [];
	constructor(world, process, journal) {
		this.world = world;
		this.process = process;
		this.journal = journal;
	}
	get isEmpty() {
		return this.waiting.length === 0;
	}
	/** Its ticket; a negative one while there is no room. */
	write(payload) {
		if (!this.process.alive) return 0;
		const text = JSON.stringify(payload);
		this.writeWaiting();
		const ticket = this.waiting.length === 0 ? this.tryAppend(text) : -1;
		if (ticket < 0) this.waiting.push({
			payload: text,
			written: () => void 0
		});
		return ticket;
	}
	/** As write(): undefined when it stands there, else when it will. */
	writeSoon(payload) {
		if (this.write(payload) >= 0) return void 0;
		return new Promise((resolve) => {
			const last = this.waiting.at(-1);
			if (last !== void 0) last.written = resolve;
		});
	}
	/** Writes what had to wait for room in the journal. */
	writeWaiting() {
		for (let next = this.waiting[0]; next !== void 0; next = this.waiting[0]) {
			const ticket = this.tryAppend(next.payload);
			if (ticket < 0) return;
			this.waiting.shift();
			next.written(ticket);
			this.world.hasMicrotasks = true;
		}
	}
	tryAppend(text) {
		try {
			return this.journal.appendEvent(this.scratch, this.block, text);
		} catch {
			return -1;
		}
	}
};
// simulator/actors/scene-publisher.ts
function syscallName(number) {
	return number === syscall.openByHandleAt ? "open_by_handle_at" : "name_to_handle_at";
}
// simulator/actors/publisher.ts
const batchRecords$1 = 128;
const retryUs = 5e5;
const checkpointEveryUs = 1e6;
/** Follows the journal and appends to the store; what it makes of a record is the real code. */
var ModelPublisher = class {
	parts;
	made;
	waiters = new PublishedWaiters();
	queue;
	tail;
	publishedBefore = 0;
	checkpointAtUs = 0;
	isBusy = false;
	isCaughtUp = false;
	isTrusted = false;
	resolveCaught = () => void 0;
	caught;
	constructor(parts) {
		this.parts = parts;
		this.queue = new ModelEventQueue(parts.world, parts.process, parts.journal);
		this.caught = new Promise((resolve) => {
			this.resolveCaught = resolve;
		});
	}
	/** Made when it is needed: most supervisors of a run never publish. */
	get making() {
		const { world, journal, process } = this.parts;
		if (this.made !== void 0) return this.made;
		const batch = new EventBatch();
		const maker = new EventMaker({
			node: "model",
			syscallName,
			epoch: () => journal.epoch,
			baseMs: () => world.wallClockBaseMs,
			onDamaged: (ticket) => world.watch.noted?.(process.actor, "damaged-event", { ticket })
		}, batch);
		this.made = {
			batch,
			maker
		};
		return this.made;
	}
	/** Starts following, once the epoch has begun. */
	start() {
		const { world, journal, store } = this.parts;
		const first = journal.firstSegment * recordsPerSegment;
		const from = this.beginAt(first, store);
		this.tail = new ModelTail(world.disk, from, first);
		this.publishedBefore = from;
		journal.announce = () => this.poke();
		this.poke();
	}
	append(draft) {
		const { world } = this.parts;
		const timeMs = Math.round(world.wallClockBaseMs + world.nowUs / 1e3);
		return this.queue.write({
			kind: "draft",
			timeMs,
			draft
		});
	}
	introduce(identity) {
		return this.queue.writeSoon({
			kind: "listener",
			identity
		});
	}
	dismiss(key) {
		this.queue.write({
			kind: "gone",
			key
		});
	}
	async published(ticket) {
		if (ticket >= this.publishedBefore) await this.waiters.wait(ticket);
	}
	caughtUp() {
		return this.caught;
	}
	countsOf(delegationId) {
		return this.making.maker.streams.countsOf(delegationId);
	}
	/** Is everything that was written down in the store? */
	get isIdle() {
		return this.isCaughtUp && !this.isBusy && this.publishedBefore >= this.parts.journal.nextTicket;
	}
	writeWaiting() {
		this.queue.writeWaiting();
	}
	/** A checkpoint, or all that the journal still has with what the store knows of the time before. */
	beginAt(first, store) {
		const { disk } = this.parts.world;
		const checkpoint = readCheckpoint(disk.checkpoint);
		if (checkpoint !== void 0 && !isAheadOfStore(checkpoint, store.versionsNow)) {
			this.making.maker.restore(checkpoint);
			this.isTrusted = true;
			return Math.min(checkpoint.position, first);
		}
		const [eldest] = disk.numbers;
		const from = eldest === void 0 ? first : Math.min(first, eldest * recordsPerSegment);
		for (const event of store.events) {
			const { sequence = 0 } = event;
			if (sequence >= from) break;
			this.making.maker.streams.fold(event);
		}
		return from;
	}
	poke() {
		if (this.isBusy || this.tail === void 0) return;
		this.isBusy = true;
		this.parts.world.later(this.parts.process, 20, 1e3, () => this.turn());
	}
	turn() {
		const { world, journal, process } = this.parts;
		const { tail } = this;
		this.isBusy = false;
		if (tail === void 0) return;
		const first = journal.firstSegment * recordsPerSegment;
		if (!this.isCaughtUp && this.publishedBefore >= first) return this.catchUp();
		const limit = tail.position < first ? Math.min(batchRecords$1, first - tail.position) : batchRecords$1;
		world.step(process, "supervisor", "publish", null, () => {
			const count = tail.read(this.making.maker, limit);
			if (count === 0) return 0;
			this.isBusy = true;
			if (this.making.batch.count > 0) this.put(tail);
			else this.done(tail);
			return count;
		});
	}
	put(tail) {
		const { store, process, world } = this.parts;
		store.append(process, this.making.batch, (error) => {
			if (error === void 0) {
				this.making.batch.clear();
				this.done(tail);
			} else world.scheduler.after(retryUs, process, () => this.put(tail));
		});
	}
	done(tail) {
		const { world, process } = this.parts;
		world.step(process, "supervisor", "published", null, () => {
			this.publishedBefore = tail.position;
			this.waiters.resolveBefore(this.publishedBefore);
			world.hasMicrotasks = true;
			if (world.nowUs - this.checkpointAtUs >= checkpointEveryUs) this.checkpoint();
			this.isBusy = false;
			this.poke();
			return 0;
		});
	}
	/** All that predecessors left is in the store. */
	catchUp() {
		const { world, store } = this.parts;
		this.isBusy = true;
		world.hasMicrotasks = true;
		world.asyncWork++;
		reconcileStreams(store, this.making.maker.streams, this.isTrusted).then(() => {
			world.asyncWork--;
			this.isCaughtUp = true;
			this.resolveCaught(this.making.maker.streams.list());
			this.isBusy = false;
			this.poke();
		});
	}
	checkpoint() {
		const { world } = this.parts;
		this.checkpointAtUs = world.nowUs;
		const checkpoint = this.making.maker.checkpoint(this.publishedBefore);
		world.disk.checkpoint = JSON.stringify(checkpoint);
	}
};
function readCheckpoint(text) {
	if (text === void 0) return void 0;
	const parsed = checkpointSchema.safeParse(JSON.parse(text));
	return parsed.success ? parsed.data : void 0;
}
// core/ports/timers.ts
/** Waits. */
function rest(timers, ms) {
	return new Promise((resolve) => {
		timers.after(ms, resolve);
	});
}
// core/publishing/batch-window.ts
/** After a failure of the store it is tried again this often; requests go on meanwhile. */
const retryMs$2 = 500;
/**
* Batches on their way to the store: as many as the store wants at once, and no more, so that memory is
* bounded whatever it does.
*/
var BatchWindow = class {
	target;
	outage;
	timers;
	onStored;
	sent = [];
	free = [new EventBatch()];
	filling = new EventBatch();
	wake = [];
	failure;
	abandoned = false;
	isLastTry = false;
	constructor(target, outage, timers, onStored) {
		this.target = target;
		this.outage = outage;
		this.timers = timers;
		this.onStored = onStored;
	}
	/** The batch that is being filled. */
	get current() {
		return this.filling;
	}
	/** The end has come, and not all is stored. */
	get isAbandoned() {
		return this.abandoned;
	}
	/** Nothing is on its way, nor being filled. */
	get isEmpty() {
		return this.sent.length === 0 && this.filling.count === 0;
	}
	/** Sends what was filled, which ends before `position`; waits for room. Throws what failed. */
	async send(position) {
		const { filling: batch, sent } = this;
		if (batch.count === 0) {
			const last = sent.at(-1);
			if (last === void 0) this.onStored(position);
			else last.position = position;
			return;
		}
		const entry = {
			batch,
			position,
			isStored: false
		};
		sent.push(entry);
		this.append(batch).then((isStored) => isStored && this.stored(entry), (error) => this.fail(error));
		while (this.sent.length >= this.target.batchesInFlight && !this.isOver) await this.change();
		this.filling = this.free.pop() ?? new EventBatch();
		this.throwFailure();
	}
	/** Waits until nothing is on its way. Throws what failed. */
	async drain() {
		while (this.sent.length > 0 && !this.isOver) await this.change();
		this.throwFailure();
	}
	/** A batch that fails from here on is not tried again. */
	abandonRetries() {
		this.isLastTry = true;
	}
	/** Nothing is waited for any more. */
	abandon() {
		this.abandoned = true;
		this.changed();
	}
	get isOver() {
		return this.abandoned || this.failure !== void 0;
	}
	/** A store that fails for good fails all; one that takes a batch at a time is asked again and again. */
	async append(batch) {
		while (!this.abandoned) try {
			await this.target.appendBatch(batch);
			this.outage.end();
			return true;
		} catch (error) {
			this.outage.note(error);
			if (this.target.batchesInFlight > 1) throw error;
			if (!this.isLastTry) await rest(this.timers, retryMs$2);
			if (this.isLastTry) this.abandon();
		}
		return false;
	}
	stored(entry) {
		entry.isStored = true;
		while (this.sent[0]?.isStored) {
			const { batch, position } = this.sent.shift();
			batch.clear();
			this.free.push(batch);
			this.onStored(position);
		}
		this.changed();
	}
	fail(error) {
		this.failure ??= error;
		this.changed();
	}
	throwFailure() {
		if (this.failure !== void 0 && !this.abandoned) throw this.failure;
	}
	change() {
		return new Promise((resolve) => this.wake.push(resolve));
	}
	changed() {
		const waiting = this.wake;
		this.wake = [];
		for (const resolve of waiting) resolve();
	}
};
// core/publishing/recall-streams.ts
/**
* Where there is no checkpoint: what the streams were at a ticket, as the store has it. All from that ticket
* on is read from the journal again. The store is in the order of tickets.
*/
async function recallStreams(store, before, streams) {
	for await (const { event } of store.readAll()) {
		const { sequence = 0 } = event;
		if (sequence >= before) return;
		streams.fold(event);
	}
}
// core/publishing/journal-follower.ts
/** Records read in one go; a batch is one write of the store. */
const batchRecords = 128;
/**
* Between batches the publisher lets others run. The hot loop may share its processor, and the scheduler
* would let a long batch run on for milliseconds while a target waits.
*/
const restMs = 1;
/** After a failure that is for good it is tried anew this often; requests go on meanwhile. */
const retryMs$1 = 2e3;
/** How long the last second of a summary may be open. */
const summaryMs = 1e3;
/** How long the end of the publisher waits for what is on its way. */
const endWaitMs = 5e3;
/** What a successor has to publish again at most; a checkpoint costs a small file. */
const checkpointEveryMs = 1e3;
/**
* Follows the journal in its order, gives each event its version, and appends to the store. It begins with
* what predecessors left unpublished.
*/
var JournalFollower = class {
	parts;
	tail;
	target;
	window;
	maker;
	/** While what was published is read again, the one that had read all of it: its counts are true. */
	furthest;
	waiters = new PublishedWaiters();
	publishedBefore = 0;
	announcement;
	isCaughtUp = false;
	/** The journal was read from a checkpoint on that the store bears out. */
	isTrusted = false;
	isReconciled = false;
	stopping = false;
	running;
	resolveCaught = () => void 0;
	caught;
	sink = {
		request: (record, ticket) => this.maker.request(record, ticket),
		event: (text, ticket) => this.maker.event(text, ticket)
	};
	constructor(parts) {
		this.parts = parts;
		this.maker = parts.newMaker();
		this.caught = new Promise((resolve) => {
			this.resolveCaught = resolve;
		});
	}
	/** Starts following, once the journal's epoch has begun and the store is open. */
	async start(target) {
		this.target = target;
		await this.begin(target);
		this.running = this.run(target);
	}
	/** Resolves when what this ticket has is in the store. */
	async published(ticket) {
		if (ticket >= this.publishedBefore) await this.waiters.wait(ticket);
	}
	/** All that predecessors left is in the store: what is open then. */
	caughtUp() {
		return this.caught;
	}
	countsOf(delegationId) {
		return (this.furthest?.maker ?? this.maker).streams.countsOf(delegationId);
	}
	/** How its target uses handles, as far as was read; all of it where nothing is left to be read. */
	useOf(delegationId) {
		return this.maker.uses.useOf(delegationId, this.announcement !== void 0);
	}
	/** The first ticket that is not known to be in the store. */
	get position() {
		return this.publishedBefore;
	}
	/** The first ticket that a successor would read: all before it can be let go. */
	get keptFrom() {
		return Math.min(this.publishedBefore, this.parts.checkpoints.position);
	}
	/** Publishes what is committed and stops. */
	async stop() {
		this.stopping = true;
		this.parts.announce();
		const cancel = this.parts.timers.after(endWaitMs, () => this.window?.abandon());
		if (this.target?.batchesInFlight === 1) this.window?.abandonRetries();
		await this.running;
		cancel();
		this.tail?.close();
		if (this.running !== void 0) await this.checkpoint(0);
	}
	/**
	* For whoever tends the disk: without records that follow no batch brings the next checkpoint, and while
	* the journal is full none do follow until what the checkpoint covers may go.
	*/
	async keepCheckpoint() {
		if (this.publishedBefore > this.parts.checkpoints.position) await this.checkpoint(checkpointEveryMs);
	}
	/** Finds out where to go on, and gets the store ready for what is behind that. */
	async begin(target) {
		const { parts } = this;
		const known = this.tail?.position ?? parts.first();
		const { from, checkpoint } = await parts.findStart(target, known);
		const maker = parts.newMaker();
		if (checkpoint === void 0) await recallStreams(target, from, maker.streams);
		else maker.restore(checkpoint);
		this.isTrusted = checkpoint !== void 0;
		this.maker = maker;
		this.window = new BatchWindow(target, parts.outage, parts.timers, (position) => this.stored(position));
		maker.writeTo(this.window.current);
		this.tail?.close();
		this.tail = parts.openTail(from, parts.first());
		this.publishedBefore = from;
		parts.checkpoints.begin(from);
		if (from >= parts.first() && !this.isReconciled) await this.reconcile(target);
	}
	async reconcile(target) {
		await reconcileStreams(target, this.maker.streams, this.isTrusted);
		this.isReconciled = true;
	}
	stored(position) {
		this.publishedBefore = position;
		this.waiters.resolveBefore(position);
		if (this.furthest !== void 0 && position >= this.furthest.position) this.furthest = void 0;
	}
	/** Follows until it is told to stop. What a store refuses for good is begun anew, from a checkpoint. */
	async run(target) {
		while (!this.stopping) try {
			return await this.follow(target);
		} catch (error) {
			this.parts.outage.note(error);
			const { position = 0 } = this.tail ?? {};
			this.furthest ??= {
				maker: this.maker,
				position
			};
			await this.beginAnew(target);
		}
	}
	async beginAnew(target) {
		for (let attempt = 0; !this.stopping; attempt++) try {
			if (attempt > 0) await rest(this.parts.timers, retryMs$1);
			return await this.begin(target);
		} catch (error) {
			this.parts.outage.note(error);
		}
	}
	async follow(target) {
		const { tail, window } = this;
		const { checkpoints, timers } = this.parts;
		const first = this.parts.first();
		if (tail === void 0 || window === void 0) return;
		for (;;) {
			if (!this.isCaughtUp && tail.position >= first) await this.catchUp(target, window);
			const limit = tail.position < first ? Math.min(batchRecords, first - tail.position) : batchRecords;
			if (tail.read(this.sink, limit) > 0) {
				const isEmpty = window.current.count === 0;
				await window.send(tail.position);
				if (window.isAbandoned) return;
				this.maker.writeTo(window.current);
				if (checkpoints.isDue(checkpointEveryMs)) await window.drain();
				await this.checkpoint(checkpointEveryMs);
				await (isEmpty ? timers.turn() : rest(timers, restMs));
				continue;
			}
			await window.drain();
			if (this.stopping) return;
			await this.idle();
		}
	}
	/** All that predecessors left is on its way. */
	async catchUp(target, window) {
		await window.drain();
		if (!this.isReconciled) await this.reconcile(target);
		this.isCaughtUp = true;
		if (this.publishedBefore > this.parts.checkpoints.position) await this.checkpoint(0);
		this.resolveCaught(this.maker.streams.list());
	}
	/** Waits for more. Where seconds are summarized, time passes in the journal's order too. */
	async idle() {
		this.announcement ??= this.parts.announced().then(() => {
			this.announcement = void 0;
		});
		const { announcement } = this;
		if (!this.maker.hasOpenSummaries) return announcement;
		await new Promise((resolve) => {
			const cancel = this.parts.timers.after(summaryMs, resolve);
			announcement.then(() => {
				cancel();
				resolve();
			});
		});
		if (this.announcement === void 0 || this.stopping) return;
		this.parts.tick();
	}
	/** Keeps what is known at this position, if the last time is long enough ago. */
	checkpoint(everyMs) {
		return this.parts.checkpoints.write(everyMs, () => {
			if (this.window?.isEmpty !== true) return void 0;
			const known = this.maker.checkpoint(this.publishedBefore);
			const cursor = this.target?.cursor;
			return cursor === void 0 ? known : {
				...known,
				cursor
			};
		});
	}
};
// core/publishing/starting-point.ts
/** The newest checkpoint that the store bears out; all tickets before `known` are of this journal. */
async function findStart(target, { checkpoints, eldest, isWhole }, known) {
	const from = Math.min(known, eldest);
	const usable = checkpoints.filter(({ position }) => position >= from);
	for (const [index, checkpoint] of usable.entries()) {
		const isLast = index === usable.length - 1 && !isWhole;
		if (!await target.goOnFrom(checkpoint, isLast)) continue;
		return {
			checkpoint,
			from: Math.min(checkpoint.position, known)
		};
	}
	await target.goOnFrom(void 0, true);
	return { from };
}
// core/stream/stored-versions.ts
/** Which delegation's event an id is of, and its number there; undefined for one that isn't of deputy. */
function eventOfId(id) {
	const at = id.lastIndexOf("/");
	const version = Number(id.slice(at + 1));
	return at > 0 && Number.isSafeInteger(version) ? {
		streamId: id.slice(0, at),
		version
	} : void 0;
}
/** Throws DEPUTY_E_STREAM_FENCED when a message is of another writer, or of a later epoch of this one. */
function assertOwn(stream, { sequence, writer, epoch }, own) {
	if (writer === own.id && epoch <= own.epoch) return;
	const here = `this is writer ${own.id}, epoch ${own.epoch}`;
	throw deputyError("DEPUTY_E_STREAM_FENCED", {
		stream,
		detail: `message ${sequence} is of writer ${writer || "unknown"}, epoch ${epoch}; ${here}`
	});
}
/** Each delegation's last version among the messages from a sequence on, all of which must be ours. */
async function versionsFrom(port, from, own) {
	const versions = /* @__PURE__ */ new Map();
	for await (const message of port.messagesFrom(from)) {
		assertOwn(port.stream, message, own);
		take(versions, message);
	}
	return versions;
}
/** Each delegation's last version in the whole stream: a message for each of its types is enough. */
async function allVersions(port) {
	const versions = /* @__PURE__ */ new Map();
	for await (const message of port.lastMessages()) take(versions, message);
	return versions;
}
/** Each delegation's last version among these messages. */
function versionsOf(messages) {
	const versions = /* @__PURE__ */ new Map();
	for (const message of messages) take(versions, message);
	return versions;
}
function take(versions, { id }) {
	const event = eventOfId(id);
	if (event === void 0) return;
	versions.set(event.streamId, Math.max(event.version, versions.get(event.streamId) ?? 0));
}
// core/events/subject.ts
/** First tokens of every subject; a new wire form would get another version. */
const subjectPrefix = "deputy.v1";
/** A server refuses a command line of more than 4 KiB; three such tokens and all else fit well. */
const maximumTokenLength = 200;
/**
* One token of a subject: what a subject could not hold is percent-encoded (UTF-8), `.` and `*` too. A long
* one is cut, and ends in `~` and a digest of the whole.
*/
function subjectToken(text) {
	const wellFormed = text.replace(/\p{Cs}/gu, "�");
	const encoded = encodeURIComponent(wellFormed).replace(/[.*!'()~]/g, percentEncoded);
	if (encoded.length <= maximumTokenLength) return encoded;
	return `${encoded.slice(0, 183).replace(/%[0-9A-F]?$/, "")}~${digestOf(text)}`;
}
function percentEncoded(character) {
	return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}
/** What is before an event's type in its subject. */
function delegationSubject(node, tenant, delegationId) {
	return `${subjectPrefix}.${subjectToken(node)}.${subjectToken(tenant)}.${subjectToken(delegationId)}`;
}
/**
* The name of a node's stream: escaped as a token, but with `=`, since servers take a `%` in it for a place
* in a format, and answer on subjects that nobody can read.
*/
function streamName(node) {
	return `deputy-${subjectToken(node).replaceAll("%", "=")}`;
}
// core/events/cloud-event.ts
/** Names of the headers, as they are written: consumers look them up in this case. */
const headerName = {
	specVersion: "ce-specversion",
	id: "ce-id",
	source: "ce-source",
	type: "ce-type",
	time: "ce-time",
	contentType: "content-type",
	epoch: "deputy-epoch",
	writer: "deputy-writer",
	messageId: "Nats-Msg-Id",
	expectedSequence: "Nats-Expected-Last-Sequence"
};
const unsafe = /[^\x21\x23\x24\x26-\x7e]/gu;
/** A header's value as CloudEvents wants it: printable ASCII, all else percent-encoded as UTF-8. */
function headerValue(text) {
	return text.replace(/\p{Cs}/gu, "�").replace(unsafe, encodeURIComponent);
}
/** The text that `headerValue` was made of; a value that it did not make stays as it is. */
function headerText(value) {
	try {
		return decodeURIComponent(value);
	} catch {
		return value;
	}
}
/** Where events of a node come from: the source of CloudEvents. */
function eventSource(node) {
	return `/deputy/${subjectToken(node)}`;
}
/** Headers that all events of one writer have, in NATS's own form. */
function writerHeaders(node, writer, epoch) {
	return [
		"NATS/1.0",
		`${headerName.specVersion}: 1.0`,
		`${headerName.source}: ${eventSource(node)}`,
		`${headerName.contentType}: application/json`,
		`${headerName.epoch}: ${epoch}`,
		`${headerName.writer}: ${writer}`,
		""
	].join("\r\n");
}
/** Headers of one event, behind those of its writer. */
function eventHeaders(id, type, time) {
	const value = headerValue(id);
	return `${`${headerName.id}: ${value}\r\n${headerName.type}: ${type}\r\n${headerName.time}: ${time}`}\r\n${headerName.messageId}: ${value}\r\n`;
}
/** The last header and the end: at which sequence the stream has to be. */
function expectedSequence(sequence) {
	return `${headerName.expectedSequence}: ${sequence}\r\n\r\n`;
}
// core/stream/envelopes.ts
/** Subjects that are kept, so that a delegation's is not spelt for each of its events. */
const subjectsKept = 4096;
/** Puts events into what they travel in: a subject and headers. */
var Envelopes = class {
	node;
	common;
	subjects = /* @__PURE__ */ new Map();
	constructor(node, writer) {
		this.node = node;
		this.common = writerHeaders(node, writer.id, writer.epoch);
	}
	/** The events of a batch; their payloads stay in its memory. */
	of(batch, resolve, reject) {
		const { count } = batch;
		const handful = {
			left: count,
			duplicates: 0,
			count,
			resolve,
			reject
		};
		if (count === 0) resolve({
			appended: 0,
			duplicates: 0
		});
		const events = [];
		let from = 0;
		for (let index = 0; index < count; index++) {
			const to = batch.ends[index];
			const streamId = batch.streamIds[index];
			const version = batch.versions[index];
			const type = batch.types[index];
			const id = eventId(streamId, version);
			events.push({
				id,
				streamId,
				version,
				subject: `${this.subjectOf(batch.tenants[index], streamId)}.${type}`,
				headers: this.common + eventHeaders(id, type, batch.times[index]),
				payload: batch.bytes.subarray(from, to),
				handful
			});
			from = to;
		}
		return events;
	}
	subjectOf(tenant, streamId) {
		const known = this.subjects.get(streamId);
		if (known !== void 0) return known;
		const subject = delegationSubject(this.node, tenant, streamId);
		if (this.subjects.size >= subjectsKept) this.subjects.clear();
		this.subjects.set(streamId, subject);
		return subject;
	}
};
// core/stream/link.ts
/** Whether there is a connection now. What was asked over one that broke is never answered. */
var Link = class {
	isUp = true;
	waiting = [];
	asked = [];
	up() {
		this.isUp = true;
		const { waiting } = this;
		this.waiting = [];
		for (const resolve of waiting) resolve();
	}
	down() {
		this.isUp = false;
		const { asked } = this;
		this.asked = [];
		for (const reject of asked) reject(/* @__PURE__ */ new Error("the connection broke"));
	}
	async whenUp() {
		if (!this.isUp) await new Promise((resolve) => this.waiting.push(resolve));
	}
	/** The answer, or an error as soon as the connection breaks. */
	unlessDown(answer) {
		return new Promise((resolve, reject) => {
			this.asked.push(reject);
			answer.then(resolve, reject).finally(() => {
				this.asked = this.asked.filter((one) => one !== reject);
			});
		});
	}
};
// core/stream/outgoing-queue.ts
const compactAt = 4096;
/** Events in the order of the stream to come: first those that were sent, then the others. */
var OutgoingQueue = class {
	events = [];
	head = 0;
	/** How many, from the first one on, are sent and not yet known to be stored. */
	sent = 0;
	get length() {
		return this.events.length - this.head;
	}
	push(event) {
		this.events.push(event);
	}
	get nextToSend() {
		return this.events[this.head + this.sent];
	}
	/** The first one is stored. */
	shift() {
		const event = this.events[this.head++];
		if (this.head >= compactAt) {
			this.events = this.events.slice(this.head);
			this.head = 0;
		}
		if (this.sent > 0) this.sent--;
		finishEvent(event, false);
		return event;
	}
	/** Takes out, from a place on, what the stream has already. */
	dropFrom(place, isStored) {
		const from = this.head + place;
		const kept = this.events.slice(this.head, from);
		for (const event of this.events.slice(from)) if (isStored(event)) finishEvent(event, true);
		else kept.push(event);
		this.events = kept;
		this.head = 0;
	}
	/** Nothing of it will be stored from here. */
	fail(error) {
		const handfuls = new Set(this.events.slice(this.head).map(({ handful }) => handful));
		this.events = [];
		this.head = 0;
		this.sent = 0;
		for (const { reject } of handfuls) reject(error);
	}
};
/** An event is stored; `wasThere`: it was before. */
function finishEvent({ handful }, wasThere) {
	if (wasThere) handful.duplicates++;
	if (--handful.left > 0) return;
	const { count, duplicates } = handful;
	handful.resolve({
		appended: count - duplicates,
		duplicates
	});
}
// core/stream/publish-trouble.ts
/** Codes of the server's. */
const code = {
	wrongLastSequence: 10071,
	wrongLastSequenceConstant: 10164,
	storeFailed: 10077,
	insufficientResources: 10023,
	storageExceeded: 10047,
	messageTooLarge: 10054
};
const full = /* @__PURE__ */ new Set([
	code.storeFailed,
	code.insufficientResources,
	code.storageExceeded
]);
/** Only the stream's end says what these mean: ours was stored already, or somebody else's was. */
const harmless = { state: "open" };
/** What a server's answer means that is not a plain yes. */
function troubleOf(reply, stream, servers) {
	if (reply.kind === "stored") return harmless;
	if (reply.kind === "nobody") return away(servers, "no server has the stream now (no responders)");
	if (reply.code === code.wrongLastSequence || reply.code === code.wrongLastSequenceConstant) return harmless;
	if (full.has(reply.code)) return {
		state: "full",
		error: deputyError("DEPUTY_E_STREAM_FULL", {
			stream,
			detail: reply.text
		})
	};
	if (reply.code === code.messageTooLarge) return {
		state: "full",
		error: deputyError("DEPUTY_E_NATS_PAYLOAD_LIMIT", {
			limit: "fewer",
			needed: "more",
			detail: reply.text
		})
	};
	return away(servers, `${reply.text} (${reply.code})`);
}
/** The server is not to be reached, or says nothing. */
function away(servers, detail) {
	return {
		state: "away",
		error: deputyError("DEPUTY_E_NATS_UNAVAILABLE", {
			servers,
			detail
		})
	};
}
// core/stream/pipeline.ts
/** Messages that are sent and not acknowledged at most. */
const windowMessages = 512;
/** More are sent when so few are left. */
const refillBelow = windowMessages / 2;
/** Nothing is heard of the eldest for this long: what became of it is looked up. */
const acknowledgeMs = 5e3;
/** What is still on its way after a failure gets this long. */
const settleMs = 1e3;
const firstBackoffMs = 50;
const longestBackoffMs = 2e3;
/**
* Publishes in one order, many at a time, each with the sequence at which the stream has to be. On the first
* failure it stops, lets what is on its way settle, reads the stream's end, and goes on behind what is there.
*/
var Pipeline = class {
	options;
	queue = new OutgoingQueue();
	stopLooking = () => void 0;
	phase = "idle";
	base = 0;
	created = "";
	lastId;
	stored = /* @__PURE__ */ new Map();
	/** So many of the next events stand in the stream, or stood there until their age took them. */
	gone = 0;
	/** Attempts are numbered; the first one of the queue has `headAttempt`. */
	headAttempt = 0;
	nextAttempt = 0;
	firstAttempt = 0;
	early = /* @__PURE__ */ new Map();
	unanswered = 0;
	troubles = 0;
	heardAtMs = 0;
	link = new Link();
	settled = () => void 0;
	current = "open";
	/** Why nothing more is taken. */
	failure;
	constructor(options) {
		this.options = options;
		options.port.listen({
			replied: (attempt, reply) => this.hear(attempt, reply),
			disconnected: () => this.disconnected(),
			reconnected: () => this.link.up()
		});
		this.lookAtAge();
	}
	get state() {
		return this.current;
	}
	/** Where the stream's end is, as far as this writer's events go. */
	get cursor() {
		const { base: sequence, created, lastId } = this;
		const cursor = {
			stream: this.options.port.stream,
			created,
			sequence
		};
		return lastId === void 0 ? cursor : {
			...cursor,
			id: lastId
		};
	}
	/** Begins, or begins anew: what was handed in before has failed. */
	async start({ created, sequence, id, stored }) {
		this.failure = void 0;
		this.created = created;
		this.base = sequence;
		this.lastId = id;
		this.stored = stored;
		this.gone = 0;
		this.setState("open");
		this.phase = "recovering";
		await this.recover();
		if (this.failure !== void 0) throw this.failure;
	}
	/** Hands in events behind all that were handed in before. */
	push(events) {
		const isReplay = this.stored.size > 0 || this.gone > 0;
		for (const event of events) if (isReplay && this.isStored(event)) finishEvent(event, true);
		else this.queue.push(event);
		if (this.failure !== void 0) this.queue.fail(this.failure);
		this.pump();
	}
	close(error) {
		this.link.up();
		this.phase = "closed";
		this.failure = error;
		this.stopLooking();
		this.options.port.close();
		this.settled();
		this.queue.fail(error);
	}
	pump() {
		const { queue } = this;
		const { port, timers } = this.options;
		if (queue.sent > refillBelow) return;
		while (this.phase === "sending" && queue.sent < windowMessages) {
			const event = queue.nextToSend;
			if (event === void 0) return;
			const headers = event.headers + expectedSequence(this.base + queue.sent);
			if (queue.sent === 0) this.heardAtMs = timers.nowMs();
			try {
				port.publish(this.nextAttempt, event.subject, headers, event.payload);
			} catch (error) {
				return this.disturb(away(port.servers, String(error)));
			}
			this.nextAttempt++;
			this.unanswered++;
			queue.sent++;
		}
	}
	hear(attempt, reply) {
		if (attempt < this.firstAttempt || this.phase === "closed") return;
		this.unanswered--;
		if (this.phase !== "sending") {
			if (this.unanswered <= 0) this.settled();
			return;
		}
		if (reply.kind !== "stored" || reply.wasDuplicate) {
			const { stream, servers } = this.options.port;
			return this.disturb(troubleOf(reply, stream, servers));
		}
		this.early.set(attempt, reply.sequence);
		for (;;) {
			const sequence = this.early.get(this.headAttempt);
			if (sequence === void 0) break;
			this.early.delete(this.headAttempt);
			if (sequence !== this.base + 1) return this.disturb({ state: "open" });
			this.acknowledged(sequence);
		}
		this.pump();
	}
	acknowledged(sequence) {
		this.base = sequence;
		this.headAttempt++;
		this.lastId = this.queue.shift().id;
		this.heardAtMs = this.options.timers.nowMs();
		this.troubles = 0;
		this.setState("open");
	}
	/** Now and then: has nothing been heard of the eldest for too long? */
	lookAtAge() {
		const { timers, port } = this.options;
		this.stopLooking = timers.after(acknowledgeMs / 5, () => this.lookAtAge(), true);
		if (this.phase !== "sending" || this.queue.sent === 0) return;
		if (timers.nowMs() - this.heardAtMs < acknowledgeMs) return;
		this.disturb(away(port.servers, `no answer for ${acknowledgeMs} ms`));
	}
	disconnected() {
		this.link.down();
		this.unanswered = 0;
		this.settled();
		this.disturb(away(this.options.port.servers, "the connection is lost"));
	}
	/** The first failure: nothing more is sent until the stream's end is known. */
	disturb({ state, error }) {
		if (error !== void 0) this.setState(state, error);
		if (this.phase !== "sending") return;
		this.phase = "recovering";
		this.recover();
	}
	async recover() {
		while (this.phase === "recovering") {
			await this.letSettle();
			if (this.troubles > 0) {
				const backoffMs = firstBackoffMs * 2 ** Math.min(this.troubles - 1, 10);
				await rest(this.options.timers, Math.min(longestBackoffMs, backoffMs));
			}
			this.troubles++;
			if (this.phase !== "recovering") return;
			try {
				await this.link.whenUp();
				await this.link.unlessDown(this.readEnd());
				if (this.phase !== "recovering") return;
				this.phase = "sending";
				if (this.queue.length === 0) this.setState("open");
				return this.pump();
			} catch (error) {
				if (isDeputyError(error)) return this.fail(error);
				const { state, error: coded } = away(this.options.port.servers, String(error));
				this.setState(state, coded);
			}
		}
	}
	/** Waits for answers to all that was sent, but not for ever. */
	async letSettle() {
		if (this.unanswered <= 0) return;
		await new Promise((resolve) => {
			const cancel = this.options.timers.after(settleMs, resolve);
			this.settled = () => {
				cancel();
				resolve();
			};
		});
		this.settled = () => void 0;
	}
	/** Reads what the stream has behind the last sequence that is known, and goes on from there. */
	async readEnd() {
		const { port, writer } = this.options;
		const { created, firstSequence, lastSequence } = await port.ends();
		if (created !== this.created) throw this.behind("it was made anew");
		if (lastSequence < this.base) throw this.behind(`it ends at ${lastSequence}, not at ${this.base}`);
		if (lastSequence > this.base) {
			const found = await versionsFrom(port, this.base + 1, writer);
			for (const [streamId, version] of found) this.stored.set(streamId, version);
			this.gone += Math.max(0, Math.min(firstSequence - 1, lastSequence) - this.base);
			this.base = lastSequence;
			this.lastId = void 0;
		}
		this.firstAttempt = this.nextAttempt;
		this.headAttempt = this.nextAttempt;
		this.unanswered = 0;
		this.early.clear();
		this.queue.sent = 0;
		this.queue.dropFrom(0, (event) => this.isStored(event));
	}
	/** Does the stream have it? Events come in the stream's order, so what is gone of it comes first. */
	isStored({ streamId, version }) {
		if (this.gone > 0) {
			this.gone--;
			return true;
		}
		const stored = this.stored.get(streamId);
		if (stored === void 0) return false;
		if (version <= stored) return true;
		this.stored.delete(streamId);
		return false;
	}
	behind(detail) {
		return deputyError("DEPUTY_E_STREAM_WENT_BACKWARDS", {
			stream: this.options.port.stream,
			detail
		});
	}
	fail(error) {
		this.phase = "idle";
		this.failure = error;
		this.setState(error.code === "DEPUTY_E_STREAM_FENCED" ? "fenced" : "behind", error);
		this.queue.fail(error);
	}
	setState(state, error) {
		if (state === this.current && error === void 0) return;
		this.current = state;
		this.options.onState(state, error);
	}
};
// core/stream/pipeline-start.ts
/**
* Where publishing begins in a stream, given where it was left. Undefined: the stream has gone backwards
* since then; with `isLast` publishing begins at its end all the same, and passes over what the stream has.
* Throws DEPUTY_E_STREAM_FENCED.
*/
async function pipelineStart({ port, writer, adopt }, ends, cursor, isLast) {
	const { created, lastSequence: sequence } = ends;
	const isOfStream = cursor !== void 0 && cursor.stream === port.stream;
	if (isOfStream && await bearsOut(port, ends, cursor)) return {
		created,
		sequence: cursor.sequence,
		id: cursor.id,
		stored: /* @__PURE__ */ new Map()
	};
	if (isOfStream && !isLast) return void 0;
	const end = sequence === 0 ? void 0 : await port.messageAt(sequence);
	if (end !== void 0 && !adopt) assertOwn(port.stream, end, writer);
	const last = await lastMessages(port);
	if (!adopt) assertUnmixed(port.stream, last, writer);
	return {
		created,
		sequence,
		id: end?.id || void 0,
		stored: versionsOf(last)
	};
}
async function lastMessages(port) {
	const messages = [];
	for await (const message of port.lastMessages()) messages.push(message);
	return messages;
}
/**
* A stream that was adopted begins with messages of an earlier writer. One between our own was written while
* we did, and what was on its way then may have gaps: a fence that is not forgotten with its process.
*/
function assertUnmixed(stream, messages, own) {
	const isOwn = ({ writer }) => writer === own.id;
	const first = messages.findIndex(isOwn);
	const stranger = first < 0 ? void 0 : messages.slice(first).find((message) => !isOwn(message));
	if (stranger !== void 0) assertOwn(stream, stranger, own);
}
/** Has the stream all that it had? Its age may have taken the message at the cursor, and a purge may. */
async function bearsOut(port, ends, { sequence, created, id }) {
	if (ends.created !== created || ends.lastSequence < sequence) return false;
	const message = sequence === 0 ? void 0 : await port.messageAt(sequence);
	return message === void 0 || id === void 0 || message.id === id;
}
// core/stream/stream-writer.ts
/** Batches of the publisher's that may be on their way: enough for a window, and little to send again. */
const batchesInFlight = 8;
/** The writing half of a published store in a stream: where it begins, and what goes on its way. */
var StreamWriter = class {
	options;
	batchesInFlight = batchesInFlight;
	pipeline;
	envelopes;
	begun;
	closed;
	constructor(options) {
		this.options = options;
		this.pipeline = new Pipeline(options);
		this.envelopes = new Envelopes(options.node, options.writer);
	}
	get state() {
		return this.pipeline.state;
	}
	get cursor() {
		return this.pipeline.cursor;
	}
	goOnFrom(checkpoint, isLast) {
		const { port, writer, adopt } = this.options;
		const cursor = checkpoint?.cursor;
		this.begun = (async () => {
			const ends = await port.prepare();
			const start = await pipelineStart({
				port,
				writer,
				adopt
			}, ends, cursor, isLast);
			this.sayLoss(cursor, start?.sequence ?? ends.lastSequence);
			if (start === void 0) return false;
			await this.pipeline.start(start);
			return true;
		})().catch((error) => {
			this.begun = void 0;
			throw error;
		});
		return this.begun;
	}
	async appendBatch(batch) {
		this.assertOpen();
		await (this.begun ?? this.goOnFrom(void 0, true));
		this.assertOpen();
		return new Promise((resolve, reject) => {
			this.pipeline.push(this.envelopes.of(batch, resolve, reject));
		});
	}
	close(error) {
		if (this.closed !== void 0) return;
		this.closed = error;
		this.pipeline.close(error);
	}
	/** The stream is not as it was left: what became of it is for somebody to look at. */
	sayLoss(cursor, sequence) {
		const { stream } = this.options.port;
		if (cursor === void 0 || cursor.stream !== stream || cursor.sequence === sequence) return;
		const detail = `it ends at ${sequence}, and had ${cursor.sequence}; the journal is published again`;
		this.options.onState("behind", deputyError("DEPUTY_E_STREAM_WENT_BACKWARDS", {
			stream,
			detail
		}));
	}
	assertOpen() {
		if (this.closed !== void 0) throw this.closed;
	}
};
// simulator/jetstream/read-headers.ts
/** Headers in NATS's own form, by their names in lower case. */
function readHeaders(text) {
	const headers = /* @__PURE__ */ new Map();
	for (const line of text.split("\r\n").slice(1)) {
		const at = line.indexOf(":");
		if (at > 0) headers.set(line.slice(0, at).toLowerCase(), line.slice(at + 1).trim());
	}
	return headers;
}
/** What a stored message says of itself. */
function messageOf(sequence, headers) {
	return {
		sequence,
		id: headerText(headers.get(headerName.messageId.toLowerCase()) ?? ""),
		writer: headers.get(headerName.writer) ?? "",
		epoch: Number(headers.get(headerName.epoch) ?? 0)
	};
}
// simulator/jetstream/stream-port.ts
/** How long the client waits for the answer to a question. */
const answerUs = 5e6;
/** A supervisor's connection to the modelled server. It is gone with its process; what was sent is not. */
var ModelStreamPort = class {
	world;
	process;
	service;
	stream = streamName("model");
	servers = "model";
	listener;
	client;
	constructor(world, process, service) {
		this.world = world;
		this.process = process;
		this.service = service;
		this.client = {
			disconnected: () => this.tell("connection-lost", (listener) => listener.disconnected()),
			reconnected: () => this.tell("connected", (listener) => listener.reconnected())
		};
		service.attach(this.client);
		process.whenDead.push(() => service.detach(this.client));
	}
	listen(listener) {
		this.listener = listener;
	}
	publish(attempt, subject, headers, payload) {
		const { world, process, service } = this;
		if (!process.alive) return;
		world.stepAtOnce(process, "supervisor", "send", null, () => {
			const message = {
				subject,
				headers,
				payload: payload.slice()
			};
			service.send(this.client, message, (reply) => this.tell("reply", (listener) => listener.replied(attempt, reply)));
			return 0;
		});
	}
	prepare() {
		return this.ends();
	}
	ends() {
		return this.ask("ask-ends", (stream) => stream.ends);
	}
	async messageAt(sequence) {
		const [message] = await this.messages((stream) => [stream.at(sequence) ?? []].flat());
		return message;
	}
	async *messagesFrom(sequence) {
		yield* this.each(await this.messages((stream) => stream.from(sequence)));
	}
	async *lastMessages() {
		yield* this.each(await this.messages((stream) => stream.lastOfEach()));
	}
	close() {
		this.service.detach(this.client);
	}
	/** The payloads, as readers of events get them. */
	payloads() {
		return this.ask("ask-messages", (stream) => stream.from(1));
	}
	/** One after the other, without a wait in between. */
	async *each(messages) {
		this.world.asyncWork++;
		try {
			yield* messages;
		} finally {
			this.world.asyncWork--;
		}
	}
	async messages(find) {
		return (await this.ask("ask-messages", find)).map(({ sequence, headers }) => messageOf(sequence, headers));
	}
	ask(name, question) {
		const { world, process, service } = this;
		return new Promise((resolve, reject) => {
			if (!process.alive) return;
			const end = (act) => world.scheduler.after(0, process, () => {
				world.hasMicrotasks = true;
				act();
			});
			world.stepAtOnce(process, "supervisor", name, null, () => {
				service.ask(this.client, question, (result) => end(() => result === void 0 ? reject(/* @__PURE__ */ new Error("no responders")) : resolve(result)));
				world.scheduler.after(answerUs, process, () => end(() => reject(/* @__PURE__ */ new Error("no answer in time"))));
				return 0;
			});
		});
	}
	tell(name, act) {
		const { world, process } = this;
		world.scheduler.after(0, process, () => {
			const { listener } = this;
			if (listener === void 0) return;
			world.stepAtOnce(process, "supervisor", name, null, () => {
				world.hasMicrotasks = true;
				act(listener);
				return 0;
			});
		});
	}
};
// simulator/storage/checkpoints.ts
const oldEveryUs = 3e7;
const oldKept = 10;
/** Checkpoints as files beside the journal: the last one, and old ones to go back to. */
var ModelCheckpoints = class {
	world;
	process;
	atUs = Number.NEGATIVE_INFINITY;
	oldAtUs = Number.NEGATIVE_INFINITY;
	written = 0;
	constructor(world, process) {
		this.world = world;
		this.process = process;
	}
	get position() {
		return this.written;
	}
	begin(position) {
		this.written = position;
	}
	isDue(everyMs) {
		return this.world.nowUs - this.atUs >= everyMs * 1e3;
	}
	async write(everyMs, make) {
		const { world, process } = this;
		if (!process.alive || !this.isDue(everyMs)) return;
		const checkpoint = make();
		if (checkpoint === void 0) return;
		this.atUs = world.nowUs;
		world.stepAtOnce(process, "supervisor", "checkpoint", null, () => {
			const { disk, nowUs } = world;
			disk.checkpoint = JSON.stringify(checkpoint);
			this.written = checkpoint.position;
			if (nowUs - this.oldAtUs < oldEveryUs) return 0;
			this.oldAtUs = nowUs;
			disk.oldCheckpoints = [disk.checkpoint, ...disk.oldCheckpoints].slice(0, oldKept);
			return 0;
		});
	}
	/** The newest first. */
	read() {
		const { checkpoint, oldCheckpoints } = this.world.disk;
		const [last, ...old] = [checkpoint, ...oldCheckpoints].map(parsed);
		const behind = old.flatMap((one) => one ?? []).sort((one, other) => other.position - one.position);
		return last === void 0 ? behind : [last, ...behind.filter(({ position }) => position < last.position)];
	}
};
function parsed(text) {
	if (text === void 0) return void 0;
	const result = checkpointSchema.safeParse(JSON.parse(text));
	return result.success ? result.data : void 0;
}
// simulator/world/timers.ts
/** A process's timers, in virtual time: they are gone with it. */
var ModelTimers = class {
	world;
	process;
	constructor(world, process) {
		this.world = world;
		this.process = process;
	}
	nowMs() {
		return this.world.nowUs / 1e3;
	}
	after(ms, run) {
		let isWanted = true;
		this.world.scheduler.after(ms * 1e3, this.process, () => {
			if (!isWanted) return;
			this.world.hasMicrotasks = true;
			run();
		});
		return () => {
			isWanted = false;
		};
	}
	turn() {
		return rest(this, 0);
	}
};
// simulator/actors/announcements.ts
/** Until a thread that waits for a word of another one runs. */
const wakeUs = [20, 1e3];
/** The word that something was committed, from the loop's thread to the main thread. */
var Announcements = class {
	world;
	process;
	isAnnounced = false;
	waiting;
	constructor(world, process) {
		this.world = world;
		this.process = process;
	}
	announce() {
		const { waiting } = this;
		this.waiting = void 0;
		if (waiting === void 0) this.isAnnounced = true;
		else this.wake(waiting);
	}
	/** Resolves when something was announced since the last time, or soon if it already was. */
	next() {
		return new Promise((resolve) => {
			if (!this.isAnnounced) this.waiting = resolve;
			else this.wake(resolve);
			this.isAnnounced = false;
		});
	}
	wake(resolve) {
		this.world.later(this.process, ...wakeUs, () => {
			this.world.hasMicrotasks = true;
			resolve();
		});
	}
};
// simulator/actors/stream-publisher.ts
const node = "model";
/** An agent whose server is away when it starts looks for it this often. */
const retryMs = 500;
const decoder$2 = new TextDecoder();
/** A supervisor's publisher to a stream: the real follower, writer and pipeline, on modelled ports. */
var StreamPublisher = class {
	parts;
	queue;
	announcements;
	timers;
	follower;
	isCaughtUp = false;
	constructor(parts) {
		this.parts = parts;
		const { world, process, journal } = parts;
		this.queue = new ModelEventQueue(world, process, journal);
		this.announcements = new Announcements(world, process);
		this.timers = new ModelTimers(world, process);
		const checkpoints = new ModelCheckpoints(world, process);
		this.follower = new JournalFollower({
			first: () => this.first,
			openTail: (from, first) => this.openTail(from, first),
			newMaker: () => this.newMaker(),
			findStart: (target, known) => findStart(target, this.journalLeft(checkpoints), known),
			checkpoints,
			outage: {
				note: (error) => world.watch.noted?.(process.actor, "store-fails", { error: String(error) }),
				end: () => void 0
			},
			timers: this.timers,
			announced: () => this.announcements.next(),
			announce: () => this.announcements.announce(),
			tick: () => this.queue.write({
				kind: "tick",
				timeMs: this.wallClockMs
			})
		});
		this.follower.caughtUp().then(() => {
			this.isCaughtUp = true;
		});
	}
	start() {
		this.parts.journal.announce = () => this.announcements.announce();
		this.tryStart();
	}
	append(draft) {
		return this.queue.write({
			kind: "draft",
			timeMs: this.wallClockMs,
			draft
		});
	}
	introduce(identity) {
		return this.queue.writeSoon({
			kind: "listener",
			identity
		});
	}
	dismiss(key) {
		this.queue.write({
			kind: "gone",
			key
		});
	}
	published(ticket) {
		return this.follower.published(ticket);
	}
	caughtUp() {
		return this.follower.caughtUp();
	}
	countsOf(delegationId) {
		return this.follower.countsOf(delegationId);
	}
	writeWaiting() {
		this.queue.writeWaiting();
	}
	get isIdle() {
		const { journal } = this.parts;
		return this.isCaughtUp && this.queue.isEmpty && this.follower.position >= journal.nextTicket;
	}
	get first() {
		return this.parts.journal.firstSegment * recordsPerSegment;
	}
	get wallClockMs() {
		const { world } = this.parts;
		return Math.round(world.wallClockBaseMs + world.nowUs / 1e3);
	}
	/** The connection is made, and made again while there is no server. */
	tryStart() {
		const { world, process, service, journal, mutate } = this.parts;
		const port = new ModelStreamPort(world, process, service);
		const writer = new StreamWriter({
			port: mutate(port),
			timers: this.timers,
			node,
			writer: {
				id: node,
				epoch: journal.epoch
			},
			adopt: false,
			onState: (state, error) => world.watch.noted?.(process.actor, "stream-state", {
				state,
				code: error?.code ?? null
			})
		});
		this.follower.start(targetOf$1(writer, port)).catch((error) => {
			world.watch.noted?.(process.actor, "store-fails", { error: String(error) });
			writer.close(deputyError("DEPUTY_E_ENGINE_CLOSED", { detail: "the store could not be opened" }));
			this.timers.after(retryMs, () => this.tryStart());
		});
	}
	openTail(from, first) {
		const { world, process } = this.parts;
		const tail = new ModelTail(world.disk, from, first);
		return {
			get position() {
				return tail.position;
			},
			read: (sink, limit) => world.stepAtOnce(process, "supervisor", "publish", null, () => tail.read(sink, limit)) ?? 0,
			close: () => void 0
		};
	}
	journalLeft(checkpoints) {
		const [eldest = 0] = this.parts.world.disk.numbers;
		return {
			checkpoints: checkpoints.read(),
			eldest: eldest * recordsPerSegment,
			isWhole: eldest <= 1
		};
	}
	newMaker() {
		const { world, journal, process } = this.parts;
		return new EventMaker({
			node,
			syscallName,
			epoch: () => journal.epoch,
			baseMs: () => world.wallClockBaseMs,
			onDamaged: (ticket) => world.watch.noted?.(process.actor, "damaged-event", { ticket })
		}, new EventBatch());
	}
};
/** The writing half with what a reader of the same stream sees. */
function targetOf$1(writer, port) {
	async function* readAll() {
		for await (const { sequence, payload } of port.each(await port.payloads())) {
			if (payload.length === 0) continue;
			const event = JSON.parse(decoder$2.decode(payload));
			yield {
				position: sequence,
				streamId: event.delegationId,
				event
			};
		}
	}
	async function* readStream(streamId) {
		for await (const stored of readAll()) if (stored.streamId === streamId) yield stored;
	}
	return {
		batchesInFlight: writer.batchesInFlight,
		get cursor() {
			return writer.cursor;
		},
		appendBatch: (batch) => writer.appendBatch(batch),
		goOnFrom: (checkpoint, isLast) => writer.goOnFrom(checkpoint, isLast),
		readAll,
		readStream,
		lastVersions: () => allVersions(port)
	};
}
// simulator/actors/make-publisher.ts
/** A supervisor's publisher, to wherever the setup has events go. */
function makePublisher(parts, journal) {
	const { world, process, store, stream, mutateStream: mutate } = parts;
	if (stream === void 0) return new ModelPublisher({
		world,
		process,
		journal,
		store
	});
	return new StreamPublisher({
		world,
		process,
		journal,
		service: stream,
		mutate
	});
}
// core/serving/left-requests.ts
/** What predecessors left unfinished, until the listeners come that it came from, or are known to be gone. */
var LeftRequests = class {
	waiting = /* @__PURE__ */ new Map();
	/** Listeners that are gone, while a loop ends what they left. */
	ending = /* @__PURE__ */ new Set();
	hasAll = false;
	told = [];
	add(records) {
		for (const { listener, bytes } of records) {
			const known = this.waiting.get(listener);
			if (known === void 0) this.waiting.set(listener, [bytes]);
			else known.push(bytes);
		}
	}
	countOf(key) {
		return this.waiting.get(key)?.length ?? 0;
	}
	/** A listener has come: what it left. */
	take(key) {
		const left = this.waiting.get(key) ?? [];
		this.waiting.delete(key);
		return left;
	}
	/** No more listeners come: what those left that did not, for a loop to end it. */
	endRest() {
		const rest = new Map(this.waiting);
		for (const key of rest.keys()) this.ending.add(key);
		this.waiting.clear();
		this.hasAll = true;
		this.tell();
		return rest;
	}
	/** A loop has ended what a listener left. */
	ended(key) {
		this.ending.delete(key);
		this.tell();
	}
	/** Once nothing is left of listeners that did not come: what they left has its end in the journal. */
	whenEnded() {
		return new Promise((resolve) => {
			this.told.push(resolve);
			this.tell();
		});
	}
	tell() {
		if (this.isHandedOut) for (const resolve of this.told.splice(0)) resolve();
	}
	/** Is all of it in the hands of whoever took it, or ended? */
	get isHandedOut() {
		return this.hasAll && this.ending.size === 0;
	}
};
// simulator/actors/request-server.ts
const firstListenerKey = 16;
/** How long a message takes from the main thread to the loop. */
const messageUs$2 = [5, 60];
/** The main thread's side of serving: which listeners there are, and what predecessors left of each. */
var ModelRequestServer = class {
	parts;
	attached = /* @__PURE__ */ new Map();
	left = new LeftRequests();
	nextKey = firstListenerKey;
	loop;
	constructor(parts) {
		this.parts = parts;
	}
	/** The epoch has begun: what is unfinished waits for the listeners that it came from. */
	begin() {
		const { journal, world, readsJournal } = this.parts;
		if (!readsJournal) return;
		this.left.add(world.disk.openRecords(journal.eldestOpenSegment, journal.firstSegment));
	}
	endFormer(policy) {
		for (const [key, former] of this.left.endRest()) this.tell(() => this.loop.attach(key, -1, transferPolicy(policy), former));
	}
	formerEnded() {
		return this.left.whenEnded();
	}
	obstacle() {
		return Promise.resolve(void 0);
	}
	attach(options) {
		const key = options.key ?? this.nextKey++;
		const attached = {
			key,
			options,
			policy: transferPolicy(options.policy),
			former: this.left.take(key)
		};
		this.attached.set(key, attached);
		const later = this.introduce(attached, options.policy);
		options.onServing();
		if (later === void 0) this.serve(attached);
		else later.then(() => this.serve(attached));
		return Promise.resolve({
			key,
			setPolicy: (next) => {
				this.introduce(attached, next);
				attached.policy = transferPolicy(next);
				this.tell(() => this.loop.setPolicy(key, attached.policy));
			},
			detach: () => this.detach(attached)
		});
	}
	inFlight(key) {
		return this.left.countOf(key);
	}
	counts(delegationId) {
		return this.parts.publisher.countsOf(delegationId);
	}
	settled() {
		return this.parts.publisher.published(this.parts.journal.nextTicket - 1);
	}
	/** What a loop says, heard by the main thread. */
	hear(report) {
		const { world, process } = this.parts;
		world.later(process, ...messageUs$2, () => {
			world.hasMicrotasks = true;
			const attached = this.attached.get(report.key);
			if (report.kind === "recovered" && attached !== void 0) attached.former = [];
			if (report.kind === "detached") {
				this.left.ended(report.key);
				attached?.detached?.();
			}
			if (report.kind === "hangup" && attached !== void 0) this.gone(attached);
			if (report.kind === "failed") {
				const message = report.error instanceof Error ? report.error.stack ?? "" : String(report.error);
				world.watch.noted?.(process.actor, "handler-failed", { message });
			}
		});
	}
	/** What a predecessor left of a listener, and no loop has in hand yet. */
	formerOf(key) {
		return this.attached.get(key)?.former ?? [];
	}
	descriptorOf(key) {
		return this.attached.get(key)?.options.descriptor;
	}
	/** Looks after the journal, now and then. */
	tend() {
		const { journal, publisher } = this.parts;
		journal.prepareAhead();
		publisher.writeWaiting();
		if (!(this.left.isHandedOut && [...this.attached.values()].every(({ former }) => former.length === 0))) return;
		const newest = Math.max(segmentOf(journal.nextTicket), journal.firstSegment);
		journal.noteOpenFrom(Math.min(this.loop.oldestSegment(newest), newest));
	}
	introduce(attached, policy) {
		const { delegationId } = attached.options;
		const { tenant, record } = policy;
		return this.parts.publisher.introduce({
			key: attached.key,
			delegationId,
			tenant,
			record
		});
	}
	serve({ key, options, policy, former }) {
		this.tell(() => {
			if (this.attached.has(key)) this.loop.attach(key, options.descriptor, policy, former);
		});
	}
	gone(attached) {
		this.attached.delete(attached.key);
		this.parts.world.kernel.close(this.parts.process, attached.options.descriptor);
		this.parts.publisher.dismiss(attached.key);
		attached.detached?.();
		attached.options.onHangup();
	}
	async detach(attached) {
		if (!this.attached.has(attached.key)) return;
		const done = new Promise((resolve) => {
			attached.detached = resolve;
		});
		this.tell(() => this.loop.detach(attached.key));
		await done;
		if (!this.attached.delete(attached.key)) return;
		this.parts.world.kernel.close(this.parts.process, attached.options.descriptor);
		this.parts.publisher.dismiss(attached.key);
	}
	tell(run) {
		const { world, process } = this.parts;
		world.later(process, ...messageUs$2, run);
	}
};
// simulator/actors/supervisor.ts
const tendEveryUs = 1e5;
/** A supervisor's process: its order of work at a take-over, with the real engine in it. */
var ModelSupervisor = class {
	parts;
	journal;
	publisher;
	server;
	loop;
	waiting = /* @__PURE__ */ new Map();
	engine;
	/** It serves, or is taking over. */
	isActive = false;
	/** All that was served before is served again. */
	isServing = false;
	constructor(parts) {
		this.parts = parts;
		const { world, process, tableOf, readsJournal } = parts;
		this.journal = new JournalWriter(world.disk, () => world.wallClockBaseMs);
		const { journal } = this;
		this.publisher = makePublisher(parts, journal);
		this.server = new ModelRequestServer({
			world,
			process,
			journal,
			publisher: this.publisher,
			readsJournal
		});
		const kernel = new ModelRequestKernel(world, process, parts.injection((record) => this.loop.resume(record)));
		const report = (said) => this.server.hear(said);
		this.loop = new ModelLoop({
			world,
			process,
			kernel,
			journal,
			handlerOf,
			tableOf,
			report
		});
		this.server.loop = this.loop;
	}
	/** A listener that the keeper has, with a descriptor of this process's own. */
	offer(listener) {
		if (this.engine === void 0) this.waiting.set(listener.key, listener);
		else this.delegate(this.engine, listener);
		this.parts.world.hasMicrotasks = true;
	}
	note(key, note) {
		const listener = this.waiting.get(key);
		if (listener !== void 0) this.waiting.set(key, {
			...listener,
			note
		});
	}
	gone(key) {
		const listener = this.waiting.get(key);
		if (listener === void 0) return;
		this.waiting.delete(key);
		this.parts.world.kernel.close(this.parts.process, listener.descriptor);
	}
	/** It is its turn. */
	activate(turn) {
		const { world, process } = this.parts;
		this.isActive = true;
		world.step(process, "supervisor", "begin-epoch", null, (interference) => {
			if (interference?.diesInside === true) return 0;
			try {
				this.journal.begin();
			} catch (error) {
				world.watch.noted?.(process.actor, "take-over-failed", { error: String(error) });
				world.kernel.kill(process);
				return 0;
			}
			this.mainStep("read-journal", () => {
				this.server.begin();
				this.mainStep("go-on", () => this.goOn(turn));
			});
			return this.journal.epoch;
		});
	}
	goOn(turn) {
		const engine = this.makeEngine();
		this.engine = engine;
		const listeners = this.withNotes([...this.waiting.values()]);
		this.waiting.clear();
		this.adoptOne(engine, [...byDelegation(listeners)], turn, () => {
			if (this.parts.readsJournal) this.searchLost(listeners);
			this.server.endFormer(resolvePolicy(defaultPolicy(), {
				containerId: "gone",
				metadata: ""
			}));
			for (const listener of listeners) if (listener.note === void 0) this.delegate(engine, listener);
			this.mainStep("follow", () => this.follow(engine, turn));
		});
	}
	/** Delegations that had begun go on, one after the other: a point between each two. */
	adoptOne(engine, groups, turn, done) {
		const group = groups.shift();
		if (group === void 0) return done();
		const [delegationId, entries] = group;
		this.mainStep("adopt", () => {
			const next = () => this.adoptOne(engine, groups, turn, done);
			const inFlight = entries.reduce((sum, { key }) => sum + this.server.inFlight(key), 0);
			engine.adopt({
				delegationId,
				strategy: entries[0]?.note?.strategy ?? "",
				targets: entries.map(targetOf),
				reason: turn.reason,
				inFlight,
				previousEpoch: this.journal.epoch - 1
			}).then(next, () => {
				for (const listener of entries) this.refuse(listener);
				next();
			});
		});
	}
	follow(engine, { lost }) {
		const { world } = this.parts;
		this.isServing = true;
		this.parts.link.active();
		this.publisher.start();
		this.tend();
		const living = lost.filter(({ state }) => world.kernel.processes.has(state.processId));
		const ids = new Set(living.map(({ note }) => note.delegationId));
		this.publisher.caughtUp().then(() => this.server.formerEnded()).then(() => engine.settlePredecessors(ids));
	}
	/** Calls of listeners that were served before, and that no record tells of. */
	searchLost(listeners) {
		const { world, process, openChannel } = this.parts;
		const { journal, server, loop } = this;
		const search = new LostCallsSearch({
			world,
			process,
			journal,
			openChannel,
			descriptorOf: (key) => server.descriptorOf(key),
			formerOf: (key) => server.formerOf(key),
			expect: (key, threadIds) => loop.expectReissued(key, threadIds)
		});
		const served = listeners.filter(({ note }) => note !== void 0);
		search.start(served.map(({ key }) => key));
	}
	/** Is nothing under way, and all in the store? */
	get isIdle() {
		return this.isServing && this.loop.isIdle && this.publisher.isIdle;
	}
	makeEngine() {
		const { world, policy, ids } = this.parts;
		return createEngine({
			strategies: [seccompNotify({ service: this.server })],
			store: void 0,
			policy,
			stateDirectory: {
				sequencer: this.publisher,
				epoch: this.journal.epoch
			},
			clock: {
				nowMs: () => world.wallClockBaseMs + world.nowUs / 1e3,
				monotonicUs: () => world.nowUs
			},
			ids: { next: () => `d${ids.next().toString(16)}${ids.next().toString(16)}` }
		});
	}
	async delegate(engine, listener) {
		const { key } = listener;
		const note = (delegationId, strategy) => this.parts.link.note(key, {
			delegationId,
			strategy
		});
		try {
			const options = {
				target: targetOf(listener),
				strategy: "auto",
				origin: listener.origin
			};
			const status = await engine.delegate({
				...options,
				onServing: note
			});
			note(status.id, status.strategy);
		} catch (error) {
			this.parts.world.watch.noted?.(this.parts.process.actor, "not-served", { error: String(error) });
			this.refuse(listener);
		}
	}
	refuse({ key, descriptor }) {
		const { world, process, link } = this.parts;
		if (!process.alive) return;
		world.kernel.close(process, descriptor);
		link.refused(key);
	}
	/** The journal has whose listeners are, where the keeper did not get the word. */
	withNotes(listeners) {
		if (!this.parts.readsJournal || listeners.every(({ note }) => note !== void 0)) return listeners;
		const owners = this.owners();
		return listeners.map((listener) => {
			const owner = owners.get(listener.key);
			if (listener.note !== void 0 || owner === void 0) return listener;
			this.parts.link.note(listener.key, owner);
			return {
				...listener,
				note: owner
			};
		});
	}
	owners() {
		const { disk } = this.parts.world;
		const scan = new OwnersScan();
		const checkpoint = parseCheckpoint(disk.checkpoint);
		for (const identity of checkpoint?.listeners ?? []) scan.know(identity);
		const isOpen = new Set(checkpoint?.streams.map(({ delegationId }) => delegationId));
		scan.keep((delegationId) => isOpen.has(delegationId));
		const eldest = disk.numbers[0] ?? 0;
		const from = Math.max(eldest * recordsPerSegment, (checkpoint?.position ?? 0) - recordsPerSegment);
		const end = this.journal.firstSegment * recordsPerSegment;
		const tail = new ModelTail(disk, from, end);
		while (tail.position < end && tail.read(scan, end - tail.position) > 0);
		return scan.known();
	}
	tend() {
		this.server.tend();
		this.parts.world.scheduler.after(tendEveryUs, this.parts.process, () => this.tend());
	}
	/** A step of the main thread, and a little time before it. */
	mainStep(name, run) {
		const { world, process } = this.parts;
		world.later(process, 50, 400, () => world.step(process, "supervisor", name, null, (interference) => {
			if (interference?.diesInside === true) return 0;
			world.hasMicrotasks = true;
			run();
			return 0;
		}));
	}
};
function byDelegation(listeners) {
	const grouped = /* @__PURE__ */ new Map();
	for (const listener of listeners) {
		if (listener.note === void 0) continue;
		const { delegationId } = listener.note;
		grouped.set(delegationId, [...grouped.get(delegationId) ?? [], listener]);
	}
	return grouped;
}
function targetOf({ key, state, descriptor }) {
	return {
		...state,
		listener: descriptor,
		listenerKey: key
	};
}
function parseCheckpoint(text) {
	const parsed = text === void 0 ? void 0 : checkpointSchema.safeParse(JSON.parse(text));
	return parsed?.success === true ? parsed.data : void 0;
}
// simulator/actors/start-supervisor.ts
/** Starts a supervisor's process. */
function startSupervisor(parts, _parent, link) {
	const { world, policy, store, ids, setup, tableOf, injectors } = parts;
	const process = world.kernel.spawn(`supervisor-${parts.nextNumber("supervisor")}`);
	return {
		process,
		supervisor: new ModelSupervisor({
			world,
			process,
			store,
			stream: parts.stream,
			mutateStream: parts.mutateStream,
			policy,
			ids,
			link,
			tableOf,
			readsJournal: setup.journal,
			openChannel: (opened) => injectors?.openChannel(process, opened),
			injection: (resume) => injectors?.clientFor(process, resume)
		})
	};
}
// simulator/actors/keeper.ts
/** A channel between keeper and supervisor, and a process's start, in microseconds. */
const messageUs$1 = [20, 200];
const startUs$2 = [15e4, 25e4];
const firstKey$1 = 16;
/** The keeper: holds listeners, starts and restarts supervisors. What it decides is the real code. */
var ModelKeeper = class {
	process;
	parts;
	children = /* @__PURE__ */ new Map();
	held = /* @__PURE__ */ new Map();
	supervision;
	nextId = 1;
	nextKey = firstKey$1;
	hasProved = false;
	tookOver;
	isStopping = false;
	constructor(process, parts) {
		this.process = process;
		this.parts = parts;
		this.supervision = new Supervision(keeperLimits, parts.setup.standby);
		this.tookOver = parts.handOver === void 0;
		process.whenDead.push(() => this.orphan());
		this.takeBack(parts.stored);
		if (this.tookOver) parts.injectors?.start(process);
		this.obey(this.supervision.begin());
		this.look();
	}
	get supervisors() {
		return [...this.children.values()].map(({ supervisor }) => supervisor);
	}
	get active() {
		return this.children.get(this.supervision.activeId ?? -1)?.supervisor;
	}
	take(state, listener) {
		const key = this.nextKey++;
		const { world, storage, book } = this.parts;
		let isWaiting = true;
		const arrived = () => {
			if (isWaiting) listener.release();
			isWaiting = false;
		};
		listener.refer();
		this.process.whenDead.push(arrived);
		world.step(this.process, "keeper", "take-listener", null, () => {
			const kept = this.hold(key, state, listener, "runtime");
			book.set(key, { state });
			storage?.store({
				key,
				listener
			});
			this.giveToAll(kept);
			arrived();
			return key;
		});
	}
	/** Ends, and gives away all that outlives it. */
	handOver() {
		this.isStopping = true;
		this.supervision.stop();
		const given = this.list();
		for (const { listener } of given) listener.refer();
		for (const child of this.children.values()) this.parts.world.kernel.kill(child.process);
		this.parts.injectors?.stop();
		return given;
	}
	kill() {
		for (const child of this.children.values()) this.parts.world.kernel.kill(child.process);
		this.parts.world.kernel.kill(this.process);
	}
	/** Whoever serves goes on to its targets' end, with an injector of its own; nobody else does. */
	orphan() {
		const { active } = this;
		for (const { process, supervisor } of this.children.values()) if (supervisor !== active || !supervisor.isActive) this.parts.world.kernel.kill(process);
		if (this.isStopping || !this.tookOver) return;
		this.parts.injectors?.stop();
		if (active?.isActive === true) this.parts.injectors?.start(active.parts.process);
	}
	list() {
		return [...this.held.values()].flatMap(({ key, descriptor }) => {
			const listener = this.process.table.at(descriptor);
			return listener instanceof ListenerEnd ? [{
				key,
				listener
			}] : [];
		});
	}
	takeBack(stored) {
		for (const key of this.parts.book.keys()) this.nextKey = Math.max(this.nextKey, key + 1);
		for (const { key, listener } of stored) {
			const known = this.parts.book.get(key);
			if (known === void 0) continue;
			const kept = this.hold(key, known.state, listener, "runtime");
			if (known.note !== void 0) kept.note = known.note;
			this.parts.storage?.store({
				key,
				listener
			});
		}
	}
	hold(key, state, listener, origin) {
		const kept = {
			key,
			state,
			origin,
			descriptor: this.process.table.add(listener)
		};
		this.held.set(key, kept);
		const look = () => {
			if (listener.filter.hasHungUp) this.message(() => this.drop(key));
		};
		listener.filter.watchers.add(look);
		look();
		return kept;
	}
	drop(key) {
		const kept = this.held.get(key);
		if (kept === void 0) return;
		this.held.delete(key);
		this.parts.world.kernel.close(this.process, kept.descriptor);
		this.parts.book.delete(key);
		this.parts.storage?.remove(key);
		for (const child of this.children.values()) this.send(child, () => child.supervisor.gone(key));
	}
	look() {
		const beats = new Map([...this.children].map(([id, { beats }]) => [id, beats]));
		this.obey(this.supervision.look(beats));
		this.parts.world.scheduler.after(1e5, this.process, () => this.look());
	}
	obey(effects) {
		for (const effect of effects) if (effect.kind === "spawn") this.parts.world.scheduler.after(effect.delayMs * 1e3, this.process, () => this.spawn());
		else if (effect.kind === "activate") this.activate(effect.id, effect.reason);
		else if (effect.kind === "kill") this.killChild(effect.id);
		else if (effect.kind === "failing") this.parts.world.watch.noted?.("keeper", "failing", { deaths: effect.deaths });
	}
	killChild(id) {
		const child = this.children.get(id);
		if (child !== void 0) this.parts.world.kernel.kill(child.process);
	}
	spawn() {
		if (this.isStopping) return;
		this.parts.world.step(this.process, "keeper", "spawn-supervisor", null, () => {
			const id = this.nextId++;
			const { process, supervisor } = startSupervisor(this.parts, this.process, this.linkOf(id));
			const child = {
				id,
				process,
				supervisor,
				startedAtUs: this.parts.world.nowUs,
				beats: 0,
				sent: /* @__PURE__ */ new Set()
			};
			this.children.set(id, child);
			this.supervision.started(id);
			process.whenDead.push(() => this.message(() => this.died(child)));
			for (const listener of this.held.values()) this.give(child, listener);
			this.beat(child);
			this.parts.world.later(process, ...startUs$2, () => this.parts.world.step(process, "standby", "prepare", null, () => {
				this.message(() => this.becameReady(child));
				return 0;
			}));
			return id;
		});
	}
	beat(child) {
		this.parts.world.scheduler.after(5e4, child.process, () => {
			child.beats++;
			this.beat(child);
		});
	}
	becameReady(child) {
		const { handOver, injectors, world } = this.parts;
		if (!this.tookOver && handOver !== void 0) {
			const given = handOver();
			if (given === void 0) return this.kill();
			this.tookOver = true;
			this.takeBack(given);
			injectors?.start(this.process);
			for (const listener of this.held.values()) this.giveToAll(listener);
		}
		world.step(this.process, "keeper", "supervisor-ready", null, () => {
			this.obey(this.supervision.ready(child.id));
			return child.id;
		});
	}
	activate(id, reason) {
		const child = this.children.get(id);
		if (child === void 0) return;
		this.parts.world.step(this.process, "keeper", "activate", null, () => {
			const turn = {
				reason,
				lost: this.hasProved ? [] : this.takeLost()
			};
			this.hasProved = true;
			const begin = () => {
				if (child.sent.size > 0) this.send(child, begin);
				else child.supervisor.activate(turn);
			};
			this.send(child, begin);
			return id;
		});
	}
	/** Listeners that an earlier keeper had and nobody brought back. */
	takeLost() {
		const lost = [];
		for (const [key, { state, note }] of [...this.parts.book]) {
			if (this.held.has(key)) continue;
			if (note !== void 0) lost.push({
				state,
				note
			});
			this.parts.book.delete(key);
		}
		return lost;
	}
	died(child) {
		this.children.delete(child.id);
		if (this.isStopping) return;
		this.parts.world.step(this.process, "keeper", "supervisor-died", null, () => {
			const livedMs = (this.parts.world.nowUs - child.startedAtUs) / 1e3;
			this.obey(this.supervision.died(child.id, livedMs, "it was killed by SIGKILL", true));
			return child.id;
		});
	}
	/** A descriptor of the listener and what is known of it, on their way to a supervisor. */
	give(child, { key, descriptor, state, origin, note }) {
		const listener = this.process.table.at(descriptor);
		if (!(listener instanceof ListenerEnd) || !child.process.alive) return;
		listener.refer();
		child.sent.add(key);
		child.process.whenDead.push(() => {
			if (child.sent.delete(key)) listener.release();
		});
		this.send(child, () => {
			if (!child.sent.delete(key)) return;
			const own = child.process.table.add(listener, true);
			listener.release();
			const noted = note === void 0 ? {} : { note };
			child.supervisor.offer({
				key,
				state,
				origin,
				descriptor: own,
				...noted
			});
		});
	}
	giveToAll(kept) {
		for (const child of this.children.values()) this.give(child, kept);
	}
	linkOf(id) {
		const tell = (run) => {
			if (this.children.get(id)?.process.alive === true) this.message(run);
		};
		return {
			ready: () => void 0,
			active: () => void 0,
			note: (key, note) => tell(() => this.noteListener(key, note)),
			refused: (key) => tell(() => this.drop(key))
		};
	}
	noteListener(key, note) {
		const kept = this.held.get(key);
		if (kept === void 0) return;
		kept.note = note;
		this.parts.book.set(key, {
			state: kept.state,
			note
		});
		for (const child of this.children.values()) this.send(child, () => child.supervisor.note(key, note));
	}
	/** Something arrives at the keeper; what a child had sent before it died arrives as well. */
	message(run) {
		this.parts.world.later(this.process, ...messageUs$1, run);
	}
	send(child, run) {
		this.parts.world.later(child.process, ...messageUs$1, run);
	}
};
// simulator/actors/lone-supervisor.ts
const startUs$1 = [15e4, 25e4];
const firstKey = 16;
/**
* The classic way: one process holds the listeners and answers. When it dies its service manager or its
* DaemonSet starts another, which gets the listeners of new containers only.
*/
var LoneSupervisor = class {
	process;
	supervisor;
	nextKey = firstKey;
	isReady = false;
	early = [];
	constructor(parts) {
		const started = startSupervisor(parts, void 0, {
			ready: () => void 0,
			active: () => void 0,
			note: () => void 0,
			refused: () => void 0
		});
		this.process = started.process;
		this.supervisor = started.supervisor;
		for (const key of parts.book.keys()) this.nextKey = Math.max(this.nextKey, key + 1);
		this.book = parts.book;
		parts.world.later(this.process, ...startUs$1, () => {
			this.isReady = true;
			parts.injectors?.start(this.process);
			this.supervisor.activate({
				reason: "the agent started",
				lost: []
			});
			for (const run of this.early.splice(0)) run();
		});
	}
	book;
	get supervisors() {
		return [this.supervisor];
	}
	get active() {
		return this.process.alive && this.supervisor.isActive ? this.supervisor : void 0;
	}
	take(state, listener) {
		const key = this.nextKey++;
		this.book.set(key, { state });
		const descriptor = this.process.table.add(listener, true);
		const offer = () => this.supervisor.offer({
			key,
			state,
			origin: "runtime",
			descriptor
		});
		if (this.isReady) offer();
		else this.early.push(offer);
	}
	kill() {
		this.supervisor.parts.world.kernel.kill(this.process);
	}
};
// simulator/actors/service-manager.ts
/** A service manager's store of descriptors (FDSTORE of sd_notify(3)), which outlives the service. */
var DescriptorStore = class {
	stored = /* @__PURE__ */ new Map();
	store(listener) {
		if (this.stored.has(listener.key)) return;
		listener.listener.refer();
		this.stored.set(listener.key, listener);
	}
	remove(key) {
		this.stored.get(key)?.listener.release();
		this.stored.delete(key);
	}
	has(listener) {
		return [...this.stored.values()].some((one) => one.listener === listener);
	}
	get all() {
		return [...this.stored.values()];
	}
};
// simulator/actors/cast.ts
/** Until a service manager has cleaned up, and starts the service again. */
const restartUs = [1e5, 6e5];
const cleanUpUs = [500, 5e3];
/** Until a runtime has made a container, and its program runs. */
const containerUs = [1e3, 5e3];
const connectAgainUs = 1e4;
/** Who plays in a run: agents, targets, and what starts them again. Faults reach them through it. */
var Cast = class {
	world;
	scenario;
	parts;
	targets = [];
	handles = new HandleBook();
	agent;
	store = new DescriptorStore();
	containers = 0;
	/** Faults and restarts that are under way. */
	underWay = 0;
	constructor(world, scenario, parts) {
		this.world = world;
		this.scenario = scenario;
		this.parts = parts;
		this.agent = this.startAgent();
		for (const target of scenario.targets) this.startTarget(target.name);
		world.applyFault = (fault, at) => this.apply(fault, at);
		for (const { fault, atUs } of world.plan.timed()) this.later(atUs, () => {
			world.plan.noteFired();
			world.apply(fault, void 0);
		});
	}
	/** Is nothing left to be done by anybody? */
	get isDone() {
		if (this.underWay > 0 || this.targets.some((target) => !target.isDone)) return false;
		const active = this.agent.active;
		if (active?.parts.process.alive !== true) return false;
		return active.isIdle && (this.parts.injectors?.isIdle ?? true);
	}
	/** The process that plays a part at present. */
	processOf(actor) {
		const { agent } = this;
		if (actor === "supervisor") return agent.active?.parts.process;
		if (actor === "standby") return agent.supervisors.find((one) => one !== agent.active && one.parts.process.alive)?.parts.process;
		if (actor === "keeper") return agent.process;
		return actor === "injector" ? this.parts.injectors?.process : void 0;
	}
	/** `replaces`: it takes all from whoever serves, once it is ready. */
	startAgent(replaces = false) {
		const { keeper, serviceManager } = this.parts.setup;
		if (!keeper) return this.watchOver(new LoneSupervisor(this.parts));
		const agent = new ModelKeeper(this.world.kernel.spawn(`keeper-${this.parts.nextNumber("keeper")}`), {
			...this.parts,
			stored: replaces ? [] : this.store.all,
			...serviceManager ? { storage: this.store } : {},
			...replaces ? { handOver: () => this.handOver(agent) } : {}
		});
		return this.watchOver(agent);
	}
	/** An agent that ends is started again, where somebody does that. */
	watchOver(agent) {
		const { keeper, serviceManager } = this.parts.setup;
		if (keeper && !serviceManager) return agent;
		agent.process.whenDead.push(() => {
			if (this.agent !== agent) return;
			this.later(this.world.random.between(...cleanUpUs), () => {
				agent.kill();
				this.parts.injectors?.stop();
				this.later(this.world.random.between(...restartUs), () => {
					this.agent = this.startAgent();
				});
			});
		});
		return agent;
	}
	/** What the agent that serves has; undefined when it is gone. */
	handOver(next) {
		const earlier = this.agent;
		if (!(earlier instanceof ModelKeeper) || !earlier.process.alive) return void 0;
		const given = earlier.handOver();
		this.agent = next;
		this.later(1e3, () => {
			earlier.kill();
			for (const { listener } of given) listener.release();
		});
		return given;
	}
	startTarget(name) {
		const scenario = this.scenario.targets.find((target) => target.name === name);
		if (scenario === void 0) return;
		const containerId = `${name}-${++this.containers}`;
		const { metadata } = scenario;
		const policy = resolvePolicy(this.parts.policy, {
			containerId,
			metadata
		});
		const target = new TargetProgram(this.world, scenario, containerId, policy, this.handles);
		this.targets.push(target);
		const { process } = target;
		const { listener } = process.filter ?? {};
		if (listener === void 0) return;
		listener.refer();
		this.later(this.world.random.between(...containerUs), () => {
			const state = {
				containerId,
				processId: process.processId,
				metadata: scenario.metadata
			};
			this.handOverListener(state, listener);
			target.start();
			target.busy--;
		});
		target.busy++;
	}
	/** A connection that nobody has taken yet waits in the socket, where that outlives the agent. */
	handOverListener(state, listener) {
		const { agent } = this;
		if (agent.process.alive) agent.take(state, listener);
		if (agent.process.alive || this.store.has(listener) || !this.parts.setup.serviceManager) return listener.release();
		this.later(connectAgainUs, () => this.handOverListener(state, listener));
	}
	apply(fault, at) {
		const { world } = this;
		switch (fault.kind) {
			case "crash": return this.crash(fault.actor === void 0 ? at : this.processOf(fault.actor));
			case "hang": {
				const process = fault.actor === void 0 ? at : this.processOf(fault.actor);
				if (process !== void 0) process.heldUntilUs = world.nowUs + (fault.forUs ?? Infinity);
				return;
			}
			case "storm": return this.storm(fault.actor, fault.count, fault.everyUs);
			case "journal": return damageJournal(world, fault.damage, fault.count);
			case "disk-full":
				world.disk.isFull = true;
				return this.later(fault.forUs, () => {
					world.disk.isFull = false;
				});
			case "clock-jump":
				world.wallClockBaseMs += fault.byMs;
				return;
			case "store": return this.troubleStore(fault);
			case "replace":
				this.startAgent(true);
				return;
			default: return this.touchTarget(fault);
		}
	}
	crash(process) {
		if (process !== void 0) this.world.kernel.kill(process);
	}
	storm(actor, count, everyUs) {
		this.crash(this.processOf(actor));
		if (count > 1) this.later(everyUs, () => this.storm(actor, count - 1, everyUs));
	}
	troubleStore(fault) {
		const { store, stream } = this.parts;
		if (stream !== void 0) return troubleStream(stream, fault);
		if (fault.trouble === "disconnect") store.disconnect(fault.forUs);
		else if (fault.trouble === "delay") store.slowDown(fault.forUs);
		else if (fault.trouble === "duplicate") store.duplicate(fault.count);
		else if (fault.trouble === "lose-suffix") store.loseSuffix(fault.count);
		else store.disconnect(fault.forUs);
	}
	touchTarget(fault) {
		if (!("target" in fault)) return;
		const target = this.targets.findLast(({ scenario }) => scenario.name === fault.target);
		if (target === void 0) return;
		const { kernel } = this.world;
		const { process } = target;
		if (fault.kind === "signal") return kernel.signal(process, fault.signal);
		const threadIds = process.threads.map(({ threadId }) => threadId);
		kernel.kill(process);
		if (fault.kind === "pod-restart") this.startTarget(fault.target);
		if (fault.kind !== "pid-reuse") return;
		const other = kernel.spawn(`stranger-${this.parts.nextNumber("stranger")}`);
		const [workingMount = 0] = kernel.files.mounts.keys();
		for (const id of threadIds) kernel.addThread(other, 0, other.actor, workingMount, id);
		target.resemble(other);
	}
	later(delayUs, run) {
		this.underWay++;
		this.world.scheduler.after(delayUs, void 0, () => {
			this.underWay--;
			run();
		});
	}
};
// core/injector/injection-client.ts
const EAGAIN = -11;
const EBADF = -9;
const replyAt = 2048;
/** An injector that dies again and again over the same request gets it no more. */
const attemptLimit = 3;
/**
* A loop's side of its channel to the injector. Requests go out at once where there is room, else they wait
* here; those under way when the injector dies are handed to the next one, which finds out what still stands.
*/
var InjectionClient = class {
	packets;
	channel = -1;
	nextToken = 1;
	memory;
	reply = createReply();
	underWay = /* @__PURE__ */ new Map();
	queue = [];
	unaskable = [];
	constructor(packets) {
		this.packets = packets;
		this.memory = packets.memory;
	}
	/**
	* Uses a channel from now on; what is not answered yet goes out again. What can't be asked any more goes to
	* `done` as cancelled.
	*/
	connect(channel, done) {
		if (this.channel >= 0) this.disconnect();
		this.channel = channel;
		this.flush();
		this.giveBack(done);
	}
	get descriptor() {
		return this.channel;
	}
	/** Requests that wait for an injector's answer. */
	get pending() {
		return this.underWay.size + this.queue.length;
	}
	submit(record, listener, descriptor, closeOnExec) {
		this.queue.push({
			record,
			listener,
			descriptor,
			closeOnExec,
			withdrawn: void 0,
			attempts: 0
		});
		this.flush();
		return 0;
	}
	withdraw(record, listener, descriptor, number) {
		this.queue.push({
			record,
			listener,
			descriptor,
			closeOnExec: false,
			withdrawn: number,
			attempts: 0
		});
		this.flush();
		return 0;
	}
	/**
	* Asks what became of a request that a predecessor had given to the injector, without having anything done.
	* The outcome lands in the record as an injection's does; `unknown` when the injector never heard of it, or
	* died before it could write down how it ended. To be asked before anything new is submitted.
	*/
	query(record) {
		this.queue.push({
			record,
			listener: void 0,
			descriptor: -1,
			closeOnExec: false,
			withdrawn: void 0,
			attempts: 0
		});
		this.flush();
	}
	/**
	* Takes what the injector answered: each record whose outcome is now in it goes to `done`. False when the
	* channel is closed; the requests under way are then queued again.
	*/
	receive(done) {
		for (;;) {
			const address = this.memory.address + replyAt;
			const bytes = this.packets.receive(this.channel, address, packetBytes.reply);
			if (bytes === EAGAIN) break;
			if (bytes <= 0) {
				this.disconnect();
				this.giveUpHopeless(done);
				return false;
			}
			if (!decodeReply({
				words: this.memory.u32,
				at: replyAt
			}, bytes, this.reply)) continue;
			const pending = this.underWay.get(this.reply.token);
			if (pending === void 0) continue;
			this.underWay.delete(this.reply.token);
			this.noteOutcome(pending.record);
			done(pending.record);
		}
		this.flush();
		this.giveBack(done);
		return true;
	}
	noteOutcome(record) {
		const { outcome, result, reason, subStep } = this.reply;
		record.setU16(offset.injectionSubStep, subStep);
		record.setI32(offset.result, result);
		record.setU16(offset.injectionOutcome, outcomeOf(outcome, reason));
	}
	flush() {
		while (this.channel >= 0) {
			const pending = this.queue[0];
			if (pending === void 0) return;
			const result = this.send(pending);
			if (result === EAGAIN) return;
			if (result < 0 && result !== EBADF) {
				this.disconnect();
				return;
			}
			this.queue.shift();
			if (result === EBADF) this.unaskable.push(pending);
		}
	}
	send(pending) {
		const { record, listener, descriptor, closeOnExec } = pending;
		const token = this.nextToken;
		const words = record.views.u32;
		encodeRequest({
			words: this.memory.u32,
			at: 0
		}, token, listener === void 0 ? requestFlag.query : closeOnExec ? requestFlag.closeOnExec : 0, {
			words,
			at: record.base + offset.notification
		}, {
			words,
			at: record.base + offset.handle
		});
		if (pending.withdrawn !== void 0) askToWithdraw({
			words: this.memory.u32,
			at: 0
		}, pending.withdrawn);
		const passed = listener === void 0 ? [] : [listener.descriptor, descriptor];
		const result = this.packets.send(this.channel, this.memory.address, packetBytes.request, passed);
		if (result < 0) return result;
		pending.attempts++;
		record.setU16(offset.attempts, pending.attempts);
		this.nextToken = this.nextToken + 1 >>> 0;
		this.underWay.set(token, pending);
		return 0;
	}
	disconnect() {
		if (this.channel >= 0) this.packets.close(this.channel);
		this.channel = -1;
		this.queue = [...this.underWay.values(), ...this.queue];
		this.underWay.clear();
	}
	giveBack(done) {
		for (const { record } of this.unaskable.splice(0)) {
			record.setU16(offset.injectionOutcome, injectionOutcome.cancelled);
			done(record);
		}
	}
	giveUpHopeless(done) {
		const hopeless = this.queue.filter((pending) => pending.attempts >= attemptLimit);
		this.queue = this.queue.filter((pending) => pending.attempts < attemptLimit);
		for (const { record, listener } of hopeless) {
			const isQuery = listener === void 0;
			record.setI32(offset.result, isQuery ? 0 : -5);
			record.setU16(offset.injectionOutcome, isQuery ? injectionOutcome.unknown : injectionOutcome.errno);
			done(record);
		}
	}
};
function outcomeOf(outcome, reason) {
	if (outcome === replyOutcome.completed) return injectionOutcome.completed;
	if (outcome === replyOutcome.killed) return injectionOutcome.killed;
	if (outcome === replyOutcome.cancelled) return injectionOutcome.cancelled;
	if (outcome === replyOutcome.unknown) return injectionOutcome.unknown;
	if (reason === replyReason.cannotSuspendFilters) return injectionOutcome.filtered;
	return reason === replyReason.tracedByAnother ? injectionOutcome.traced : injectionOutcome.errno;
}
// core/injector/injection.ts
/** Where each thing stands in an injection's own page; every offset is a multiple of 8. */
const place = {
	/** The request packet, as received. */
	request: 0,
	/** The target's registers as they were at the stop: what is put back. */
	original: 256,
	/** The registers of the call being made in the target's name. */
	working: 480,
	oldMask: 704,
	fullMask: 712,
	waitStatus: 720,
	/** struct seccomp_notif_addfd or seccomp_notif_resp; both have 24 bytes and begin with the id. */
	answer: 728,
	/** What stood in the target's memory where the scratch is. */
	saved: 760,
	/** What is written there: struct msghdr and the control buffer. */
	scratch: 864,
	code: 960
};
const pageBytes = 4096;
/** Askers of one injection that are kept: the latest ones. */
const maximumAskers = 8;
/**
* All that is known of one injection. Sub-steps keep everything here, so an injection can wait while others
* run.
*/
var Injection = class {
	kernel;
	memory;
	constructor(kernel) {
		this.kernel = kernel;
		this.memory = kernel.allocate();
	}
	/** More than one when it was asked for again while under way: by the successor of a dead supervisor. */
	askers = [];
	flags = 0;
	threadId = 0;
	listener = -1;
	source = -1;
	/** Our end of the pair; its descriptor goes to the target. */
	socketPair = new Int32Array([-1, -1]);
	/** The sub-step under way. */
	subStep = 0;
	/** 0: the injected call has not been entered yet; 1: it has. */
	callPhase = 0;
	attached = false;
	/** True while the target's state differs from what it should be: it must not outlive us so. */
	windowOpen = false;
	/** Descriptor of the socket in the target's table; -1 when there is none. */
	socket = -1;
	/**
	* What is to be closed in the target's table: that socket, those that killed injectors left there, or what
	* is withdrawn.
	*/
	strays = [];
	/** Some of those were left by others, and none of them is there any more. */
	closedLeft = false;
	scoreboardSlot = -1;
	/** Descriptor that recvmsg made in the target's table; -1 when there is none. */
	receivedDescriptor = -1;
	/** Address of the scratch memory in the target; 0 when there is none. */
	scratchAddress = 0;
	/** The scratch memory is a page that we mapped. */
	scratchIsPage = false;
	/** The thread has left the call that we were asked about: only clean up. */
	retreating = false;
	/** That is all that was asked for: `socket` is a descriptor of an earlier answer. */
	withdrawing = false;
	/** Signal to pass on when the tracing ends (the thread was about to get it). */
	pendingSignal = 0;
	/** The descriptor that the target's call will return, once it stands in its table. */
	delivered = -1;
	/** Minus the errno that the target's call will return instead; 0 while all is well. */
	failure = 0;
	failureReason = 0;
	replied = false;
	/** Its outcome is still to be written into the ring. */
	isRemembered = true;
	/** Its entry there, while that is not final. */
	outcomeEntry = -1;
	/** The reissue that this thread belongs to; then nothing is brought, and nobody asked for it by itself. */
	batch;
	/** Its position there. */
	batchIndex = 0;
	result = 0;
	outcome = 0;
	reason = 0;
	notes = 0;
	startedAtMs = 0;
	/** When the target's call was let go on; 0 until then. What the target does next is its own time. */
	endedAtMs = 0;
	/** Makes the record ready for another request, whose packet already stands in its memory. */
	begin(channel, listener, source) {
		const { u32, i32, u8 } = this.memory;
		this.askers.length = 0;
		this.addAsker(channel, u32[2]);
		this.listener = listener;
		this.source = source;
		this.flags = u32[3];
		this.threadId = i32[6];
		this.socketPair.fill(-1);
		this.subStep = 0;
		this.callPhase = 0;
		this.attached = false;
		this.windowOpen = false;
		this.withdrawing = (this.flags & requestFlag.withdraw) !== 0;
		this.socket = this.withdrawing ? i32[requestField.withdrawn >> 2] : -1;
		this.strays = this.withdrawing ? [this.socket] : [];
		this.closedLeft = false;
		this.scoreboardSlot = -1;
		this.receivedDescriptor = -1;
		this.scratchAddress = 0;
		this.scratchIsPage = false;
		this.retreating = false;
		this.pendingSignal = 0;
		this.delivered = -1;
		this.failure = 0;
		this.failureReason = 0;
		this.replied = false;
		this.isRemembered = true;
		this.outcomeEntry = -1;
		this.batch = void 0;
		this.result = 0;
		this.outcome = 0;
		this.reason = 0;
		this.notes = 0;
		this.startedAtMs = this.kernel.nowMs();
		this.endedAtMs = 0;
		u8.fill(0, packetBytes.request, place.fullMask);
		u8.fill(255, place.fullMask, place.fullMask + 8);
	}
	/** Makes the record ready for one thread of a reissue. */
	beginReissue(batch, index, threadId) {
		const { u8, i32 } = this.memory;
		u8.fill(0, place.request, packetBytes.request);
		i32[place.request + requestField.threadId >> 2] = threadId;
		this.begin(batch.channel, -1, -1);
		this.askers.length = 0;
		this.isRemembered = false;
		this.batch = batch;
		this.batchIndex = index;
	}
	addAsker(channel, token) {
		if (this.askers.length === maximumAskers) this.askers.shift();
		this.askers.push({
			channel,
			token
		});
	}
	/** Is it about the same notification, and asks for the same? */
	isSameAs(other) {
		const id = place.request + requestField.id >> 2;
		const [ours, theirs] = [this.memory.u32, other.memory.u32];
		return this.batch === void 0 && this.threadId === other.threadId && ours[id] === theirs[id] && ours[id + 1] === theirs[id + 1] && this.withdrawing === other.withdrawing;
	}
	/** Address of a place in this injection's memory. */
	at(offset) {
		return this.memory.address + offset;
	}
	/** Notes that the target's call must return this errno (given negative); the first word stands. */
	fail(errno, reason) {
		if (this.failure !== 0) return;
		this.failure = errno;
		this.failureReason = reason;
	}
	/** Notes how it ends; the first word stands. */
	conclude(outcome, result = 0, reason = 0) {
		if (this.outcome !== 0) return;
		this.outcome = outcome;
		this.result = result;
		this.reason = reason;
	}
};
/** Copies the saved registers to where an injected call's are built. */
function copyOriginalRegisters(injection) {
	injection.memory.u8.copyWithin(place.working, place.original, place.original + 216);
}
// core/injector/injector-kernel.ts
/** Commands of seccomp_unotify(2), linux/seccomp.h; the same on x86-64 and arm64. */
const notifyCommand = {
	RECV: 3226476800,
	SEND: 3222806785,
	ID_VALID: 1074274562,
	ADDFD: 1075323139,
	SET_FLAGS: 1074274564
};
/** PTRACE_O_ options (ptrace(2)). */
const traceOption = {
	/** System-call stops carry bit 0x80 in their signal, so that no other SIGTRAP is taken for one. */
	TRACESYSGOOD: 1,
	/** The kernel kills the thread when its tracer ends. */
	EXITKILL: 1048576,
	/** The thread's seccomp filters are not asked. Needs CAP_SYS_ADMIN and a tracer without a filter. */
	SUSPEND_SECCOMP: 2097152
};
/** The signal that a stop is about (WSTOPSIG of wait(2)). */
function stopSignal(status) {
	return status >> 8 & 255;
}
/** The PTRACE_EVENT_ of a stop, 0 for a signal-delivery or system-call stop (ptrace(2)). */
function stopEvent(status) {
	return status >>> 16;
}
/** struct msghdr of recvmsg(2), in bytes. */
const messageHeader = {
	vector: 16,
	vectorLength: 24,
	control: 32,
	controlLength: 40,
	flags: 48,
	bytes: 56
};
// core/injector/ptrace-words.ts
const twoTo32 = 4294967296;
/** Writes a signed 64-bit word at a byte offset (a multiple of 8) without making a BigInt. */
function putWord(memory, byteOffset, value) {
	memory.u32[byteOffset >> 2] = value % twoTo32;
	memory.u32[(byteOffset >> 2) + 1] = Math.floor(value / twoTo32);
}
/** Reads a signed 64-bit word; exact for addresses, descriptors and errnos, which stay within 2^53. */
function getWord(memory, byteOffset) {
	const low = memory.u32[byteOffset >> 2];
	return memory.i32[(byteOffset >> 2) + 1] * twoTo32 + low;
}
/** Are the two 64-bit words the same, bit for bit? */
function sameWord(a, aOffset, b, bOffset) {
	return a.u32[aOffset >> 2] === b.u32[bOffset >> 2] && a.u32[(aOffset >> 2) + 1] === b.u32[(bOffset >> 2) + 1];
}
// core/injector/notification.ts
const O_CLOEXEC$1 = 524288;
/** A restart that the kernel always makes, handler or not (linux/errno.h). */
const ERESTARTNOINTR = -513;
const EINTR = -4;
/** Interruptions of the injector's own wait: each tries again, none of them for ever. */
const maximumTries = 1e3;
/** Is the notification still unanswered? (SECCOMP_IOCTL_NOTIF_ID_VALID, seccomp_unotify(2)) */
function isNotificationValid(injection) {
	const id = injection.at(place.request + requestField.id);
	return injection.kernel.ioctl(injection.listener, notifyCommand.ID_VALID, id) === 0;
}
/**
* Puts `descriptor` into the target's table at the lowest free number, closed on exec, without answering the
* call (SECCOMP_IOCTL_NOTIF_ADDFD): the number, or minus an errno.
*/
function addDescriptor$1(injection, descriptor) {
	const at = place.answer;
	putId(injection);
	injection.memory.u32[at + 8 >> 2] = 0;
	injection.memory.u32[at + 12 >> 2] = descriptor;
	injection.memory.u32[at + 16 >> 2] = 0;
	injection.memory.u32[at + 20 >> 2] = O_CLOEXEC$1;
	for (let tries = 0;; tries++) {
		const result = injection.kernel.ioctl(injection.listener, notifyCommand.ADDFD, injection.at(at));
		if (result !== EINTR || tries === maximumTries) return result;
	}
}
/**
* Answers with a restart, which ends a wait that only fatal signals would (SECCOMP_IOCTL_NOTIF_SEND). To be
* sent while a stop is pending, since the program would else see errno 513.
*/
function sendRestart(injection) {
	putId(injection);
	return sendRestartInPlace(injection);
}
/** As sendRestart, for any notification of this listener. */
function sendRestartFor(injection, id) {
	injection.memory.u64[place.answer >> 3] = id;
	return sendRestartInPlace(injection);
}
function sendRestartInPlace(injection) {
	const at = place.answer;
	putWord(injection.memory, at + 8, 0);
	injection.memory.i32[at + 16 >> 2] = ERESTARTNOINTR;
	injection.memory.u32[at + 20 >> 2] = 0;
	for (let tries = 0;; tries++) {
		const result = injection.kernel.ioctl(injection.listener, notifyCommand.SEND, injection.at(at));
		if (result !== EINTR || tries === maximumTries) return result;
	}
}
function putId(injection) {
	const { u32 } = injection.memory;
	const id = place.request + requestField.id >> 2;
	u32[place.answer >> 2] = u32[id];
	u32[(place.answer >> 2) + 1] = u32[id + 1];
}
// core/injector/sub-steps.ts
/**
* Numbers of the sub-steps of an injection: they stand in replies and journals, so they are never changed,
* only added to. The usual way is 1 to 13.
*/
const subStep = {
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
	letRestart: 24
};
// core/injector/attach-steps.ts
const AUDIT_ARCH_X86_64 = 3221225534;
const X32_SYSCALL_BIT = 1073741824;
const maximumSeizeTries = 50;
const seizeRetryUs = 1e3;
const EPERM$1 = -1;
const ENOENT = -2;
const ESRCH$2 = -3;
const EIO$3 = -5;
const ENOSYS = -38;
const EINPROGRESS = -115;
/** Sub-step 1. Everything that may refuse the request is asked before the target is touched. */
function queue(injection, environment) {
	const { memory, socketPair } = injection;
	const architecture = memory.u32[place.request + requestField.architecture >> 2];
	const number = memory.u32[place.request + requestField.number >> 2];
	const isNative = architecture === AUDIT_ARCH_X86_64 && (number & X32_SYSCALL_BIT) === 0;
	if (!environment.supportsRegisters || !isNative) return refuse(injection, ENOSYS, replyReason.architecture);
	if (!injection.withdrawing && !isNotificationValid(injection)) return cancel(injection, replyReason.none);
	if (injection.threadId <= 0) return refuse(injection, ESRCH$2, replyReason.threadGone);
	if (!environment.maySuspendFilters && injection.kernel.hasRemedy("suspend") && injection.kernel.countFilters(injection.threadId) > 1) return refuse(injection, EPERM$1, replyReason.cannotSuspendFilters);
	if (injection.withdrawing) return subStep.attach;
	if (injection.kernel.createSocketPair(socketPair) < 0) return refuse(injection, EIO$3, replyReason.internal);
	if (injection.kernel.sendWithDescriptors(socketPair[0], memory.address, 0, [injection.source]) < 0) return refuse(injection, EIO$3, replyReason.internal);
	closeSource(injection);
	return subStep.attach;
}
/**
* Sub-step 2. From here on no signal reaches the thread without our consent, so when the notification is
* valid now, a stop with the same registers can only be that very call: nothing needs to be compared again
* later, and the target's memory (which could make us wait) isn't read for it.
*/
function attach(injection) {
	if (!injection.attached) {
		const result = seizeThread(injection);
		if (result < 0) return seizeFailed(injection, result);
		injection.attached = true;
	}
	if (injection.withdrawing) return subStep.interrupt;
	if (isNotificationValid(injection)) return subStep.addSocket;
	injection.conclude(replyOutcome.cancelled);
	return subStep.letGo;
}
/** Tries again for a moment while an injector that is ending still has the thread. */
function seizeThread(injection) {
	const { threadId, kernel } = injection;
	for (let tries = 0;; tries++) {
		const result = kernel.seize(threadId, 0);
		if (result !== EPERM$1 || tries === maximumSeizeTries || !kernel.isTracedByInjector(threadId)) return result;
		kernel.sleepUs(seizeRetryUs);
	}
}
function seizeFailed(injection, result) {
	const reason = result === EPERM$1 ? replyReason.tracedByAnother : result === ESRCH$2 ? replyReason.threadGone : replyReason.internal;
	if (!injection.withdrawing && !isNotificationValid(injection)) return cancel(injection, reason);
	return refuse(injection, reason === replyReason.internal ? EIO$3 : result, reason);
}
/** Sub-step 3. */
function addSocket(injection, { scoreboard }) {
	const end = injection.socketPair[1];
	injection.strays = scoreboard.leftSockets(injection.threadId);
	injection.scoreboardSlot = scoreboard.note(injection.threadId, end);
	const result = addDescriptor$1(injection, end);
	closePair(injection);
	if (result === ENOENT || result === ESRCH$2 || result === EINPROGRESS) {
		injection.conclude(replyOutcome.cancelled);
		return subStep.letGo;
	}
	if (result >= 0) {
		injection.socket = result;
		injection.strays.push(result);
	} else injection.fail(result, result === -24 ? replyReason.tableFull : replyReason.internal);
	return subStep.interrupt;
}
/** Sub-step 4. */
function interruptThread(injection) {
	if (injection.kernel.interrupt(injection.threadId) < 0) return subStep.gone;
	sendRestart(injection);
	closeListener(injection);
	return subStep.awaitStop;
}
/** Sub-step 5, at a stop. */
function stopArrived(injection, status) {
	if (stopEvent(status) === 128) return subStep.verify;
	if (injection.kernel.interrupt(injection.threadId) < 0) return subStep.gone;
	return injection.kernel.resume(injection.threadId, stopSignal(status)) < 0 ? subStep.gone : -1;
}
/** Sub-step 18. */
function letGo(injection) {
	return injection.kernel.interrupt(injection.threadId) < 0 ? subStep.gone : -1;
}
/** Sub-step 18, at a stop: whichever it is, the kernel goes on from it as if nobody had traced. */
function letGoStopped(injection, status) {
	const signal = stopEvent(status) === 128 ? 0 : stopSignal(status);
	return injection.kernel.detach(injection.threadId, signal) < 0 ? subStep.gone : -2;
}
/** Sub-step 19: the status of its end is awaited, since its parent doesn't get it before we did. */
function gone(injection) {
	concludeGone(injection);
	return -1;
}
/** Notes that the thread has ended under our hands. */
function concludeGone(injection) {
	const outcome = injection.windowOpen ? replyOutcome.killed : replyOutcome.cancelled;
	injection.conclude(outcome, 0, replyReason.threadGone);
}
/** Closes whatever descriptors an injection still holds. */
function closeAll(injection) {
	closeSource(injection);
	closeListener(injection);
	closePair(injection);
}
function closeSource(injection) {
	if (injection.source >= 0) injection.kernel.close(injection.source);
	injection.source = -1;
}
function closeListener(injection) {
	if (injection.listener >= 0) injection.kernel.close(injection.listener);
	injection.listener = -1;
}
function closePair(injection) {
	for (let index = 0; index < 2; index++) {
		const end = injection.socketPair[index];
		if (end >= 0) injection.kernel.close(end);
		injection.socketPair[index] = -1;
	}
}
function refuse(injection, errno, reason) {
	injection.conclude(replyOutcome.refused, errno, reason);
	return end(injection);
}
function cancel(injection, reason) {
	injection.conclude(replyOutcome.cancelled, 0, reason);
	return end(injection);
}
/** A tracing that was taken over from an earlier injection must end too. */
function end(injection) {
	return injection.attached ? subStep.letGo : -2;
}
// core/injector/reissue-batch.ts
/** A reissue under way: what is known of all its threads together. */
var ReissueBatch = class {
	request;
	channel;
	token;
	/** A reissueCode for each thread of the request, in its order. */
	codes;
	/** Killable waits that were ended. */
	endedWaits = 0;
	constructor(request, channel, token) {
		this.request = request;
		this.channel = channel;
		this.token = token;
		this.codes = request.threadIds.map(() => reissueCode.none);
	}
	/**
	* May waits be ended by notification id? Which thread an id belongs to is not known, and one without a
	* pending stop would see errno 513: so only when each thread has one, or has ended.
	*/
	get mayEndWaits() {
		return this.codes.every((code) => code !== reissueCode.traced && code !== reissueCode.refused);
	}
};
// core/injector/reissue.ts
/** Threads of reissues that may wait for their stop: four full requests. */
const maximumParked$1 = 256;
/** A reissue ends when no thread of it has stopped for so long. */
const quietMs = 20;
/**
* Interrupts calls whose record is lost, so that the kernel makes them anew. All threads get their stop
* pending first; only then are killable waits ended by notification id, because a thread without one would
* see errno 513, and nobody knows whose id is whose. **It is the asker's duty to name every thread that is
* blocked under that listener whenever it gives ids**: those of earlier requests that are still pending count
* as named.
*/
var Reissue = class {
	runner;
	engine;
	kernel;
	constructor(runner, engine, kernel) {
		this.runner = runner;
		this.engine = engine;
		this.kernel = kernel;
	}
	/** `holder` has the listener. Threads that don't stop in time are parked with the engine. */
	run(holder, request, channel, token) {
		const batch = new ReissueBatch(request, channel, token);
		const threads = this.takeThreads(batch);
		const seized = threads.filter((thread) => this.runner.advance(thread, subStep.seizeBlocked) === -1);
		for (const thread of threads) if (!seized.includes(thread)) this.engine.finish(thread);
		holder.batch = batch;
		if (!this.kernel.hasRemedy("stopsfirst")) this.runner.advance(holder, subStep.endWaits);
		for (const thread of seized) this.runner.advance(thread, subStep.interruptBlocked);
		this.runner.advance(holder, subStep.endWaits);
		for (const thread of this.awaitStops(seized)) this.engine.park(thread);
		request.threadIds.forEach((threadId, index) => {
			batch.codes[index] = batch.codes[request.threadIds.indexOf(threadId)];
		});
		return batch;
	}
	/** A record for each thread that may be touched; the others get their code at once. */
	takeThreads(batch) {
		const threads = [];
		const room = maximumParked$1 - this.engine.countParked(true);
		batch.request.threadIds.forEach((threadId, index) => {
			const earlier = this.engine.findParked(threadId);
			const isNamedBefore = batch.request.threadIds.indexOf(threadId) < index;
			if (!earlier && !isNamedBefore && threads.length >= room) {
				batch.codes[index] = reissueCode.refused;
				return;
			}
			const thread = this.engine.take();
			thread.beginReissue(batch, index, threadId);
			if (!isNamedBefore && (!earlier || this.engine.takeOver(earlier, thread))) {
				threads.push(thread);
				return;
			}
			batch.codes[index] = reissueCode.pending;
			this.engine.giveBack(thread);
		});
		return threads;
	}
	/** Waits while there is something to see; gives those that have not stopped. */
	awaitStops(threads) {
		let waiting = [...threads];
		let deadlineMs = this.kernel.nowMs() + quietMs;
		for (let rounds = 0; waiting.length > 0 && this.kernel.nowMs() < deadlineMs; rounds++) {
			const left = waiting.filter((thread) => !this.runner.follow(thread, 0));
			if (left.length < waiting.length) {
				for (const thread of waiting) if (!left.includes(thread)) this.end(thread);
				deadlineMs = this.kernel.nowMs() + quietMs;
				rounds = 0;
			} else this.runner.pause(rounds);
			waiting = left;
		}
		return waiting;
	}
	end(thread) {
		const { batch, batchIndex, outcome } = thread;
		if (batch && outcome !== 0) batch.codes[batchIndex] = reissueCode.gone;
		this.engine.finish(thread);
	}
};
// core/injector/replies.ts
/**
* Sends replies. One that nobody takes is dropped: whoever asks next about this call is told from what is
* remembered.
*/
var Replies = class {
	kernel;
	memory;
	constructor(kernel) {
		this.kernel = kernel;
		this.memory = kernel.allocate();
	}
	/** Tells all who asked, once. */
	send(injection) {
		if (injection.replied) return;
		injection.replied = true;
		for (const asker of injection.askers) this.sendTo(asker, injection);
	}
	/** Tells one who asked when the others had been told already. */
	sendTo({ channel, token }, injection) {
		if (channel.descriptor < 0) return;
		const { u32, i32, address } = this.memory;
		beginPacket(u32, 0, packetBytes.reply, packetType.reply, token);
		i32[replyField.result >> 2] = injection.result;
		u32[replyField.outcome >> 2] = injection.outcome;
		u32[replyField.subStep >> 2] = injection.subStep;
		u32[replyField.reason >> 2] = injection.reason;
		u32[replyField.notes >> 2] = injection.notes;
		const endedAtMs = injection.endedAtMs || this.kernel.nowMs();
		u32[replyField.durationUs >> 2] = Math.round((endedAtMs - injection.startedAtMs) * 1e3);
		this.kernel.sendWithDescriptors(channel.descriptor, address, packetBytes.reply, []);
	}
	/** Tells what became of the threads of a reissue. */
	sendReissue({ channel, token, codes, endedWaits }, result) {
		if (channel.descriptor < 0) return;
		encodeReissueReply({
			words: this.memory.u32,
			at: 0
		}, {
			token,
			result,
			endedWaits,
			codes
		});
		this.kernel.sendWithDescriptors(channel.descriptor, this.memory.address, reissuePacketBytes.reply, []);
	}
};
// core/injector/engine.ts
/**
* Injections that may wait for a thread that doesn't stop (in a frozen cgroup, say), besides the current one.
*/
const maximumParked = 64;
/** How long the others wait for one thread before it is parked. */
const parkAfterMs = 20;
const EIO$2 = -5;
/**
* Runs injections one after the other: at most one is inside its window, besides those whose thread doesn't
* stop, which are parked and looked at now and then. Nothing here waits without limit.
*/
var InjectionEngine = class {
	environment;
	runner;
	parked = [];
	/** Those whose thread another one is parked for: two calls of it that are over may leave one each. */
	waiting = [];
	free = [];
	replies;
	reissues;
	constructor(environment, runner) {
		this.environment = environment;
		this.runner = runner;
		this.replies = new Replies(environment.kernel);
		this.reissues = new Reissue(runner, this, environment.kernel);
	}
	get parkedCount() {
		return this.parked.length;
	}
	/** A record for the next request: the packet is to be received at its memory's start. */
	take() {
		return this.free.pop() ?? new Injection(this.environment.kernel);
	}
	/** Gives back a record that take() gave and run() didn't get. */
	giveBack(injection) {
		this.free.push(injection);
	}
	/** Runs an injection to its end, or parks it. One that was asked for before is not begun again. */
	run(injection) {
		if (this.isAnsweredOrJoined(injection)) return;
		const { threadId } = injection;
		const earlier = this.findParked(threadId);
		const isTaken = earlier !== void 0 && this.takeOver(earlier, injection);
		if (!isTaken && this.countParked(false) >= maximumParked) {
			injection.conclude(replyOutcome.refused, EIO$2, replyReason.timeout);
			this.finish(injection);
			return;
		}
		if (earlier !== void 0 && !isTaken) {
			this.waiting.push(injection);
			return;
		}
		if (this.runner.advance(injection, subStep.queue) === -2 || this.runner.follow(injection, parkAfterMs)) this.finishAndGoOn(injection);
		else this.park(injection);
	}
	/** Tells what became of a notification, or that nothing is known of it. */
	tell(query) {
		if (this.isAnsweredOrJoined(query)) return;
		query.isRemembered = false;
		query.conclude(replyOutcome.unknown);
		this.finish(query);
	}
	/** Has the kernel make the calls of these threads anew, and tells what became of each. */
	reissue(holder, request, channel, token) {
		this.replies.sendReissue(this.reissues.run(holder, request, channel, token), 0);
		this.finish(holder);
	}
	/** Looks once at each parked injection. */
	pollParked() {
		for (const injection of [...this.parked]) {
			if (!this.runner.follow(injection, 0)) continue;
			this.parked.splice(this.parked.indexOf(injection), 1);
			this.finishAndGoOn(injection);
		}
	}
	/** Its thread is free for what has waited for that. */
	finishAndGoOn(injection) {
		const { threadId } = injection;
		this.finish(injection);
		const at = this.waiting.findIndex((one) => one.threadId === threadId);
		const [next] = at < 0 ? [] : this.waiting.splice(at, 1);
		if (next !== void 0) this.run(next);
	}
	/** What waits for this thread's next stop. */
	findParked(threadId) {
		return this.parked.find((other) => other.threadId === threadId);
	}
	/** How many wait, of injections or of the threads of reissues. */
	countParked(reissued) {
		const parked = this.parked.filter(({ batch }) => batch !== void 0 === reissued).length;
		return reissued ? parked : parked + this.waiting.length;
	}
	/**
	* A thread that we still trace for an earlier call, which needs nothing any more, is in a new call already:
	* the tracing passes to the new injection.
	*/
	takeOver(earlier, injection) {
		if (earlier.subStep !== subStep.letGo && earlier.subStep !== subStep.interruptBlocked) return false;
		this.parked.splice(this.parked.indexOf(earlier), 1);
		this.finish(earlier);
		injection.attached = true;
		return true;
	}
	park(injection) {
		if (injection.outcome !== 0) this.announce(injection);
		this.parked.push(injection);
	}
	finish(injection) {
		closeAll(injection);
		this.environment.scoreboard.clear(injection.scoreboardSlot);
		if (injection.closedLeft) this.environment.scoreboard.forgetLeft(injection.threadId);
		this.announce(injection);
		this.free.push(injection);
	}
	/**
	* Asking again is safe: what is under way tells the new asker too when it ends, and what has ended is told
	* again, without touching the target.
	*/
	isAnsweredOrJoined(injection) {
		const underWay = [...this.parked, ...this.waiting].find((other) => other.isSameAs(injection));
		if (underWay) {
			for (const asker of injection.askers) if (underWay.replied) this.replies.sendTo(asker, underWay);
			else underWay.addAsker(asker.channel, asker.token);
			injection.askers.length = 0;
			injection.isRemembered = false;
			this.finish(injection);
			return true;
		}
		const known = this.environment.scoreboard.outcomes.find(injection);
		if (known === void 0) return false;
		injection.isRemembered = false;
		injection.conclude(known.outcome, known.result, known.reason);
		injection.subStep = known.subStep;
		injection.notes = known.notes | replyNote.remembered;
		this.finish(injection);
		return true;
	}
	/** Written down first, so that nobody is told what a successor wouldn't be. */
	announce(injection) {
		this.environment.scoreboard.outcomes.conclude(injection);
		this.replies.send(injection);
	}
};
// simulator/kernel/notifier-calls.ts
const CONTINUE = 1;
const addFlag = {
	setNumber: 1,
	send: 2
};
/**
* The ioctls of seccomp_unotify(2) on a listener, with their structures as bytes (linux/seccomp.h), in the
* order of the kernel's own checks (kernel/seccomp.c). Bytes may be where nothing is, or can't be written.
* For RECV the caller has polled: what would wait is a defect of the model's user.
*/
function notifierCall(process, descriptor, command, bytes) {
	const listener = process.table.at(descriptor);
	if (listener === void 0) return no("EBADF");
	if (!(listener instanceof ListenerEnd)) return no("ENOTTY");
	const { filter } = listener;
	if (command === notifyCommand.SET_FLAGS) return setFlags(bytes);
	if (command === notifyCommand.RECV) return receive$1(filter, bytes);
	if (![
		notifyCommand.SEND,
		notifyCommand.ID_VALID,
		notifyCommand.ADDFD
	].includes(command)) return no("EINVAL");
	if (bytes === "nowhere" || bytes === "read-only") return no("EFAULT");
	const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
	const id = words.getBigUint64(0, true);
	if (command === notifyCommand.ID_VALID) return filter.check(id);
	return command === notifyCommand.SEND ? send$1(filter, id, words) : addDescriptor(process, filter, id, words);
}
/** The flags are the argument itself: its low byte. */
function setFlags(bytes) {
	return typeof bytes === "string" || ((bytes[0] ?? 0) & -2) !== 0 ? no("EINVAL") : 0;
}
function receive$1(filter, bytes) {
	if (bytes === "nowhere") return no("EFAULT");
	if (bytes !== "read-only" && bytes.some((byte) => byte !== 0)) return no("EINVAL");
	const notification = filter.receiveAnyway();
	if (notification === void 0) throw deputyError("DEPUTY_E_MODEL_GAP", { what: "a RECV that waits" });
	if (typeof notification === "number") return notification;
	if (bytes === "read-only") {
		filter.putBack(notification);
		return no("EFAULT");
	}
	writeNotification(notification, new DataView(bytes.buffer, bytes.byteOffset));
	return 0;
}
/** struct seccomp_notif. */
function writeNotification(notification, words) {
	words.setBigUint64(0, notification.id, true);
	words.setUint32(8, notification.thread.threadId, true);
	words.setInt32(16, notification.number, true);
	words.setUint32(20, abi.auditArchitecture, true);
	words.setBigInt64(24, BigInt(notification.instructionPointer), true);
	notification.values.forEach((value, index) => {
		words.setBigInt64(32 + 8 * index, BigInt(value), true);
	});
}
/** struct seccomp_notif_resp. */
function send$1(filter, id, words) {
	const value = Number(words.getBigInt64(8, true));
	const error = words.getInt32(16, true);
	const flags = words.getUint32(20, true);
	if ((flags & -2) !== 0) return no("EINVAL");
	const isContinue = flags === CONTINUE;
	if (isContinue && (value !== 0 || error !== 0)) return no("EINVAL");
	return filter.send(id, {
		value,
		error,
		isContinue
	});
}
/** struct seccomp_notif_addfd. */
function addDescriptor(process, filter, id, words) {
	const flags = words.getUint32(8, true);
	const number = words.getUint32(16, true);
	const newFlags = words.getUint32(20, true);
	const sets = (flags & addFlag.setNumber) !== 0;
	if ((newFlags & ~flag.O_CLOEXEC) !== 0) return no("EINVAL");
	if ((flags & ~(addFlag.setNumber | addFlag.send)) !== 0) return no("EINVAL");
	if (number !== 0 && !sets) return no("EINVAL");
	const source = process.table.at(words.getUint32(12, true));
	const closeOnExec = (newFlags & flag.O_CLOEXEC) !== 0;
	const answers = (flags & addFlag.send) !== 0;
	return filter.addDescriptor(id, source, closeOnExec, sets ? number : void 0, answers);
}
// simulator/actors/injector/model-kernel.ts
/** Bytes of struct seccomp_notif_resp and of struct seccomp_notif_addfd. */
const structBytes = 24;
const numbers = {
	mmap: syscall.mmap,
	munmap: syscall.munmap,
	recvmsg: syscall.recvmsg,
	dup3: syscall.dup3,
	close: syscall.close
};
/** The injector's port over the modelled kernel, for one injector's process. */
function modelInjectorKernel(world, process, crashPoint, nowMs) {
	const { kernel } = world;
	return {
		numbers,
		allocate: () => allocatePage(process),
		nowMs,
		sleepUs: () => void 0,
		seize: (threadId) => seize(kernel, process, threadId),
		interrupt: (threadId) => interrupt(kernel, process, threadId),
		resume: (threadId, signal) => resume(kernel, process, threadId, signal, "continue"),
		resumeToSyscall: (threadId, signal) => resume(kernel, process, threadId, signal, "syscall"),
		detach: (threadId, signal) => resume(kernel, process, threadId, signal, "detach"),
		setOptions: (threadId, options) => setOptions(world, process, threadId, options),
		...registerCalls(world, process),
		killTraced: (threadId) => {
			const thread = tracee(kernel, process, threadId);
			if (thread === void 0) return no("ESRCH");
			kernel.kill(thread.process);
			return 0;
		},
		...memoryCalls(world, process),
		ioctl: (descriptor, command, address) => notifierCall(process, descriptor, command, process.memory.view(address, structBytes) ?? "nowhere"),
		close: (descriptor) => process.table.close(descriptor),
		createSocketPair: (ends) => {
			kernel.socketPair().forEach((end, index) => {
				ends[index] = process.table.add(end, true);
			});
			return 0;
		},
		sendWithDescriptors: (descriptor, address, bytes, passed) => send(process, descriptor, address, bytes, passed),
		isSameOpenFile: (threadId, ours, theirs) => kernel.threads.get(threadId)?.table.at(theirs) === process.table.at(ours),
		countFilters: (threadId) => 1 + Math.min(1, kernel.threads.get(threadId)?.process.fatalCalls.size ?? 0),
		isTracedByInjector: (threadId) => kernel.threads.get(threadId)?.tracing?.tracer.actor.startsWith("injector") === true,
		isThreadAlive: (threadId) => kernel.threads.has(threadId),
		hasRemedy: () => true,
		crashPoint
	};
}
function setOptions(world, process, threadId, options) {
	const thread = stopped(world.kernel, process, threadId);
	if (thread?.tracing === void 0) return no("ESRCH");
	thread.tracing.options = options;
	return 0;
}
function registerCalls(world, process) {
	const { kernel } = world;
	const move = (threadId, address, isRead) => {
		const thread = stopped(kernel, process, threadId);
		const local = process.memory.view(address, 216);
		if (thread === void 0 || local === void 0) return no("ESRCH");
		if (isRead) local.set(thread.registers.bytes);
		else thread.registers.bytes.set(local);
		return 0;
	};
	return {
		getRegisters: (threadId, address) => move(threadId, address, true),
		setRegisters: (threadId, address) => move(threadId, address, false),
		getSignalMask: (threadId, address) => {
			const thread = stopped(kernel, process, threadId);
			const local = process.memory.view(address, 8);
			if (thread === void 0 || local === void 0) return no("ESRCH");
			local.fill(0);
			for (const signal of thread.signalMask) local[signal - 1 >> 3] = bitOf(local, signal);
			return 0;
		},
		setSignalMask: (threadId, address) => {
			const thread = stopped(kernel, process, threadId);
			const local = process.memory.view(address, 8);
			if (thread === void 0 || local === void 0) return no("ESRCH");
			const signals = Array.from({ length: 64 }, (_, index) => index + 1);
			thread.signalMask = new Set(signals.filter((signal) => bitOf(local, signal) === local[signal - 1 >> 3]));
			return 0;
		}
	};
}
/** The byte of a signal set with the signal's bit in it. */
function bitOf(bytes, signal) {
	return bytes[signal - 1 >> 3] | 1 << (signal - 1 & 7);
}
function memoryCalls(world, process) {
	const views = (threadId, remote, local, bytes) => ({
		theirs: world.kernel.threads.get(threadId)?.process.memory.view(remote, bytes),
		ours: process.memory.view(local, bytes)
	});
	return {
		readThreadMemory: (threadId, remote, local, bytes) => {
			if (isCode(world, threadId, remote)) return readCode(process, local);
			const { theirs, ours } = views(threadId, remote, local, bytes);
			if (theirs === void 0 || ours === void 0) return no("EFAULT");
			ours.set(theirs);
			return theirs.length;
		},
		writeThreadMemory: (threadId, remote, local, bytes) => {
			const { theirs, ours } = views(threadId, remote, local, bytes);
			if (theirs === void 0 || ours === void 0) return no("EFAULT");
			theirs.set(ours.subarray(0, theirs.length));
			return theirs.length;
		},
		isAnonymousMemory: (threadId, remote) => world.kernel.threads.get(threadId)?.process.memory.find(remote)?.isAnonymous === true ? 1 : 0
	};
}
/** The one instruction of a program is not kept as bytes. */
function isCode(world, threadId, remote) {
	return world.kernel.threads.get(threadId)?.callSite === remote;
}
function readCode(process, local) {
	process.memory.view(local, 2)?.set([15, 5]);
	return 2;
}
function send(process, descriptor, address, bytes, passed) {
	const socket = process.table.at(descriptor);
	if (!(socket instanceof SocketEnd)) return sendPacket(process, descriptor, address, bytes, passed);
	for (const number of passed) {
		const description = process.table.at(number);
		if (description === void 0) return no("EBADF");
		socket.peer?.deliver(description);
	}
	return bytes;
}
// core/injector/injected-call.ts
const EIO$1 = -5;
const SIGSTOP = 19;
/** Signals that the thread itself causes: SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, SIGSYS (signal(7)). */
const faultSignals = /* @__PURE__ */ new Set([
	4,
	5,
	7,
	8,
	11,
	31
]);
/**
* Starts a system call in the stopped target: at the `syscall` instruction of the call it was in, with no
* restart to be made by the kernel (original rax -1). The thread stops again at its entry and at its exit.
*/
function startCall(injection, number, ...values) {
	const { memory } = injection;
	copyOriginalRegisters(injection);
	const pointer = getWord(memory, place.request + requestField.instructionPointer);
	putWord(memory, place.working + register.rip, pointer - 2);
	putWord(memory, place.working + register.rax, number);
	putWord(memory, place.working + register.originalRax, -1);
	values.forEach((value, index) => {
		putWord(memory, place.working + argumentRegisters[index], value);
	});
	injection.callPhase = 0;
	return injection.kernel.setRegisters(injection.threadId, injection.at(place.working)) < 0 ? subStep.gone : go(injection, 0);
}
/** Acts on a stop during an injected call; `finish` gets the call's result at its end. */
function callStopped(injection, status, finish) {
	const signal = stopSignal(status);
	if (stopEvent(status) === 128) return go(injection, 0);
	if (signal === 133) {
		if (injection.callPhase++ === 0) return go(injection, 0);
		if (injection.kernel.getRegisters(injection.threadId, injection.at(place.working)) < 0) return subStep.gone;
		return finish(injection, getWord(injection.memory, place.working + register.rax));
	}
	if (signal !== SIGSTOP && faultSignals.has(signal) && injection.kernel.hasRemedy("suspend")) {
		injection.fail(EIO$1, replyReason.injectedCallFailed);
		return injection.retreating ? subStep.retreat : subStep.restore;
	}
	return go(injection, signal);
}
function go(injection, signal) {
	return injection.kernel.resumeToSyscall(injection.threadId, signal) < 0 ? subStep.gone : -1;
}
// core/injector/window-steps.ts
const ESRCH$1 = -3;
const alignment = 16;
/** Sub-step 6. */
function verify(injection) {
	if (injection.kernel.getRegisters(injection.threadId, injection.at(place.original)) < 0) return subStep.gone;
	const isAnswerable = !injection.withdrawing && isSameCall(injection);
	const isClean = injection.strays.length === 0;
	if (isAnswerable) return isClean ? subStep.giveErrno : subStep.openWindow;
	injection.retreating = true;
	injection.conclude(replyOutcome.cancelled);
	if (injection.withdrawing && !isStillOurs(injection)) return subStep.detach;
	if (isClean) return subStep.detach;
	if (hasSyscallInstruction(injection)) return subStep.openWindow;
	injection.notes |= replyNote.socketLeft;
	return subStep.detach;
}
/** Is the number in the target's table the same open file description as the source? */
function isStillOurs({ kernel, threadId, source, socket }) {
	return kernel.isSameOpenFile(threadId, source, socket);
}
/** The thread stands where the kernel itself would go back by one instruction to restart this very call. */
function isSameCall(injection) {
	const { memory } = injection;
	const original = (offset) => getWord(memory, place.original + offset);
	return original(register.originalRax) === memory.i32[place.request + requestField.number >> 2] && isRestartErrno(original(register.rax)) && matches(injection, register.rip, requestField.instructionPointer) && matches(injection, register.rdi, requestField.arguments) && matches(injection, register.rsi, requestField.arguments + 8) && matches(injection, register.rdx, requestField.arguments + 16);
}
function matches(injection, registerOffset, field) {
	const { memory } = injection;
	return sameWord(memory, place.original + registerOffset, memory, place.request + field);
}
function hasSyscallInstruction(injection) {
	const { memory, threadId } = injection;
	const from = getWord(memory, place.request + requestField.instructionPointer) - 2;
	return injection.kernel.readThreadMemory(threadId, from, injection.at(place.code), 2) === 2 && memory.u16[place.code >> 1] === 1295;
}
/** Sub-step 7: from here to sub-step 12 the target is right again, or dead. */
function openWindow(injection, environment) {
	const { threadId } = injection;
	if (injection.kernel.getSignalMask(threadId, injection.at(place.oldMask)) < 0) return subStep.gone;
	environment.scoreboard.outcomes.windowOpens(injection);
	const exitKill = injection.kernel.hasRemedy("exitkill") ? traceOption.EXITKILL : 0;
	const options = traceOption.TRACESYSGOOD | exitKill;
	if ((environment.maySuspendFilters ? injection.kernel.setOptions(threadId, options | traceOption.SUSPEND_SECCOMP) : -1) < 0) {
		if (injection.kernel.setOptions(threadId, options) < 0) return subStep.gone;
		injection.notes |= replyNote.filtersActive;
	}
	injection.windowOpen = true;
	if (injection.kernel.hasRemedy("sigmask") && injection.kernel.setSignalMask(threadId, injection.at(place.fullMask)) < 0) return subStep.gone;
	return injection.retreating || injection.socket < 0 ? subStep.closeSocket : subStep.prepareScratch;
}
/** Sub-step 8: the stack below the red zone, if touching it can't make us wait; else a page of its own. */
function prepareScratch(injection) {
	const { memory, threadId } = injection;
	if ((injection.flags & requestFlag.privatePage) !== 0) return subStep.mapScratch;
	const top = getWord(memory, place.original + register.rsp) - 128 - 80;
	const address = Math.floor(top / alignment) * alignment;
	if (address <= 0 || injection.kernel.isAnonymousMemory(threadId, address, 80) !== 1) return subStep.mapScratch;
	const saved = injection.at(place.saved);
	if (injection.kernel.readThreadMemory(threadId, address, saved, 80) !== 80) return subStep.mapScratch;
	const written = writeScratch(injection, address);
	if (written === 80) {
		injection.scratchAddress = address;
		return subStep.receive;
	}
	if (written > 0) injection.kernel.writeThreadMemory(threadId, address, saved, written);
	return subStep.mapScratch;
}
/**
* Writes struct msghdr (recvmsg(2)), no buffers, room for one descriptor: bytes written, or minus an errno.
*/
function writeScratch(injection, address) {
	const { memory } = injection;
	memory.u8.fill(0, place.scratch, place.scratch + 80);
	putWord(memory, place.scratch + messageHeader.control, address + 56);
	putWord(memory, place.scratch + messageHeader.controlLength, 24);
	return injection.kernel.writeThreadMemory(injection.threadId, address, injection.at(place.scratch), 80);
}
/** Sub-step 12. The original rax of -1 tells the kernel that there is nothing to restart. */
function restore(injection, environment) {
	const { threadId } = injection;
	if (injection.scratchAddress !== 0 && !injection.scratchIsPage) injection.kernel.writeThreadMemory(threadId, injection.scratchAddress, injection.at(place.saved), 80);
	const result = injection.failure < 0 ? injection.failure : injection.delivered;
	if (setResult(injection, result) < 0 || restoreMask(injection) < 0) return spoiled(injection);
	return closeWindow(injection, environment, result);
}
/** The outcome is known to successors before the thread can run on with it. */
function closeWindow(injection, { scoreboard }, result) {
	scoreboard.outcomes.windowCloses(injection, result);
	injection.kernel.crashPoint(subStep.restore, "between");
	injection.windowOpen = false;
	injection.kernel.setOptions(injection.threadId, 0);
	injection.conclude(replyOutcome.completed, result, injection.failureReason);
	scoreboard.outcomes.conclude(injection);
	return subStep.detach;
}
/** Sub-step 20: one register is all that changes, at once, so there is no window. */
function giveErrno(injection, { scoreboard }) {
	if (setResult(injection, injection.failure) < 0) return subStep.gone;
	injection.conclude(replyOutcome.completed, injection.failure, injection.failureReason);
	scoreboard.outcomes.conclude(injection);
	return subStep.detach;
}
function setResult(injection, result) {
	copyOriginalRegisters(injection);
	putWord(injection.memory, place.working + register.rax, result);
	putWord(injection.memory, place.working + register.originalRax, -1);
	return injection.kernel.setRegisters(injection.threadId, injection.at(place.working));
}
function restoreMask(injection) {
	return injection.kernel.hasRemedy("sigmask") ? injection.kernel.setSignalMask(injection.threadId, injection.at(place.oldMask)) : 0;
}
/**
* Sub-step 17. A thread that was being interrupted in a call must end in the same kind of stop again: there
* the kernel decides between a handler, EINTR and a restart, as if nobody had been there.
*/
function retreat(injection) {
	const { memory, threadId } = injection;
	if (injection.kernel.setRegisters(threadId, injection.at(place.original)) < 0) return spoiled(injection);
	if (restoreMask(injection) < 0) return spoiled(injection);
	if (!(getWord(memory, place.original + register.originalRax) >= 0 && isRestartErrno(getWord(memory, place.original + register.rax)))) return leave(injection);
	if (injection.kernel.interrupt(threadId) < 0) return subStep.gone;
	return injection.kernel.resume(threadId, 0) < 0 ? subStep.gone : -1;
}
/** Sub-step 17, at a stop. */
function retreatStopped(injection, status) {
	if (stopEvent(status) !== 128) injection.pendingSignal = stopSignal(status);
	return leave(injection);
}
function leave(injection) {
	injection.windowOpen = false;
	injection.kernel.setOptions(injection.threadId, 0);
	return subStep.detach;
}
/** Sub-step 13. */
function detachThread(injection) {
	injection.endedAtMs = injection.kernel.nowMs();
	return injection.kernel.detach(injection.threadId, injection.pendingSignal) < 0 ? subStep.gone : -2;
}
/** The thread can't be put right: it is gone already, or it must go. */
function spoiled(injection) {
	if (injection.kernel.killTraced(injection.threadId) !== ESRCH$1) injection.windowOpen = true;
	return subStep.gone;
}
// core/injector/call-steps.ts
const EIO = -5;
const EMFILE = -24;
const O_CLOEXEC = 524288;
const PROT_READ_WRITE = 3;
const MAP_PRIVATE_ANONYMOUS = 34;
/** cmsg_len of one descriptor: header of 16 bytes, and 4. */
const oneDescriptorLength = 20;
/** Sub-step 14. */
function mapScratch(injection) {
	return startCall(injection, injection.kernel.numbers.mmap, 0, pageBytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
}
function scratchMapped(injection, result) {
	if (result < 0) return give(injection, EIO, replyReason.injectedCallFailed);
	injection.scratchAddress = result;
	injection.scratchIsPage = true;
	injection.notes |= replyNote.privatePage;
	if (writeScratch(injection, result) === 80) return subStep.receive;
	return give(injection, EIO, replyReason.injectedCallFailed);
}
/** Sub-step 9. MSG_CMSG_CLOEXEC, since another thread may fork and execute in between. */
function receive(injection) {
	return startCall(injection, injection.kernel.numbers.recvmsg, injection.socket, injection.scratchAddress, 1073741888);
}
function received(injection, result) {
	const { memory, threadId, scratchAddress } = injection;
	if (result < 0) return give(injection, EIO, replyReason.injectedCallFailed);
	if (injection.kernel.readThreadMemory(threadId, scratchAddress, injection.at(place.scratch), 80) !== 80) return give(injection, EIO, replyReason.injectedCallFailed);
	const filled = getWord(memory, place.scratch + messageHeader.controlLength);
	const length = getWord(memory, place.scratch + 56);
	if (filled < oneDescriptorLength || length !== oneDescriptorLength) return give(injection, EMFILE, replyReason.tableFull);
	injection.receivedDescriptor = memory.i32[place.scratch + 56 + 16 >> 2];
	if (injection.kernel.hasRemedy("dup3")) return subStep.renumber;
	injection.delivered = injection.receivedDescriptor;
	return subStep.closeSocket;
}
/** Sub-step 10: the socket's number was the lowest free one, and an open gives that. */
function renumber(injection) {
	const flags = (injection.flags & requestFlag.closeOnExec) !== 0 ? O_CLOEXEC : 0;
	return startCall(injection, injection.kernel.numbers.dup3, injection.receivedDescriptor, lowestNumber(injection), flags);
}
/** What a killed injector left behind is replaced by what it was to bring. */
function lowestNumber({ strays }) {
	return Math.min(...strays);
}
function renumbered(injection, result) {
	if (result === lowestNumber(injection)) {
		injection.delivered = result;
		dropStray(injection, result);
	} else injection.fail(EIO, replyReason.injectedCallFailed);
	return subStep.closeReceived;
}
/** Sub-step 11. */
function closeReceived(injection) {
	return startCall(injection, injection.kernel.numbers.close, injection.receivedDescriptor);
}
function receivedClosed(injection) {
	injection.receivedDescriptor = -1;
	return injection.strays.length > 0 ? subStep.closeSocket : afterCalls(injection);
}
/** Sub-step 16, once for each. */
function closeSocket(injection) {
	return startCall(injection, injection.kernel.numbers.close, injection.strays[0]);
}
function socketClosed(injection) {
	dropStray(injection, injection.strays[0]);
	return injection.strays.length > 0 ? subStep.closeSocket : afterCalls(injection);
}
function dropStray(injection, number) {
	if (number !== injection.socket) injection.closedLeft = true;
	injection.strays = injection.strays.filter((one) => one !== number);
}
/** Sub-step 15. */
function unmapScratch(injection) {
	return startCall(injection, injection.kernel.numbers.munmap, injection.scratchAddress, pageBytes);
}
function scratchUnmapped(injection) {
	injection.scratchAddress = 0;
	injection.scratchIsPage = false;
	return subStep.restore;
}
function give(injection, errno, reason) {
	injection.fail(errno, reason);
	return subStep.closeSocket;
}
function afterCalls(injection) {
	if (injection.retreating) return subStep.retreat;
	return injection.scratchIsPage ? subStep.unmapScratch : subStep.restore;
}
// core/injector/reissue-steps.ts
const EPERM = -1;
const ESRCH = -3;
/**
* Sub-step 21. If the injector dies from here on, the kernel ends the tracing and nothing was changed: a
* plain wait that the interruption ended is begun anew, a killable one goes on unless it was ended with -513,
* which begins it anew too, since the thread still has work to do on its way out of the kernel.
*/
function seizeBlocked(injection) {
	if (injection.attached) return -1;
	const result = injection.threadId > 0 ? seizeThread(injection) : ESRCH;
	if (result >= 0) {
		injection.attached = true;
		return -1;
	}
	setCode(injection, result === ESRCH ? reissueCode.gone : result === EPERM ? reissueCode.traced : reissueCode.refused);
	return -2;
}
/** Sub-step 22. Without WAIT_KILLABLE_RECV this alone ends the wait. */
function interruptBlocked(injection) {
	setCode(injection, reissueCode.pending);
	return injection.kernel.interrupt(injection.threadId) < 0 ? subStep.gone : -1;
}
/** Sub-step 23, once a batch: ENOENT for an id whose plain wait is over, or that a killed thread had. */
function endWaits(injection) {
	const { batch } = injection;
	if (!batch?.mayEndWaits) return -2;
	for (const id of batch.request.notificationIds) if (sendRestartFor(injection, id) >= 0) batch.endedWaits++;
	return -2;
}
/**
* Sub-step 22, at a stop: whichever it is, the kernel goes on from it as if nobody had traced. A signal that
* came first is delivered now, and where its handler makes the call end with EINTR, it did so by itself.
*/
function blockedStopped(injection, status) {
	if (injection.kernel.getRegisters(injection.threadId, injection.at(place.original)) < 0) return subStep.gone;
	setCode(injection, isToRestart(injection) ? reissueCode.reissued : reissueCode.gone);
	injection.pendingSignal = stopEvent(status) === 128 ? 0 : stopSignal(status);
	return subStep.letRestart;
}
/** Sub-step 24. */
function letRestart(injection) {
	return injection.kernel.detach(injection.threadId, injection.pendingSignal) < 0 ? subStep.gone : -2;
}
/** Does it stand in a notified call, where the kernel is about to make it anew? */
function isToRestart(injection) {
	const number = getWord(injection.memory, place.original + register.originalRax);
	const numbers = injection.batch?.request.syscallNumbers ?? [];
	if (number < 0 || numbers.length > 0 && !numbers.includes(number)) return false;
	return isRestartErrno(getWord(injection.memory, place.original + register.rax));
}
function setCode({ batch, batchIndex }, code) {
	if (batch) batch.codes[batchIndex] = code;
}
// core/injector/table.ts
function callEntry(name, begin, finish) {
	return {
		name,
		begin,
		stopped: (injection, status) => callStopped(injection, status, finish)
	};
}
const entries$1 = {
	[subStep.queue]: {
		name: "queue",
		begin: queue
	},
	[subStep.attach]: {
		name: "attach",
		begin: attach
	},
	[subStep.addSocket]: {
		name: "add-socket",
		begin: addSocket
	},
	[subStep.interrupt]: {
		name: "interrupt",
		begin: interruptThread
	},
	[subStep.awaitStop]: {
		name: "await-stop",
		begin: () => -1,
		stopped: stopArrived
	},
	[subStep.verify]: {
		name: "verify",
		begin: verify
	},
	[subStep.openWindow]: {
		name: "open-window",
		begin: openWindow
	},
	[subStep.prepareScratch]: {
		name: "prepare-scratch",
		begin: prepareScratch
	},
	[subStep.receive]: callEntry("receive", receive, received),
	[subStep.renumber]: callEntry("renumber", renumber, renumbered),
	[subStep.closeReceived]: callEntry("close-received", closeReceived, receivedClosed),
	[subStep.restore]: {
		name: "restore",
		begin: restore
	},
	[subStep.detach]: {
		name: "detach",
		begin: detachThread
	},
	[subStep.mapScratch]: callEntry("map-scratch", mapScratch, scratchMapped),
	[subStep.unmapScratch]: callEntry("unmap-scratch", unmapScratch, scratchUnmapped),
	[subStep.closeSocket]: callEntry("close-socket", closeSocket, socketClosed),
	[subStep.retreat]: {
		name: "retreat",
		begin: retreat,
		stopped: retreatStopped
	},
	[subStep.letGo]: {
		name: "let-go",
		begin: letGo,
		stopped: letGoStopped
	},
	[subStep.gone]: {
		name: "gone",
		begin: gone
	},
	[subStep.giveErrno]: {
		name: "give-errno",
		begin: giveErrno
	},
	[subStep.seizeBlocked]: {
		name: "seize-blocked",
		begin: seizeBlocked
	},
	[subStep.interruptBlocked]: {
		name: "interrupt-blocked",
		begin: interruptBlocked,
		stopped: blockedStopped
	},
	[subStep.endWaits]: {
		name: "end-waits",
		begin: endWaits
	},
	[subStep.letRestart]: {
		name: "let-restart",
		begin: letRestart
	}
};
/** The sub-step of a number; an unknown number is a defect of the table. */
function subStepEntry(number) {
	const entry = entries$1[number];
	if (!entry) throw new RangeError(`no sub-step ${number}`);
	return entry;
}
// simulator/actors/injector/runner.ts
/** Runs sub-steps of the real table, each a point; what must wait for a stop goes on when that has come. */
var ModelRunner = class {
	world;
	process;
	passTime;
	environment;
	constructor(world, process, passTime) {
		this.world = world;
		this.process = process;
		this.passTime = passTime;
	}
	advance(injection, from) {
		let next = from;
		while (next >= 0) {
			injection.subStep = next;
			const entry = subStepEntry(next);
			const request = this.world.isTraced ? idOf(injection) : null;
			this.world.steps++;
			const result = this.world.stepAtOnce(this.process, "injector", entry.name, request, () => entry.begin(injection, this.environment));
			if (result === void 0) throw new Vanished();
			next = result;
		}
		return next;
	}
	follow(injection) {
		for (;;) {
			const status = this.poll(injection);
			if (status === void 0) return false;
			if (status === "ended") {
				concludeGone(injection);
				return true;
			}
			const next = subStepEntry(injection.subStep).stopped?.(injection, status);
			if (next !== void 0 && this.advance(injection, next) === -2) return true;
		}
	}
	pause() {
		this.passTime();
	}
	poll({ threadId }) {
		const thread = tracee(this.world.kernel, this.process, threadId);
		if (thread === void 0) return "ended";
		const status = takeStatus(thread, this.process);
		return status === 0 ? void 0 : status;
	}
};
function idOf({ memory }) {
	return memory.u64[place.request + requestField.id >> 3].toString(16);
}
// core/injector/outcomes.ts
/**
* How many outcomes are remembered. What a successor asks about was under way when its predecessor died, at
* most 64 requests a target by default: 1,024 is sixteen such targets at once. The successor asks before it
* sends anything new.
*/
const entries = 1024;
const entryBytes = 32;
/** Bytes of the ring in the scoreboard's memory. */
const outcomeRingBytes = 32832;
/** Words of an entry. `commit` is zero while the others are written, and is written last. */
const word = {
	idLow: 0,
	idHigh: 1,
	threadId: 2,
	kind: 3,
	result: 4,
	reason: 5,
	detail: 6,
	commit: 7
};
const entryWords = entryBytes / 4;
/**
* The commit word is an outcome, or one of these while EXITKILL is about to be set, set, or about to be taken
* away. If the injector dies then, the thread dies with it; or else, with `open`, it had not been changed yet
* and the kernel makes its call anew, and with `leaving` it goes on with the result that stands in the entry.
*/
const open = 256;
const leaving = 512;
/**
* What became of each notification that an injector was asked about, in memory that outlives injectors. An
* entry is written before anyone is told, and before the thread can run on:
*
* - A descriptor: the entry says `open` before EXITKILL is set, `leaving` (with the result) while it is still
*   set and all is in place, and `completed` once it is off. At whichever of these a SIGKILL strikes, the
*   thread is dead or as the entry says, and the next injector finds out by looking whether it lives. What
*   remains: a thread that ended by itself between that and the next injector's start counts as killed.
* - An errno without a descriptor is one change of one register, without EXITKILL. What remains: SIGKILL
*   between that change and the entry, a few instructions, leaves no entry though the call has its errno.
*/
var OutcomeRing = class {
	isThreadAlive;
	words;
	/** The lower half of each entry's id, side by side: they can be searched at no cost. */
	lowIds = new Uint32Array(entries);
	/** `memory` from `at` on is the ring's, zeroed when it is new. */
	constructor(memory, at, isThreadAlive) {
		this.isThreadAlive = isThreadAlive;
		this.words = memory.u32.subarray(at >> 2, at + outcomeRingBytes >> 2);
		for (let entry = 0; entry < entries; entry++) {
			this.lowIds[entry] = this.get(entry, word.idLow);
			this.settle(entry);
		}
	}
	/** The thread's registers are about to be changed, under EXITKILL. */
	windowOpens(injection) {
		const entry = this.reserve(injection);
		injection.outcomeEntry = entry;
		this.commit(entry, open);
	}
	/** The thread is as it shall be, but for EXITKILL. */
	windowCloses(injection, result) {
		const entry = injection.outcomeEntry;
		this.put(entry, word.result, result);
		this.put(entry, word.reason, injection.failureReason);
		this.put(entry, word.detail, detailOf(injection));
		this.commit(entry, leaving);
	}
	/** The injection has its outcome, and nobody was told yet. */
	conclude(injection) {
		if (injection.outcome === 0 || !injection.isRemembered) return;
		const entry = injection.outcomeEntry < 0 ? this.reserve(injection) : injection.outcomeEntry;
		if (this.get(entry, word.commit) !== leaving) {
			this.put(entry, word.result, injection.result);
			this.put(entry, word.reason, injection.reason);
			this.put(entry, word.detail, detailOf(injection));
		}
		this.commit(entry, injection.outcome);
		injection.outcomeEntry = -1;
		injection.isRemembered = false;
	}
	/** What became of the notification that this injection is about, or undefined. */
	find(injection) {
		const low = injection.memory.u32[place.request + requestField.id >> 2];
		let entry = this.lowIds.indexOf(low);
		while (entry >= 0 && !this.isFinalOf(entry, injection)) entry = this.lowIds.indexOf(low, entry + 1);
		if (entry < 0) return void 0;
		const detail = this.get(entry, word.detail);
		return {
			outcome: this.get(entry, word.commit),
			result: this.get(entry, word.result) | 0,
			reason: this.get(entry, word.reason),
			subStep: detail & 65535,
			notes: detail >>> 16
		};
	}
	isFinalOf(entry, injection) {
		const { u32 } = injection.memory;
		const commit = this.get(entry, word.commit);
		return commit !== 0 && commit < open && this.get(entry, word.idLow) === u32[place.request + requestField.id >> 2] && this.get(entry, word.idHigh) === u32[place.request + requestField.id + 4 >> 2] && this.get(entry, word.threadId) === injection.threadId && this.get(entry, word.kind) === kindOf(injection);
	}
	/** What an injector that was killed left in the middle. */
	settle(entry) {
		const commit = this.get(entry, word.commit);
		if (commit !== open && commit !== leaving) return;
		if (!this.isThreadAlive(this.get(entry, word.threadId))) {
			this.commit(entry, 0);
			this.put(entry, word.result, 0);
			this.put(entry, word.reason, replyReason.threadGone);
			this.commit(entry, replyOutcome.killed);
		} else this.commit(entry, commit === leaving ? replyOutcome.completed : replyOutcome.cancelled);
	}
	/** The next entry, with all but its outcome. Those of open windows are left alone. */
	reserve(injection) {
		for (let tries = 0;; tries++) {
			const entry = this.words[0] % entries;
			Atomics.store(this.words, 0, (entry + 1) % entries);
			if (this.get(entry, word.commit) >= open && tries < entries) continue;
			this.fill(entry, injection);
			return entry;
		}
	}
	fill(entry, injection) {
		const { u32 } = injection.memory;
		this.commit(entry, 0);
		this.lowIds[entry] = u32[place.request + requestField.id >> 2];
		this.put(entry, word.idLow, this.lowIds[entry]);
		this.put(entry, word.idHigh, u32[place.request + requestField.id + 4 >> 2]);
		this.put(entry, word.threadId, injection.threadId);
		this.put(entry, word.kind, kindOf(injection));
		this.put(entry, word.result, 0);
		this.put(entry, word.reason, 0);
		this.put(entry, word.detail, 0);
	}
	get(entry, offset) {
		return this.words[16 + entry * entryWords + offset];
	}
	put(entry, offset, value) {
		this.words[16 + entry * entryWords + offset] = value;
	}
	/** Atomic so that it stays behind what was put before it. */
	commit(entry, value) {
		Atomics.store(this.words, 16 + entry * entryWords + word.commit, value);
	}
};
function kindOf(injection) {
	return injection.flags & requestFlag.withdraw;
}
function detailOf(injection) {
	return injection.subStep & 65535 | injection.notes << 16;
}
// simulator/actors/injector/scoreboard.ts
/** The memory that outlives injectors: whoever starts them holds it. */
var ScoreboardMemory = class {
	words = /* @__PURE__ */ new Uint32Array(8208);
	slots = [];
};
/** An injector's view on that memory, and on what its predecessor left in targets. */
var ModelScoreboard = class {
	world;
	process;
	memory;
	outcomes;
	left = /* @__PURE__ */ new Map();
	constructor(world, process, memory) {
		this.world = world;
		this.process = process;
		this.memory = memory;
		memory.slots.forEach((noted, slot) => {
			if (noted === void 0) return;
			this.left.set(noted.threadId, [...this.left.get(noted.threadId) ?? [], slot]);
		});
		const isAlive = (threadId) => world.kernel.threads.has(threadId);
		this.outcomes = new OutcomeRing({ u32: memory.words }, 0, isAlive);
	}
	note(threadId, socket) {
		const end = this.process.table.at(socket);
		const free = this.memory.slots.indexOf(void 0);
		const slot = free < 0 ? this.memory.slots.length : free;
		this.memory.slots[slot] = {
			threadId,
			inode: end instanceof SocketEnd ? end.inode : 0
		};
		return slot;
	}
	clear(slot) {
		if (slot >= 0) this.memory.slots[slot] = void 0;
	}
	leftSockets(threadId) {
		const slots = this.left.get(threadId) ?? [];
		const inodes = new Set(slots.map((slot) => this.memory.slots[slot]?.inode));
		return (this.world.kernel.threads.get(threadId)?.process.table.entries() ?? []).filter(([, { description }]) => description instanceof SocketEnd && inodes.has(description.inode)).map(([number]) => number).sort((a, b) => a - b);
	}
	forgetLeft(threadId) {
		for (const slot of this.left.get(threadId) ?? []) this.clear(slot);
		this.left.delete(threadId);
	}
};
// simulator/actors/injector/injector.ts
/** An injector's process: its one loop, over the real engine and tables of sub-steps. */
var ModelInjector = class {
	world;
	process;
	engine;
	loops = [];
	queries = [];
	isAwake = false;
	isStopping = false;
	/** Time that passes while it looks again and again. */
	lookedMs = 0;
	constructor(world, process, scoreboard) {
		this.world = world;
		this.process = process;
		const runner = new ModelRunner(world, process, () => {
			this.lookedMs++;
		});
		const nowMs = () => world.nowUs / 1e3 + this.lookedMs;
		const environment = {
			kernel: modelInjectorKernel(world, process, (_, moment) => this.between(moment), nowMs),
			maySuspendFilters: true,
			supportsRegisters: true,
			scoreboard: new ModelScoreboard(world, process, scoreboard)
		};
		runner.environment = environment;
		this.engine = new InjectionEngine(environment, runner);
		process.whenStopped = () => this.wake();
	}
	/** A loop's channel. */
	addLoop(socket) {
		this.loops.push({ descriptor: this.process.table.add(socket, true) });
		socket.whenReadable = () => this.wake();
		if (socket.packets.length > 0) this.wake();
	}
	get isIdle() {
		return !this.isAwake && this.engine.parkedCount === 0;
	}
	/** Ends when it has finished what it began. */
	stop() {
		this.isStopping = true;
		this.wake();
	}
	wake() {
		if (this.isAwake) return;
		this.isAwake = true;
		this.world.later(this.process, 2, 30, () => this.turn());
	}
	turn() {
		this.isAwake = false;
		try {
			for (const loop of [...this.loops]) this.readLoop(loop);
			if (this.queries.length > 0) this.answerQueries();
			this.engine.pollParked();
		} catch (error) {
			if (!(error instanceof Vanished)) throw error;
			return;
		}
		if (this.isStopping && this.engine.countParked(false) === 0) this.world.kernel.kill(this.process);
		else if (this.queries.length > 0 || this.hasPackets) this.wake();
	}
	get hasPackets() {
		return this.loops.some(({ descriptor }) => {
			const socket = this.process.table.at(descriptor);
			return socket instanceof PacketSocket && socket.packets.length > 0;
		});
	}
	/** So that 'unknown' is true, all that waits anywhere is done first. */
	answerQueries() {
		const asked = this.queries;
		this.queries = [];
		for (const loop of [...this.loops]) while (this.readLoop(loop));
		for (const query of asked) this.engine.tell(query);
	}
	readLoop(loop) {
		const packet = takePacket(this.process, loop.descriptor);
		if (packet === 0) {
			this.process.table.close(loop.descriptor);
			loop.descriptor = -1;
			this.loops.splice(this.loops.indexOf(loop), 1);
		}
		if (typeof packet === "number") return false;
		this.serve(loop, packet);
		return true;
	}
	serve(loop, packet) {
		const injection = this.engine.take();
		injection.memory.u8.set(packet.bytes, place.request);
		const descriptors = packet.passed.map((description) => {
			const number = this.process.table.add(description, true);
			description.release();
			return number;
		});
		const { u32 } = injection.memory;
		if (u32[packetField.type >> 2] === packetType.reissue) return this.serveReissue(loop, injection, descriptors[0] ?? -1, packet.bytes.length);
		if ((u32[requestField.flags >> 2] & requestFlag.query) !== 0) {
			for (const descriptor of descriptors) this.process.table.close(descriptor);
			injection.begin(loop, -1, -1);
			this.queries.push(injection);
			return;
		}
		injection.begin(loop, descriptors[0] ?? -1, descriptors[1] ?? -1);
		this.engine.run(injection);
	}
	serveReissue(loop, holder, listener, bytes) {
		const { u32 } = holder.memory;
		const request = decodeReissue({
			words: u32,
			at: place.request
		}, bytes);
		if (request === void 0) return this.engine.giveBack(holder);
		const token = u32[packetField.token >> 2];
		holder.begin(loop, listener, -1);
		holder.askers.length = 0;
		holder.isRemembered = false;
		this.engine.reissue(holder, request, loop, token);
	}
	/** A moment in the middle of a sub-step. */
	between(moment) {
		if (moment !== "between") return;
		if (this.world.stepAtOnce(this.process, "injector", "window-closes", null, () => 0) === void 0) throw new Vanished();
	}
};
// simulator/actors/injector/injector-pool.ts
const startUs = [3e4, 9e4];
const messageUs = [20, 200];
/** Starts injectors one after the other, all with the same scoreboard, and connects every loop to each. */
var InjectorPool = class {
	world;
	nextNumber;
	injector;
	scoreboard = new ScoreboardMemory();
	clients = /* @__PURE__ */ new Set();
	parent;
	constructor(world, nextNumber) {
		this.world = world;
		this.nextNumber = nextNumber;
	}
	get process() {
		return this.injector?.process.alive === true ? this.injector.process : void 0;
	}
	get isIdle() {
		return this.process === void 0 || this.injector?.isIdle === true;
	}
	start(parent) {
		this.parent = parent;
		this.world.later(parent, ...startUs, () => this.spawn(parent));
	}
	stop() {
		this.parent = void 0;
		const { injector } = this;
		this.injector = void 0;
		injector?.stop();
	}
	clientFor(process, resume) {
		const client = new InjectionClient(modelPackets(process));
		this.clients.add({
			process,
			connect: (injector) => this.connect(process, client, injector, resume)
		});
		if (this.injector !== void 0) this.connect(process, client, this.injector, resume);
		return client;
	}
	openChannel(process, opened) {
		this.world.later(process, ...messageUs, () => {
			const { injector } = this;
			if (injector?.process.alive !== true) return;
			const [ours, theirs] = packetPair();
			const channel = process.table.add(ours, true);
			injector.addLoop(theirs);
			opened(channel);
		});
	}
	spawn(parent) {
		if (this.parent !== parent) return;
		const process = this.world.kernel.spawn(`injector-${this.nextNumber("injector")}`);
		const injector = new ModelInjector(this.world, process, this.scoreboard);
		this.injector = injector;
		process.whenDead.push(() => {
			if (this.injector === injector && this.parent?.alive === true) this.start(this.parent);
		});
		for (const client of this.clients) if (client.process.alive) client.connect(injector);
		else this.clients.delete(client);
	}
	connect(process, client, injector, resume) {
		this.world.later(process, ...messageUs, () => {
			if (!injector.process.alive) return;
			const [ours, theirs] = packetPair();
			const channel = process.table.add(ours, true);
			injector.addLoop(theirs);
			let isPending = false;
			ours.whenReadable = () => {
				if (isPending) return;
				isPending = true;
				this.world.later(process, 1, 20, () => this.world.step(process, "supervisor", "injector-reply", null, () => {
					isPending = false;
					return client.receive(resume) ? 1 : 0;
				}));
			};
			client.connect(channel, resume);
		});
	}
};
// simulator/faults/fitting-faults.ts
/** What can go wrong where the dispatcher is at work: there is no journal of requests, and no listener. */
const kindsOfDispatches = /* @__PURE__ */ new Set([
	"crash",
	"hang",
	"slow",
	"target-death",
	"pid-reuse",
	"pod-restart",
	"clock-jump",
	"storm"
]);
/** Whose processes there are. Whoever serves a target is its supervisor, so that setups can be compared. */
const actors = {
	"seccomp-notify": /* @__PURE__ */ new Set([
		"supervisor",
		"standby",
		"keeper",
		"injector",
		"event-store",
		"service-manager"
	]),
	dispatcher: /* @__PURE__ */ new Set([
		"supervisor",
		"deputy",
		"shim",
		"joiner",
		"payload"
	])
};
/** Why a fault would do nothing where a strategy is at work; undefined when it fits. */
function misfitOf(fault, strategy) {
	if (strategy === "dispatcher" && !kindsOfDispatches.has(fault.kind)) return `kind: '${fault.kind}' is not modelled with setup.strategy: ${strategy}`;
	const actor = "actor" in fault ? fault.actor : void 0;
	if (actor === void 0 || actors[strategy].has(actor)) return void 0;
	return `actor: there is no '${actor}' with setup.strategy: ${strategy}`;
}
/** A line for each fault that would do nothing, with its place in the list. */
function misfits(faults, strategy) {
	return faults.flatMap((fault, index) => {
		const misfit = misfitOf(fault, strategy);
		return misfit === void 0 ? [] : [`faults[${index}].${misfit}`];
	});
}
// simulator/jetstream/jet-stream.ts
/** Codes of the server's. */
const refusal = {
	wrongLastSequence: 10071,
	messageTooLarge: 10054,
	storeFailed: 10077,
	purgeDenied: 10110,
	deleteDenied: 10057,
	nothingToDelete: 10043
};
/** What the file store keeps around a message: its header and checksum, and the length of headers. */
const aroundMessageBytes = 30;
const aroundHeadersBytes = 4;
const defaultWindowUs = 12e7;
/**
* One stream of a JetStream server, as its files have it: what is taken, what is refused and how, and what is
* left after a loss. It knows nothing of connections, time or chance; `nowUs` is the server's clock.
*/
var JetStream = class {
	limits;
	created;
	/** Without what was deleted, in their order. */
	messages = [];
	lastSequence = 0;
	firstSequence = 0;
	bytes = 0;
	/** By message id: where it is, and when it came. */
	seen = /* @__PURE__ */ new Map();
	constructor(limits, created) {
		this.limits = limits;
		this.created = created;
	}
	get ends() {
		const { created, firstSequence, lastSequence } = this;
		return {
			created,
			firstSequence,
			lastSequence
		};
	}
	get count() {
		return this.messages.length;
	}
	/** Bytes of all messages, as the server counts them. */
	get size() {
		return this.bytes;
	}
	/** An operator sets other limits. */
	set(limits) {
		this.limits = {
			...this.limits,
			...limits
		};
	}
	/** Takes a message, or says why not. */
	publish({ subject, headers: text, payload }, nowUs) {
		const headers = readHeaders(text);
		for (const name of [
			"nats-expected-last-subject-sequence",
			"nats-expected-last-msg-id",
			"nats-rollup"
		]) if (headers.has(name)) throw deputyError("DEPUTY_E_MODEL_GAP", { what: `the header ${name}` });
		const checks = [() => this.duplicateOf(headers, nowUs), () => this.wrongSequence(headers)];
		if (this.limits.looksAtSequenceFirst) checks.reverse();
		for (const check of checks) {
			const reply = check();
			if (reply !== void 0) return reply;
		}
		const { maximumMessageBytes = Number.POSITIVE_INFINITY } = this.limits;
		if (text.length + payload.length > maximumMessageBytes) return refused(refusal.messageTooLarge, "message size exceeds maximum allowed");
		const bytes = aroundMessageBytes + (text === "" ? 0 : aroundHeadersBytes) + subject.length + text.length + payload.length;
		const isFull = this.limits.discard === "new" ? this.fullText(text.length + payload.length) : void 0;
		if (isFull !== void 0) return refused(refusal.storeFailed, isFull);
		const sequence = ++this.lastSequence;
		this.messages.push({
			sequence,
			subject,
			headers,
			payload: payload.slice(),
			bytes
		});
		this.bytes += bytes;
		if (this.firstSequence === 0 || this.messages.length === 1) this.firstSequence = sequence;
		const id = headers.get("nats-msg-id");
		if (id !== void 0) this.seen.set(id, {
			sequence,
			atUs: nowUs
		});
		this.dropEldest();
		return {
			kind: "stored",
			sequence,
			wasDuplicate: false
		};
	}
	at(sequence) {
		return this.messages.find((message) => message.sequence === sequence);
	}
	from(sequence) {
		return this.messages.filter((message) => message.sequence >= sequence);
	}
	/** The last message of each subject, in their order. */
	lastOfEach() {
		return [...new Map(this.messages.map((message) => [message.subject, message])).values()].sort((one, other) => one.sequence - other.sequence);
	}
	/** All that is there goes; numbers go on. */
	purge() {
		if (this.limits.deniesPurge) return { code: refusal.purgeDenied };
		this.messages = [];
		this.bytes = 0;
		this.firstSequence = this.lastSequence + 1;
	}
	delete(sequence) {
		if (this.limits.deniesDelete) return { code: refusal.deleteDenied };
		const message = this.at(sequence);
		if (message === void 0) return { code: refusal.nothingToDelete };
		this.remove(message);
	}
	/** What is behind a sequence is lost, as with power: it was acknowledged, and not yet on the disk. */
	loseBehind(sequence) {
		const lost = this.from(sequence + 1);
		this.messages = this.messages.filter((message) => message.sequence <= sequence);
		for (const { bytes } of lost) this.bytes -= bytes;
		this.lastSequence = Math.min(this.lastSequence, sequence);
		this.firstSequence = Math.min(this.firstSequence, this.messages.length > 0 ? this.firstSequence : 0);
		for (const [id, { sequence: at }] of this.seen) if (at > sequence) this.seen.delete(id);
		return lost;
	}
	duplicateOf(headers, nowUs) {
		const known = this.seen.get(headers.get("nats-msg-id") ?? "");
		const { duplicateWindowUs = defaultWindowUs } = this.limits;
		if (known === void 0 || nowUs - known.atUs >= duplicateWindowUs) return void 0;
		return {
			kind: "stored",
			sequence: known.sequence,
			wasDuplicate: true
		};
	}
	wrongSequence(headers) {
		const expected = headers.get("nats-expected-last-sequence");
		if (expected === void 0 || Number(expected) === this.lastSequence) return void 0;
		return refused(refusal.wrongLastSequence, `wrong last sequence: ${this.lastSequence}`);
	}
	/** The server counts what is stored with all around it, and what comes without. */
	fullText(bytes) {
		const { maximumMessages = -1, maximumBytes = -1 } = this.limits;
		if (maximumMessages > 0 && this.messages.length >= maximumMessages) return "maximum messages exceeded";
		return maximumBytes > 0 && this.bytes + bytes >= maximumBytes ? "maximum bytes exceeded" : void 0;
	}
	dropEldest() {
		const { maximumMessages = -1, maximumBytes = -1 } = this.limits;
		const isOver = () => maximumMessages > 0 && this.messages.length > maximumMessages || maximumBytes > 0 && this.bytes > maximumBytes;
		while (isOver()) this.remove(this.messages[0]);
	}
	remove(message) {
		this.messages = this.messages.filter((one) => one !== message);
		this.bytes -= message.bytes;
		this.firstSequence = this.messages[0]?.sequence ?? this.lastSequence + 1;
	}
};
function refused(code, text) {
	return {
		kind: "refused",
		code,
		text
	};
}
// simulator/jetstream/stream-service.ts
/** How long a message to the server is on its way, and the answer, in microseconds. */
const wayUs$1 = [20, 400];
/** From a message's storage until enough of the cluster has it, and it is acknowledged. */
const replicationUs = [20, 600];
const slowFactor = 100;
const decoder$1 = new TextDecoder();
/**
* The server that has the stream, in the modelled world: what is on its way to it and back, its leaders, and
* all that goes wrong there. What it takes and refuses is JetStream's.
*/
var StreamService = class {
	world;
	stream;
	connections = /* @__PURE__ */ new Map();
	replication = { atUs: 0 };
	connectedFromUs = 0;
	leaderFromUs = 0;
	slowUntilUs = 0;
	repeats = 0;
	/** All up to here was acknowledged, or is on its way to be: a change of leaders does not lose it. */
	committed = 0;
	constructor(world) {
		this.world = world;
		this.stream = new JetStream({
			deniesPurge: true,
			deniesDelete: true,
			discard: "new"
		}, "once");
	}
	get isConnected() {
		return this.world.nowUs >= this.connectedFromUs;
	}
	get events() {
		return this.stream.from(1).flatMap((message) => eventOf(message) ?? []);
	}
	attach(client) {
		if (this.isConnected) this.connect(client);
		else this.connections.set(client, lost(client));
	}
	detach(client) {
		this.connections.delete(client);
	}
	/** A message on its way: it comes whatever becomes of its sender. */
	send(client, message, hear) {
		const connection = this.connections.get(client);
		if (connection === void 0 || !this.isConnected) return;
		const answer = (reply) => this.answer(connection, () => hear(reply));
		this.way(connection.there, wayUs$1, () => this.arrive(message, answer));
		if (this.repeats === 0) return;
		this.repeats--;
		this.world.later(void 0, 1e3, 2e6, () => this.arrive(message, () => void 0));
	}
	/**
	* A question about the stream: its answer, undefined when nobody leads it. Not answered at all when the
	* connection breaks meanwhile. Others than those who store messages answer it, so it may overtake them.
	*/
	ask(client, question, hear) {
		const connection = this.connections.get(client);
		if (connection === void 0 || !this.isConnected) return;
		this.way({ atUs: 0 }, wayUs$1, () => {
			const result = this.hasLeader ? question(this.stream) : void 0;
			this.answer(connection, () => hear(result));
		});
	}
	/** Connections break, and come back later. What was under way may have come, and is answered to nobody. */
	disconnect(forUs) {
		const { world } = this;
		this.connectedFromUs = Math.max(this.connectedFromUs, world.nowUs + forUs);
		const clients = [...this.connections.keys()];
		for (const client of clients) {
			this.connections.set(client, lost(client));
			client.disconnected();
		}
		world.scheduler.after(forUs, void 0, () => {
			if (!this.isConnected) return;
			for (const client of this.connections.keys()) {
				this.connect(client);
				client.reconnected();
			}
		});
	}
	/** The leader is gone. Of what it had not brought to the others yet some is lost, unacknowledged. */
	changeLeader(forUs) {
		this.leaderFromUs = Math.max(this.leaderFromUs, this.world.nowUs + forUs);
		const { lastSequence } = this.stream.ends;
		const left = this.world.random.between(Math.min(this.committed, lastSequence), lastSequence);
		this.lose(left);
	}
	slowDown(forUs) {
		this.slowUntilUs = this.world.nowUs + forUs;
	}
	/** The next messages come twice, the second time later. */
	duplicate(count) {
		this.repeats += count;
	}
	/** The machine lost its power, and what was acknowledged and not on its disk: connections break with it. */
	loseSuffix(count, forUs) {
		this.lose(Math.max(0, this.stream.ends.lastSequence - count));
		this.disconnect(forUs);
	}
	/** It takes no more, until an operator has made room. */
	fill(forUs) {
		this.stream.set({ maximumMessages: Math.max(1, this.stream.count) });
		this.world.scheduler.after(forUs, void 0, () => this.stream.set({ maximumMessages: -1 }));
	}
	/** Somebody else writes into the stream, without asking where it ends. */
	writeAsOther() {
		this.arrive({
			subject: "deputy.v1.model.another.stranger.request.answered",
			headers: "NATS/1.0\r\ndeputy-writer: another\r\ndeputy-epoch: 1\r\nNats-Msg-Id: stranger/1\r\n\r\n",
			payload: /* @__PURE__ */ new Uint8Array(0)
		}, () => void 0);
	}
	get hasLeader() {
		return this.world.nowUs >= this.leaderFromUs;
	}
	arrive(message, hear) {
		if (!this.hasLeader) return hear({ kind: "nobody" });
		const reply = this.stream.publish(message, this.world.nowUs);
		if (reply.kind !== "stored" || reply.wasDuplicate) return hear(reply);
		const stored = this.stream.at(reply.sequence);
		this.tell(stored);
		this.way(this.replication, replicationUs, () => {
			if (this.stream.at(reply.sequence) !== stored) return;
			this.committed = Math.max(this.committed, reply.sequence);
			hear(reply);
		});
	}
	connect(client) {
		const { nowUs } = this.world;
		this.connections.set(client, {
			client,
			there: { atUs: nowUs },
			back: { atUs: nowUs }
		});
	}
	/** Over the connection that the question came by, or not at all. */
	answer(connection, run) {
		const isSame = () => this.connections.get(connection.client) === connection;
		if (isSame()) this.way(connection.back, wayUs$1, () => isSame() && run());
	}
	lose(behind) {
		const lost = this.stream.loseBehind(behind);
		this.committed = Math.min(this.committed, behind);
		if (lost.length === 0) return;
		this.world.watch.storeLost?.(lost.flatMap((message) => eventOf(message) ?? []), this.events);
	}
	tell(message) {
		const event = eventOf(message);
		if (event === void 0) this.world.watch.strangerStored?.(message.sequence);
		else this.world.watch.stored?.(event, message.sequence);
	}
	way(line, [from, to], run) {
		const { world } = this;
		const factor = this.slowUntilUs > world.nowUs ? slowFactor : 1;
		line.atUs = Math.max(line.atUs, world.nowUs + world.random.between(from * factor, to * factor));
		world.scheduler.after(line.atUs - world.nowUs, void 0, run);
	}
};
/** What is sent by it comes nowhere. */
function lost(client) {
	return {
		client,
		there: { atUs: 0 },
		back: { atUs: 0 }
	};
}
function eventOf({ payload }) {
	return payload.length === 0 ? void 0 : JSON.parse(decoder$1.decode(payload));
}
// simulator/storage/event-store.ts
/** How long a request to the store is on its way, and its answer, in microseconds. */
const wayUs = [20, 400];
const decoder = new TextDecoder();
/**
* The durable store behind its port: what is appended survives every process. It can be slow, be gone for a
* while, take a batch and lose the answer, take one twice, and lose its latest events.
*/
var ModelEventStore = class {
	world;
	events = [];
	versions = /* @__PURE__ */ new Map();
	goneUntilUs = 0;
	slowUntilUs = 0;
	duplicates = 0;
	constructor(world) {
		this.world = world;
	}
	/** No answer comes, and nothing is taken, for a while. What was under way may have been taken. */
	disconnect(forUs) {
		this.goneUntilUs = Math.max(this.goneUntilUs, this.world.nowUs + forUs);
	}
	slowDown(forUs) {
		this.slowUntilUs = this.world.nowUs + forUs;
	}
	/** The next batches are taken twice, as a client does that sends again too soon. */
	duplicate(count) {
		this.duplicates += count;
	}
	/** Events that were acknowledged are gone, the latest first: a machine lost its power. */
	loseSuffix(count) {
		const lost = this.events.splice(Math.max(0, this.events.length - count));
		this.versions.clear();
		for (const { delegationId, version } of this.events) this.versions.set(delegationId, version);
		this.world.watch.storeLost?.(lost, this.events);
	}
	/** Asks for an append; settles when the answer arrives, or the connection is found to be gone. */
	append(process, batch, settle) {
		const events = serialized(batch);
		this.way(process, () => {
			if (this.isGone) return settle(unreachable());
			this.take(events);
			if (this.duplicates > 0) {
				this.duplicates--;
				this.take(events);
			}
			this.way(process, () => settle(this.isGone ? unreachable() : void 0));
		});
	}
	lastVersions() {
		return Promise.resolve(this.versions);
	}
	get versionsNow() {
		return this.versions;
	}
	async *readStream(streamId) {
		let position = 0;
		for (const event of [...this.events]) {
			position++;
			if (event.delegationId === streamId) yield {
				position,
				streamId,
				event
			};
		}
	}
	get isGone() {
		return this.goneUntilUs > this.world.nowUs;
	}
	way(process, run) {
		const [from, to] = wayUs;
		const factor = this.slowUntilUs > this.world.nowUs ? 100 : 1;
		this.world.later(process, from * factor, to * factor, run);
	}
	/** What the stream has reached is a resend, and ignored. */
	take(events) {
		for (const { streamId, version, json } of events) {
			if (version <= (this.versions.get(streamId) ?? 0)) continue;
			this.versions.set(streamId, version);
			const event = JSON.parse(json);
			this.events.push(event);
			this.world.watch.stored?.(event, this.events.length);
		}
	}
};
function serialized({ count, bytes, ends, streamIds, versions }) {
	let from = 0;
	return Array.from({ length: count }, (_, index) => {
		const to = ends[index];
		const json = decoder.decode(bytes.subarray(from, to));
		from = to;
		return {
			streamId: streamIds[index],
			version: versions[index],
			json
		};
	});
}
function unreachable() {
	return deputyError("DEPUTY_E_STATE_DIRECTORY_UNWRITABLE", {
		path: "events",
		detail: "not reachable"
	});
}
// simulator/world/world-watch.ts
/** One watch that tells several. A method that none of them has is not there, and costs nothing. */
function combineWatches(watches) {
	const methods = /* @__PURE__ */ new Map();
	for (const watch of watches) for (const [name, method] of Object.entries(watch)) methods.set(name, [...methods.get(name) ?? [], method.bind(watch)]);
	const combined = {};
	for (const [name, list] of methods) combined[name] = together(list);
	return combined;
}
function together(list) {
	const [first, second] = list;
	if (first !== void 0 && second === void 0) return first;
	return (...values) => {
		for (const method of list) method(...values);
	};
}
// simulator/runner/coverage.ts
/** Counts what a run has reached. */
var Coverage = class {
	steps = /* @__PURE__ */ new Map();
	faults = /* @__PURE__ */ new Map();
	events = /* @__PURE__ */ new Map();
	watch() {
		return {
			stepped: ({ name }) => count$1(this.steps, name),
			faulted: ({ kind }) => count$1(this.faults, kind),
			stored: ({ type }) => count$1(this.events, type)
		};
	}
	counts() {
		return {
			steps: sorted(this.steps),
			faults: sorted(this.faults),
			events: sorted(this.events)
		};
	}
};
function count$1(counts, name) {
	counts.set(name, (counts.get(name) ?? 0) + 1);
}
function sorted(counts) {
	return Object.fromEntries([...counts].sort(([a], [b]) => a < b ? -1 : 1));
}
// simulator/runner/trace-watch.ts
/**
* Writes what happens as entries of a trace. An entry's cause is the one during whose event this one's event
* was asked for, or the entry before it in the same event. Requests are renamed by their first appearance.
*/
var TraceWatch = class {
	scheduler;
	sink;
	sequence = 0;
	requests = /* @__PURE__ */ new Map();
	constructor(scheduler, sink) {
		this.scheduler = scheduler;
		this.sink = sink;
	}
	watch() {
		return {
			...this.kernelWatch(),
			stepped: ({ point, process, kind, name, request }, result) => this.write(process.actor, "step", name, {
				point,
				kind,
				result
			}, request),
			faulted: (fault, process) => this.write(process?.actor ?? "scheduler", "fault", fault.kind, { ...fault }, null),
			opened: (process, record, file, flags) => this.write(process.actor, "call", "open", {
				file: file.name,
				flags
			}, hex(record.notificationId)),
			stored: (event, position) => this.write("event-store", "event", event.type, {
				position,
				id: event.id,
				data: event.data
			}, null),
			storeLost: ({ length }) => this.write("event-store", "fault", "lost-suffix", { events: length }, null),
			noted: (actor, name, detail) => this.write(actor, "note", name, detail, null)
		};
	}
	/** An invariant is broken: the entry that says so. */
	violated(invariant, sentence, detail) {
		this.write("scheduler", "violation", invariant, {
			sentence,
			...detail
		}, null);
		return this.sequence - 1;
	}
	kernelWatch() {
		return {
			spawned: (process) => this.announce(process),
			died: ({ actor, processId }) => this.write(actor, "state", "process", {
				alive: false,
				processId
			}, null),
			called: (thread, { number, values }) => this.write(thread.actor, "call", `${number}`, { values }, null),
			notified: (notification) => this.notification(notification, "notified"),
			interrupted: (notification) => this.notification(notification, "interrupted"),
			replied: (notification) => {
				const { thread, response } = notification;
				this.write("kernel", "answer", "replied", {
					thread: thread.actor,
					...response
				}, hex(notification.id));
			},
			added: (notification, number, source) => this.write("kernel", "completion", "descriptor-added", added(notification, number, source.kind), hex(notification.id)),
			returned: (thread, { number }, result) => this.write(thread.actor, "completion", `${number}`, { result }, null),
			signalled: (process, signal) => this.write(process.actor, "signal", `${signal}`, {}, null)
		};
	}
	announce(process) {
		const kind = /^(supervisor|keeper|injector)/.exec(process.actor)?.[0] ?? "target";
		this.write(process.actor, "actor", "started", {
			kind,
			label: process.actor
		}, null);
	}
	notification({ id, thread, number, values }, name) {
		this.write("kernel", "notification", name, {
			thread: thread.actor,
			number,
			values
		}, hex(id));
	}
	write(actor, type, name, detail, request) {
		const scheduler = this.scheduler();
		this.sink({
			timeUs: scheduler.nowUs,
			actor,
			type,
			name,
			detail,
			cause: scheduler.cause,
			request: request === null ? null : this.rename(request)
		});
		scheduler.cause = this.sequence++;
	}
	rename(request) {
		const known = this.requests.get(request);
		if (known !== void 0) return known;
		const name = `r${this.requests.size + 1}`;
		this.requests.set(request, name);
		return name;
	}
};
function hex(id) {
	return id.toString(16);
}
function added({ thread }, number, kind) {
	return {
		thread: thread.actor,
		number,
		kind
	};
}
// simulator/runner/run-scenario.ts
/** Turns of the microtask queue after an event that may have settled promises: more than a chain needs. */
const microtaskTurns = 40;
const violationLimit = 100;
/** Runs a scenario once. The same scenario, options and seed always go the same way. */
async function runScenario(scenario, options) {
	return new Run(scenario, options).play();
}
var Run = class {
	scenario;
	options;
	violations = [];
	coverage = new Coverage();
	traced;
	world;
	stage;
	playing;
	constructor(scenario, options) {
		this.scenario = scenario;
		this.options = options;
		const random = new Generator(BigInt(options.seed));
		const faults = [...scenario.faults, ...options.faults ?? []];
		this.refuseMisfits(faults);
		const plan = new FaultPlan(faults, random.fork("faults"));
		this.world = new World(random.fork("world"), this.watch(), plan);
		this.world.isTraced = options.trace !== void 0 || options.onPoint !== void 0;
		buildMachine(this.world.kernel.files, scenario);
		const { strategy } = this.setup;
		const cast = strategy === "dispatcher" ? void 0 : this.makeCast(random);
		const dispatch = cast === void 0 ? this.makeDispatch() : void 0;
		this.playing = dispatch ?? cast;
		this.stage = stageOf(this.world, scenario, cast, dispatch);
	}
	async play() {
		const { scheduler } = this.world;
		const { virtualUs, points } = this.scenario.limits;
		let isOver = false;
		let isStuck = false;
		while (!isOver && !isStuck) {
			isStuck = scheduler.nextUs > virtualUs || this.world.points > points || !scheduler.step();
			if (this.world.hasMicrotasks) await this.drain();
			isOver = this.playing.isDone || this.options.stopsAtViolation === true && this.violations.length > 0;
		}
		this.world.watch.finished?.();
		return this.result(isStuck && this.world.points > points);
	}
	async drain() {
		this.world.hasMicrotasks = false;
		for (let left = microtaskTurns; left > 0; left--) {
			await void 0;
			if (this.world.asyncWork > 0) left = microtaskTurns;
		}
	}
	result(wasCut) {
		const { world, violations } = this;
		return {
			outcome: violations.length > 0 ? "broken" : wasCut ? "inconclusive" : "held",
			steps: world.steps,
			points: world.points,
			timeUs: world.nowUs,
			stateHash: world.hash.digest,
			violations,
			coverage: this.coverage.counts()
		};
	}
	get setup() {
		return {
			...this.scenario.setup,
			...this.options.setup
		};
	}
	/** What would do nothing is refused, also where it comes beside a scenario, or with another setup. */
	refuseMisfits(faults) {
		const problems = misfits(faults, this.setup.strategy);
		if (problems.length === 0) return;
		const text = problems.map((problem) => `  ${problem}`).join("\n");
		throw deputyError("DEPUTY_E_SCENARIO_INVALID", {
			source: this.scenario.name,
			text,
			problems
		});
	}
	makeDispatch() {
		return new DispatchCast(this.world, this.scenario, this.options.mutateDispatch);
	}
	makeCast(random) {
		const { scenario, options, world } = this;
		const numbers = /* @__PURE__ */ new Map();
		const tables = /* @__PURE__ */ new Map();
		const { setup } = this;
		const nextNumber = (kind) => {
			const next = (numbers.get(kind) ?? 0) + 1;
			numbers.set(kind, next);
			return next;
		};
		return new Cast(world, scenario, {
			world,
			setup,
			policy: parsePolicy(withNativeHandles(scenario.policy)),
			store: new ModelEventStore(world),
			stream: setup.store === "jetstream" ? new StreamService(world) : void 0,
			mutateStream: options.mutateStream ?? ((port) => port),
			ids: random.fork("ids"),
			injectors: setup.injector ? new InjectorPool(world, nextNumber) : void 0,
			book: /* @__PURE__ */ new Map(),
			nextNumber,
			tableOf: (handler) => {
				const known = tables.get(handler) ?? options.mutateTable?.(handler) ?? handler.steps;
				tables.set(handler, known);
				return known;
			}
		});
	}
	watch() {
		const watches = [this.coverage.watch()];
		for (const invariant of this.options.invariants ?? invariants) {
			if (invariant.strategy !== void 0 && invariant.strategy !== this.setup.strategy) continue;
			watches.push(invariant.begin(() => this.stage, (detail) => this.broken(invariant, detail)));
		}
		const { onPoint, trace } = this.options;
		if (trace !== void 0) {
			this.traced = new TraceWatch(() => this.world.scheduler, trace);
			watches.unshift(this.traced.watch());
		}
		if (onPoint !== void 0) watches.push(pointWatch(() => this.world.nowUs, onPoint));
		return combineWatches(watches);
	}
	broken({ id, sentence }, detail) {
		if (this.violations.length >= violationLimit) return;
		const { points, nowUs } = this.world;
		const sequence = this.traced?.violated(id, sentence, detail) ?? 0;
		this.violations.push({
			invariant: id,
			sentence,
			point: points,
			timeUs: nowUs,
			sequence,
			detail
		});
	}
};
/** What invariants look at; they ask only for what their strategy has. */
function stageOf(world, scenario, cast, dispatch) {
	const there = (part) => {
		if (part === void 0) throw new RangeError("this strategy has no such part");
		return part;
	};
	return {
		world,
		scenario,
		get cast() {
			return there(cast);
		},
		get dispatch() {
			return there(dispatch);
		},
		get targets() {
			return there(cast ?? dispatch).targets;
		}
	};
}
function pointWatch(nowUs, onPoint) {
	return { stepped: ({ point, process, kind, name, request }) => onPoint({
		point,
		timeUs: nowUs(),
		kind,
		actor: process.actor,
		name,
		request
	}) };
}
/** A scenario's targets have their handles from the kernel itself, unless it says how they are confined. */
function withNativeHandles(policy) {
	return {
		...policy,
		defaults: {
			confinement: "none",
			...policy.defaults
		}
	};
}
// simulator/runner/enumerate-points.ts
const moments = [
	"before",
	"inside",
	"after"
];
/**
* All points of a run at which whoever is at it can die: those of the run as `options` describe it. What
* leads to a point is the same when a crash is added there, so its number finds it again.
*/
async function enumerateCrashPoints(scenario, options) {
	const points = [];
	await runScenario(scenario, {
		...options,
		onPoint: (point) => points.push(point)
	});
	return points.flatMap((point) => moments.map((moment) => ({
		...point,
		moment
	})));
}
// simulator/scenario/parse-scenario.ts
/**
* Checks a scenario, as read from YAML or JSON, and completes its defaults. Throws DEPUTY_E_SCENARIO_INVALID
* with one line a problem: its path, and what is wrong there.
*/
function parseScenario(input, source = "(given as an object)") {
	const result = scenarioSchema.safeParse(input);
	const problems = result.success ? unknownNames(result.data) : result.error.issues.flatMap(linesOf);
	if (!result.success || problems.length > 0) throw invalid(problems, source);
	return result.data;
}
function invalid(problems, source) {
	return deputyError("DEPUTY_E_SCENARIO_INVALID", {
		source,
		text: problems.map((problem) => `  ${problem}`).join("\n"),
		problems
	});
}
function linesOf(issue) {
	return deepest(issue, []).map(({ path, text }) => `${pathText(path)}: ${text}`);
}
/** Of a union's branches the one that got furthest into the value is the one that was meant. */
function deepest(issue, prefix) {
	const path = [...prefix, ...issue.path];
	if (issue.code === "unrecognized_keys") return issue.keys.map((key) => ({
		path: [...path, key],
		text: "unknown key"
	}));
	if (issue.code !== "invalid_union" || issue.errors.length === 0) return [{
		path,
		text: issue.message.replace(/^Invalid input: /, "")
	}];
	const depth = (branch) => Math.max(...branch.map((inner) => inner.path.length - (inner.code === "unrecognized_keys" ? 1 : 0)));
	return ([...issue.errors].sort((a, b) => a.length - b.length || depth(b) - depth(a))[0] ?? []).flatMap((inner) => deepest(inner, path));
}
function pathText(path) {
	const text = path.map((part) => typeof part === "number" ? `[${part}]` : `.${String(part)}`).join("");
	return text === "" ? "(the scenario)" : text.replace(/^\./, "");
}
/** Names that nothing in the scenario bears. */
function unknownNames({ targets, faults, setup }) {
	const names = targets.map(({ name }) => name);
	const repeated = names.flatMap((name, index) => names.indexOf(name) < index ? [`targets[${index}].name: '${name}' is already taken`] : []);
	const unknown = faults.flatMap((fault, index) => "target" in fault && !names.includes(fault.target) ? [`faults[${index}].target: there is no target '${fault.target}'`] : []);
	const streamless = faults.flatMap((fault, index) => fault.kind === "store" && setup.store === "files" && isOfStream(fault.trouble) ? [`faults[${index}].trouble: '${fault.trouble}' needs setup.store: jetstream`] : []);
	return [
		...repeated,
		...unknown,
		...streamless,
		...misfits(faults, setup.strategy)
	];
}
function isOfStream(trouble) {
	return streamTroubles.includes(trouble);
}
// simulator/mutations/dispatch/step-table.ts
/** The tables with one of them changed. What a step saw is told all the same, where it was made. */
function changeTable(tables, table, change) {
	if (table === "command") return {
		...tables,
		command: change(tables.command)
	};
	/** What a step saw, by the dispatch that it was made for. */
	const seen = /* @__PURE__ */ new WeakMap();
	const strategy = change(tables.strategy.map(({ name, act }) => {
		const made = act;
		return {
			name,
			act: async (given) => {
				const { evidence, next } = await made(given);
				seen.set(given, evidence);
				return next;
			}
		};
	})).map(({ name, act }) => ({
		name,
		act: async (given) => {
			seen.delete(given);
			const next = await act(given);
			return {
				evidence: seen.get(given) ?? {},
				next
			};
		}
	}));
	return {
		...tables,
		strategy
	};
}
// simulator/mutations/dispatch/dispatch-mutations.ts
const tableNames = {
	command: "command",
	strategy: "dispatch"
};
/** With these every step is come to. */
const observedSeeds = [
	"1",
	"2",
	"3"
];
/** Learns from runs where the steps of both tables lead. */
async function observe(scenarios) {
	const ways = {
		command: /* @__PURE__ */ new Map(),
		strategy: /* @__PURE__ */ new Map()
	};
	const watched = (table) => (steps) => steps.map(({ name, act }) => ({
		name,
		act: async (given) => {
			const next = await act(given).catch((error) => {
				count(ways[table], name, "");
				throw error;
			});
			count(ways[table], name, next);
			return next;
		}
	}));
	const mutateDispatch = (tables) => changeTable(changeTable(tables, "command", watched("command")), "strategy", watched("strategy"));
	for (const scenario of scenarios) for (const seed of observedSeeds) await runScenario(scenario, {
		seed,
		mutateDispatch
	});
	return {
		command: usualWays(ways.command),
		strategy: usualWays(ways.strategy)
	};
}
function count(ways, from, to) {
	const led = ways.get(from) ?? /* @__PURE__ */ new Map();
	led.set(to, (led.get(to) ?? 0) + 1);
	ways.set(from, led);
}
function usualWays(ways) {
	return new Map([...ways].map(([name, led]) => {
		const [usual = ""] = [...led].filter(([to]) => to !== "").sort((a, b) => b[1] - a[1])[0] ?? [];
		return [name, {
			usual,
			hasOthers: led.size > 1
		}];
	}));
}
/**
* Each step of a dispatch is passed over once, made once behind the one that it leads to, and, where it can
* lead elsewhere or fail, once made without a look at what it says.
*/
async function dispatchMutations(tables, scenarios) {
	const ways = await observe(scenarios);
	return ["command", "strategy"].flatMap((table) => tables[table].flatMap(({ name }) => {
		const known = ways[table].get(name);
		if (known === void 0) return [];
		const { usual, hasOthers } = known;
		const make = (kind, change, steps = [name]) => ({
			id: `${kind} ${tableNames[table]}/${name}`,
			steps,
			mutate: (given) => changeTable(given, table, change)
		});
		const made = [make("skip", passedOver(name, usual))];
		if (ways[table].has(usual)) made.push(make("swap", swapped(name, usual), [name, usual]));
		if (hasOthers) made.push(make("ignore", ignored(name, usual)));
		return made;
	}));
}
function replaced(name, act) {
	return (steps) => steps.map((step) => step.name === name ? {
		name,
		act: act(step)
	} : step);
}
function passedOver(name, usual) {
	return replaced(name, () => async () => usual);
}
function ignored(name, usual) {
	return replaced(name, ({ act }) => (given) => act(given).then(() => usual, () => usual));
}
/** The second is made in the place of the first, then the first; then it goes where the second led. */
function swapped(first, second) {
	return (steps) => {
		const act = (name) => steps.find((step) => step.name === name)?.act ?? (() => Promise.resolve("done"));
		const behind = /* @__PURE__ */ new WeakMap();
		return steps.map((step) => {
			if (step.name === first) return {
				...step,
				act: async (given) => {
					behind.set(given, await act(second)(given));
					return second;
				}
			};
			if (step.name !== second) return step;
			return {
				...step,
				act: async (given) => {
					const next = behind.get(given);
					behind.delete(given);
					if (next === void 0) return step.act(given);
					const own = await act(first)(given);
					return own === second ? next : own;
				}
			};
		});
	};
}
// simulator/mutations/dispatch/hunt-dispatch.ts
/** A mutated dispatch that fails at once is tried again and again: more points than these are no news. */
const pointsMax = 2e4;
/** Those that are also hunted with a death at each point; what comes of one in the others comes of it here. */
const short = /* @__PURE__ */ new Set([
	"dispatch",
	"dispatch-untold",
	"dispatch-twice-shared"
]);
/** Scenarios of dispatches in which everything holds. */
function dispatchScenarios(library) {
	return library.filter(({ setup, expect }) => setup.strategy === "dispatcher" && expect.broken.length === 0).map((scenario) => ({
		...scenario,
		limits: {
			...scenario.limits,
			points: pointsMax
		}
	}));
}
async function tryOut({ scenario, seed, fault }, mutate) {
	const { outcome, violations } = await runScenario(scenario, {
		seed,
		faults: fault === null ? [] : [fault],
		mutateDispatch: mutate,
		stopsAtViolation: true
	});
	return outcome === "inconclusive" ? "it-ends" : violations[0]?.invariant;
}
/** What the tables as they are do not bear is no catch. */
async function catches(trial, mutate) {
	const invariant = await tryOut(trial, mutate);
	if (invariant === void 0) return void 0;
	return await tryOut(trial, (tables) => tables) === void 0 ? invariant : void 0;
}
/** The recorded run first; then each scenario, with each seed, and with a death at each point. */
async function huntDispatch(mutation, scenarios, { caught }, runsMax) {
	const known = caught.find(({ id }) => id === mutation.id);
	let runs = 0;
	for await (const trial of trialsFor(mutation, scenarios, known)) {
		if (runs++ >= runsMax) break;
		const invariant = await catches(trial, mutation.mutate);
		if (invariant === void 0) continue;
		const { scenario, seed, fault } = trial;
		return {
			mutation,
			caught: {
				scenario: scenario.name,
				seed,
				fault,
				invariant
			},
			runs
		};
	}
	return {
		mutation,
		caught: void 0,
		runs
	};
}
async function* trialsFor({ mutate }, scenarios, known) {
	const recorded = scenarios.find(({ name }) => name === known?.scenario);
	if (recorded !== void 0 && known !== void 0) yield {
		...known,
		scenario: recorded
	};
	for (const seed of [
		"1",
		"2",
		"3"
	]) for (const scenario of scenarios) yield {
		scenario,
		seed,
		fault: null
	};
	for (const scenario of scenarios.filter(({ name }) => short.has(name))) for (const { point, moment } of await enumerateCrashPoints(scenario, {
		seed: "1",
		mutateDispatch: mutate
	})) yield {
		scenario,
		seed: "1",
		fault: {
			kind: "crash",
			when: { point },
			moment
		}
	};
}
// ../../../tmp/s15/hunt.ts
const dir = "/work/wt/i15sim/simulator/scenarios";
const scenarios = dispatchScenarios(readdirSync(dir).sort().map((n) => parseScenario(parse(readFileSync(`${dir}/${n}`, "utf8")), n)));
const ms = await dispatchMutations(formerTables([]), scenarios);
console.log(ms.length, "mutations", scenarios.map((s) => s.name).join());
const caught = [];
const only = process.argv[3];
for (const m of ms) {
	if (only && !m.id.includes(only)) continue;
	const t = Date.now();
	const h = await huntDispatch(m, scenarios, {
		caught: [],
		unchanged: [],
		open: []
	}, Number(process.argv[2] ?? 60));
	console.log(m.id, "→", h.caught ? `${h.caught.invariant} ${h.caught.scenario} ${h.caught.seed} ${JSON.stringify(h.caught.fault)}` : "NOT", h.runs, Date.now() - t);
	if (h.caught) caught.push({
		id: m.id,
		...h.caught
	});
}
writeFileSync("/tmp/s15/caught.json", JSON.stringify(caught));
export {};
