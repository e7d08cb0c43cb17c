import type { ErrorEntry } from './entry.js';

/** Errors in the traces that the simulator writes and reads. */
export const traceErrors = {
  DEPUTY_E_TRACE_UNREADABLE: {
    what: 'the trace file {path} cannot be read: {detail}',
    why: 'The file is missing, not readable, larger than the limit, or not a regular file.',
    remedy: 'Check the path and its permissions.',
  },
  DEPUTY_E_TRACE_FOREIGN: {
    what: 'this is not a trace of deputy: {detail}',
    why: 'The first line of a trace is a header with `"format":"deputy-trace"`.',
    remedy: 'Give a file that `deputy-sim` wrote.',
  },
  DEPUTY_E_TRACE_VERSION: {
    what: 'the trace has format version {version}, this build reads version {known}',
    why: 'Another build wrote the trace, and what its lines say is not known here.',
    remedy: "Read it with the build that the header names, or run the header's seed and scenario again.",
  },
  DEPUTY_E_TRACE_CHAIN_BROKEN: {
    what: 'line {line} of the trace is not as it was written: its hash is {found}, it should be {expected}',
    why: 'A line was changed, lost, added or moved after the trace was written.',
    remedy: 'Take the original file, or run the seed and scenario of its header again.',
  },
  DEPUTY_E_TRACE_LINE_INVALID: {
    what: 'line {line} of the trace is not valid: {problems}',
    why: 'The line is not JSON, lacks a field, or stands out of order.',
    remedy: 'Take the original file; if deputy-sim wrote it like this, report a bug with the line.',
  },
  DEPUTY_E_TRACE_TRUNCATED: {
    what: 'the trace stops after line {line}, before its end line',
    why: 'The writer was killed, the disk was full, or the file was cut when it was copied.',
    remedy: 'Take the whole file, or run the seed and scenario of its header again.',
  },
  DEPUTY_E_TRACE_TOO_LARGE: {
    what: 'the trace is too large: {detail}',
    why: 'The number and the length of lines are bounded, so that no trace can use up memory.',
    remedy: 'Make the scenario smaller, or let it end sooner.',
  },
} as const satisfies Record<string, ErrorEntry>;
