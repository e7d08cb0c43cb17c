import { resolvePolicy } from '../../core/policy/match.js';
import type { Logger } from '../../core/ports/logger.js';
import type { RequestServer } from '../supervisor/request-server.js';
import { rehearseLoop } from './rehearse-loop.js';
import { rehearseTakeOver, type TakeOverRehearsal } from './rehearse-take-over.js';

/**
 * Has a standby do once what it will be there for. Throws when its loop doesn't serve. When targets wait for
 * this process by now (`hurried`), the rest is left out.
 */
export async function rehearse(
  server: RequestServer,
  options: Omit<TakeOverRehearsal, 'resolved'>,
  logger: Logger,
): Promise<void> {
  const resolved = resolvePolicy(options.policy, { containerId: 'rehearsal', metadata: '' });
  try {
    await rehearseTakeOver({ ...options, resolved });
  } catch (error) {
    logger.warn({ err: error }, 'the standby could not rehearse; its first requests take longer');
  }
  if (options.hurried.aborted) return;
  await rehearseLoop(server, resolved);
  // This loads the logger, whatever its level.
  logger.debug({ pid: process.pid }, 'the standby has rehearsed');
}
