import type { Environment } from './environment.js';
import { type NotifySocket, openNotifySocket } from './notify-socket.js';
import { watchdogIntervalMs } from './watchdog.js';

const EAGAIN = -11;
/** A start that isn't announced is taken for one that failed, so a full queue is tried again. */
const retryMs = 50;

/**
 * Says that the service is ready, and from then on, as long as this thread's event loop turns, that it is
 * alive. Its timers keep no process running. Undefined where no service manager wants to know.
 */
export function announceReady(
  status?: string,
  environment: Environment = process.env,
): NotifySocket | undefined {
  const notify = openNotifySocket(environment);
  if (notify === undefined) return undefined;
  const say = (): void => {
    if (notify.ready(status) === EAGAIN) setTimeout(say, retryMs).unref();
  };
  say();
  const intervalMs = watchdogIntervalMs(environment);
  if (intervalMs !== undefined) setInterval(() => notify.watchdog(), intervalMs).unref();
  return notify;
}
