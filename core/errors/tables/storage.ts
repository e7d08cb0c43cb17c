import type { ErrorEntry } from './entry.js';

/** Errors of the state directory, the journal and the event store. */
export const storageErrors = {
  DEPUTY_E_STATE_DIRECTORY_LOCKED: {
    what: 'the state directory {path} is locked by another process',
    why: 'There is one writer at a time, so that no two agents answer the same request.',
    remedy: 'Stop the other agent, use `--replace`, or choose another `--state`.',
  },
  DEPUTY_E_STATE_DIRECTORY_UNWRITABLE: {
    what: 'the state directory {path} cannot be written: {detail}',
    why: 'The folder belongs to someone else, is on a read-only file system, or the disk failed.',
    remedy: 'Check the owner, mode and file system of the folder.',
  },
  DEPUTY_E_STATE_DIRECTORY_MISSING: {
    what: 'there is no state directory at {path}',
    why: 'A command that reads the state found none.',
    remedy: 'Give the `--state` that the agent was started with.',
  },
  DEPUTY_E_JOURNAL_FORMAT_NEWER: {
    what: 'the journal {path} has format {found}; this version reads up to {supported}',
    why: 'A newer deputy wrote it.',
    remedy: 'Use the newer version, or another state directory.',
  },
  DEPUTY_E_JOURNAL_CORRUPT: {
    what: 'the journal {path} is corrupt at {offset}: {detail}',
    why: 'Bytes were changed, cut off or lost after they had been written.',
    remedy:
      'An agent works all the same. Run `deputy journal verify`; `deputy journal repair` when no agent runs.',
  },
  DEPUTY_E_JOURNAL_FULL: {
    what: 'the journal in {path} has reached its bound of {maximumBytes} bytes',
    why: 'What is published is kept for a while, what is not is never dropped, and both need room.',
    remedy:
      'Bring the event store back, or change `--journal-bytes` or `--journal-retention-ms`; requests wait.',
  },
  DEPUTY_E_DISK_FULL: {
    what: 'no space left for {path}',
    why: 'The file system or a quota is full.',
    remedy: 'Free some space; deputy goes on by itself.',
  },
  DEPUTY_E_STORE_CORRUPT: {
    what: 'the event store is corrupt at {path}:{line}: {detail}',
    why: 'A complete line that is not the last one does not match its checksum.',
    remedy: 'Move the segment file aside (its events stay readable up to that line) and start again.',
  },
  DEPUTY_E_STORE_VERSION_CONFLICT: {
    what: 'stream {streamId} is at version {actual}, expected {expected}',
    why: 'Something else appended to the stream, or events are missing in between.',
    remedy: 'Read the stream again and decide anew.',
  },
  DEPUTY_E_KEYS_DAMAGED: {
    what: 'the seal keys in {path} are damaged: {detail}',
    why: 'The file was changed or cut. No others are made for it: every handle given out would be stale.',
    remedy: 'Restore the file from a copy, or move it away to begin with new keys.',
  },
  DEPUTY_E_KEYS_UNREADABLE: {
    what: 'the seal keys in {path} cannot be read: {detail}',
    why: 'The file belongs to someone else, is no regular file of up to 1 MiB, or the disk failed.',
    remedy: 'Check the owner, mode and file system of the file.',
  },
  DEPUTY_E_LIMIT_REACHED: {
    what: 'the limit of {limit} {what} is reached',
    why: 'Everything in deputy is bounded, so that one target cannot use up what others need.',
    remedy: 'Wait until some end, or raise the limit where it can be set.',
  },
} as const satisfies Record<string, ErrorEntry>;
