import type { ErrorEntry } from './entry.js';

/** Errors of the broker, the process beside a target that passes it descriptors, and of its clients. */
export const brokerErrors = {
  DEPUTY_E_BROKER_PRIVILEGES: {
    what: 'the broker has not exactly the privileges that it should have: {detail}',
    why: 'It serves as the target, with CAP_DAC_READ_SEARCH and nothing else, or not at all.',
    remedy: '`deputy sidecar render` writes a container that is right; see docs/how-to/run-a-sidecar.md.',
  },
  DEPUTY_E_BROKER_SHARE: {
    what: 'the share {name} at {path} can not be served: {detail}',
    why: 'The broker opens files through a descriptor of its own on each share, and seals their handles.',
    remedy: 'Mount the volume into the broker’s container too, and name it with --share NAME=PATH.',
  },
  DEPUTY_E_BROKER_SOCKET: {
    what: 'the broker can not listen on {path}: {detail}',
    why: 'Its socket is a file, made below a directory that no symbolic link leads to.',
    remedy: 'Give an absolute path in a directory that the target’s user may write to.',
  },
  DEPUTY_E_BROKER_REFUSED: {
    what: 'the broker at {path} ended the connection: {detail}',
    why: 'It serves one target: by user, by cgroup, in the version of the protocol that both speak.',
    remedy: 'The detail says which of these it was; docs/reference/broker-protocol.md has the list.',
  },
  DEPUTY_E_BROKER_UNREACHABLE: {
    what: 'no answer of the broker at {path} within {waitedMs} ms: {detail}',
    why: 'Nobody listens there, or it ended and was not started again in time.',
    remedy: 'See whether the broker’s container runs; a request may be sent again.',
  },
  DEPUTY_E_BROKER_UNCERTAIN: {
    what: 'the broker at {path} ended before it answered an open with O_TRUNC',
    why: 'Whether the file was emptied is not known, and to repeat it could destroy what was written since.',
    remedy: 'Look at the file, then ask again.',
  },
} as const satisfies Record<string, ErrorEntry>;
