import type { Logger, LogMethod } from '../../core/ports/logger.js';

/** A logger that is made when it has its first line to write: to load one takes longer than some can wait. */
export function lazyLogger(make: () => Logger): Logger {
  let made: Logger | undefined;
  const logger = (): Logger => {
    made ??= make();
    return made;
  };
  const method =
    (level: 'debug' | 'info' | 'warn' | 'error'): LogMethod =>
    (bindings, message) =>
      logger()[level](bindings, message);
  return {
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    child: (bindings) => lazyLogger(() => logger().child(bindings)),
  };
}
