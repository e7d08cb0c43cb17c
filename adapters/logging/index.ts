import { createRequire } from 'node:module';
import type { pino } from 'pino';
import type pretty from 'pino-pretty';
import type { Logger } from '../../core/ports/logger.js';
import { lazyLogger } from './lazy-logger.js';

// Loaded when they are used: while a supervisor starts, targets may be waiting for it.
const load = createRequire(import.meta.url);

/** Levels that --log-level takes; pino's own. */
export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** The command line's logger: JSON on stderr, or readable lines when stderr is a terminal. */
export function commandLineLogger(level: LogLevel): Logger {
  return lazyLogger(() => openLogger(level));
}

function openLogger(level: LogLevel): Logger {
  const make = load('pino') as typeof pino;
  const options = { level, base: { pid: process.pid }, timestamp: make.stdTimeFunctions.isoTime };
  if (!process.stderr.isTTY) return make(options, make.destination({ dest: 2, sync: true })) as Logger;
  const prettify = load('pino-pretty') as typeof pretty;
  const colorize = process.env['NO_COLOR'] === undefined;
  return make(options, prettify({ destination: 2, sync: true, colorize, ignore: 'pid' })) as Logger;
}
