import { createRequire } from 'node:module';
import pino from 'pino';
import type pretty from 'pino-pretty';
import type { Logger } from '../../core/ports/logger.js';

/** Levels that --log-level takes; pino's own. */
export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** The command line's logger: JSON on stderr, or readable lines when stderr is a terminal. */
export function commandLineLogger(level: LogLevel): Logger {
  const options = { level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime };
  if (process.stderr.isTTY) {
    const colorize = process.env['NO_COLOR'] === undefined;
    // Loaded for those who see it only: a supervisor's first request may be waiting.
    const prettify = createRequire(import.meta.url)('pino-pretty') as typeof pretty;
    return pino(options, prettify({ destination: 2, sync: true, colorize, ignore: 'pid' })) as Logger;
  }
  return pino(options, pino.destination({ dest: 2, sync: true })) as Logger;
}
