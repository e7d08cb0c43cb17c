import type { Logger, LogMethod } from '../../core/ports/logger.js';
import { harmlessBindings, harmlessText } from './harmless.js';

/**
 * A logger that is made when it has its first line to write: to load one takes longer than some can wait.
 * Whatever it is given is made harmless first.
 */
export function lazyLogger(make: () => Logger): Logger {
  let made: Logger | undefined;
  const logger = (): Logger => {
    made ??= make();
    return made;
  };
  const method =
    (level: 'debug' | 'info' | 'warn' | 'error'): LogMethod =>
    (bindings, message) =>
      logger()[level](harmlessBindings(bindings), harmlessText(message));
  return {
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    child: (bindings) => lazyLogger(() => logger().child(harmlessBindings(bindings))),
  };
}
