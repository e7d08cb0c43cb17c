import type { ErrorEntry } from './entry.js';

/** Errors in what a person or an embedding program handed in. */
export const inputErrors = {
  DEPUTY_E_USAGE: {
    what: 'wrong usage: {detail}',
    why: 'A command line option or an argument is missing, unknown or out of range.',
    remedy: 'See `deputy --help`, or `--help` after the subcommand.',
  },
  DEPUTY_E_POLICY_INVALID: {
    what: 'the policy {source} is not valid:\n{text}',
    why: 'The policy has a wrong value or unknown key; nothing is guessed in a file that grants privileges.',
    remedy: 'Correct the lines named above, then try `deputy policy check FILE`.',
  },
  DEPUTY_E_POLICY_UNREADABLE: {
    what: 'the policy file {path} cannot be read: {detail}',
    why: 'The file is missing, not readable, larger than 1 MiB, or not a regular file.',
    remedy: 'Check the path and its permissions.',
  },
  DEPUTY_E_PROFILE_INVALID: {
    what: 'the base seccomp profile cannot be used: {detail}',
    why: 'It is no seccomp profile, or it hands calls to another agent: there is one listener a container.',
    remedy: 'Give another file with --base, or take the rules named above out of it.',
  },
  DEPUTY_E_POD_INVALID: {
    what: '{source} cannot be judged:\n{text}',
    why: 'It holds no pod and nothing with a template of pods, or one that no cluster would take.',
    remedy: 'Correct what is named above; `kubectl apply --dry-run=server` says what else a cluster refuses.',
  },
  DEPUTY_E_POD_UNREADABLE: {
    what: 'the manifest {path} cannot be read: {detail}',
    why: 'The file is missing, not readable, too large, or not a regular file.',
    remedy: 'Check the path and its permissions, or split the manifest.',
  },
  DEPUTY_E_POD_SECURITY_UNKNOWN: {
    what: "there is no Pod Security {what} '{value}'; there is: {known}",
    why: 'The Pod Security Standards have three levels, and versions by the name of those of Kubernetes.',
    remedy: 'Correct the level or the version.',
  },
  DEPUTY_E_EVENT_INVALID: {
    what: 'the event {id} is not valid: {problems}',
    why: 'An event does not match the schema of its type and version.',
    remedy:
      'If deputy wrote it, report a bug with the event; if a newer deputy wrote it, upgrade the reader.',
  },
  DEPUTY_E_LISTENER_INVALID: {
    what: 'the descriptor received as a seccomp listener is not one: {detail}',
    why: 'A runtime or a client sent another kind of file descriptor.',
    remedy: 'Check which program connects to the socket; only an OCI runtime should.',
  },
  DEPUTY_E_DESCRIPTOR_NAME_INVALID: {
    what: 'a stored descriptor cannot be called {name}: its limit is {limit} printable characters, no colon',
    why: 'systemd takes ASCII without a colon, and hands all names over in one variable of bounded size.',
    remedy: 'Choose another name.',
  },
  DEPUTY_E_STRATEGY_UNKNOWN: {
    what: "there is no strategy '{strategy}'; known: {known}",
    why: 'A policy or a call names a strategy that this engine was not given.',
    remedy: "Correct the name, or pass the strategy in the engine's `strategies`.",
  },
  DEPUTY_E_STRATEGY_REFUSED: {
    what: "the strategy '{strategy}' cannot serve this target: {detail}",
    why: 'The preflight found that this kernel, runtime, target or policy rules the strategy out.',
    remedy: "See the reasons in `deputy preflight`, or ask for the strategy 'auto'.",
  },
  DEPUTY_E_DELEGATION_UNKNOWN: {
    what: "there is no delegation '{delegationId}'",
    why: 'The id was never given out, or the delegation ended and its events have been dropped.',
    remedy: 'List the delegations with `deputy status`.',
  },
  DEPUTY_E_KEY_UNKNOWN: {
    what: 'there is no seal key {id} that verifies',
    why: 'The id was never given out here, or the key is retired.',
    remedy: 'List the keys with `deputy keys list`.',
  },
  DEPUTY_E_KEYS_IMPORT_INVALID: {
    what: 'the keys in {path} cannot be imported: {detail}',
    why: 'It is no file that `deputy keys export` wrote, or it was changed or cut on its way.',
    remedy: 'Export the keys again.',
  },
  DEPUTY_E_KEYS_CONFLICT: {
    what: 'the seal key {id} cannot be imported',
    why: 'A key with that id is there already and is another one, or it may not become the current one.',
    remedy: 'Compare both machines with `deputy keys list`; export other keys, or leave out `--current`.',
  },
  DEPUTY_E_COMMAND_NOT_FOUND: {
    what: "the command '{command}' was not found",
    why: 'The program to run does not exist, or is not in PATH.',
    remedy: 'Give the full path of the program.',
  },
  DEPUTY_E_COMMAND_NOT_EXECUTABLE: {
    what: "the command '{command}' cannot be executed: {detail}",
    why: 'The kernel refused to execute the file.',
    remedy: "Check the file's mode, its format and its interpreter, and the mount's noexec option.",
  },
} as const satisfies Record<string, ErrorEntry>;
